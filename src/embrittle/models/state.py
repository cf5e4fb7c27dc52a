"""The state of a training, in memory and on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from embrittle.files import read_tensors, write_parquet, write_tensors
from embrittle.kernels.backend import Factors
from embrittle.row_norms import STATISTICS


@dataclass
class TrainedState:
    """The state of a training after an epoch, and the epoch selected so far.

    Attributes:
        model: name of the model, a key of `models.registry.MODELS`.
        seed: seed of the training.
        epoch: number of the last epoch.
        factors: the parameters and the state of the optimiser at `epoch`, from which training can continue: a
            dataclass of NumPy arrays. Matrix factorisation has `Factors`, other models a dataclass of their own.
        selected: float32 user and item factors of the selected epoch; None until an epoch is selected.
        selected_epoch: the selected epoch; None until an epoch is selected.
        selected_score: value of the criterion at the selected epoch; None with selection "last".
        last: float32 user and item factors of the last epoch; None before the end of the training.
        curve: one row for each epoch, with the columns of `EpochSelection.row`: epoch, loss (mean of a triple, without
            the adversarial term), HR and nDCG on the test items, and the score that selects, and with
            `row_norms.STATISTICS` (NaN for epochs without evaluation). It has no times, so that the same training
            writes the same bytes.
    """

    model: str
    seed: int
    epoch: int
    factors: Any
    selected: tuple[np.ndarray, np.ndarray] | None = None
    selected_epoch: int | None = None
    selected_score: float | None = None
    last: tuple[np.ndarray, np.ndarray] | None = None
    curve: list[dict[str, float]] = field(default_factory=list)

    def about(self) -> dict[str, Any]:
        """Return model, seed, selected_epoch and selected_score, the metadata of the model file."""
        names = ("model", "seed", "selected_epoch", "selected_score")
        return {name: getattr(self, name) for name in names}

    def write(
        self,
        state: str | PathLike,
        best: str | PathLike,
        last: str | PathLike,
        curve: str | PathLike,
    ) -> None:
        """Write the results of a training.

        Args:
            state: path of the state from which training can continue (safetensors).
            best: path of the factors of the selected epoch, "user_factors" and "item_factors" (safetensors).
            last: path of the factors of the last epoch, in the same form, so that either epoch can be attacked.
            curve: path of the curve (Parquet).
        """
        self.write_state(state)
        ended = {**self.about(), "selected_epoch": self.epoch, "selected_score": None}
        for path, factors, about in ((best, self.selected, self.about()), (last, self.last, ended)):
            write_tensors(
                dict(zip(("user_factors", "item_factors"), factors, strict=True)), path, about
            )
        write_parquet({name: [row[name] for row in self.curve] for name in self._columns()}, curve)

    def _columns(self) -> list[str]:
        """Return the columns of the curve in the order of `EpochSelection.row`, which a state read from disk loses."""
        place = {
            "epoch": 0,
            "loss": 1,
            "selection": 3,
            **{name: 4 + n for n, name in enumerate(STATISTICS)},
        }
        return sorted(self.curve[0], key=lambda name: (place.get(name, 2), name))

    def write_state(self, path: str | PathLike, **more: Any) -> None:
        """Write the state from which training can continue; `more` (JSON values) is added to the header."""
        tensors = dict(vars(self.factors))
        if self.selected:
            tensors["selected_users"], tensors["selected_items"] = self.selected
        write_tensors(
            tensors, path, {**self.about(), "epoch": self.epoch, "curve": self.curve, **more}
        )


def read_state(path: str | PathLike) -> TrainedState:
    """Read a state of matrix factorisation that `write_state` wrote; raise DataError if the file is damaged."""
    tensors, about = read_tensors(path)
    return state_of(tensors, about, Factors)


def state_of(tensors: dict[str, np.ndarray], about: dict[str, Any], kind: type) -> TrainedState:
    """Return the state from the arrays and the header of its file; `kind` is the type of its `factors`."""
    selected = tensors.pop("selected_users", None), tensors.pop("selected_items", None)
    return TrainedState(
        factors=kind(**tensors), selected=None if selected[0] is None else selected, **about
    )
