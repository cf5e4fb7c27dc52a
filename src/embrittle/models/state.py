"""The state of a training, in memory and on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from embrittle.files import read_tensors, write_parquet, write_tensors
from embrittle.kernels.backend import Factors


@dataclass
class TrainedState:
    """A model at some epoch, and the epoch selected so far.

    Attributes:
        factors: NumPy arrays at `epoch`, from which training can go on.
        selected: user and item factors of the selected epoch, float32.
        selected_epoch: that epoch; None as long as none was judged.
        selected_score: the criterion on the data that selects; None with selection "last".
        curve: one row an epoch, with the columns of `EpochSelection.row`: epoch, loss (mean over triples, clean), HR
            and nDCG on the test items and the score that selects (NaN where not evaluated). No times: the same training
            writes the same bytes.
    """

    model: str
    seed: int
    epoch: int
    factors: Factors
    selected: tuple[np.ndarray, np.ndarray] | None = None
    selected_epoch: int | None = None
    selected_score: float | None = None
    curve: list[dict[str, float]] = field(default_factory=list)

    def about(self) -> dict[str, Any]:
        """What was trained and selected."""
        names = ("model", "seed", "selected_epoch", "selected_score")
        return {name: getattr(self, name) for name in names}

    def write(self, state: str | PathLike, model: str | PathLike, curve: str | PathLike) -> None:
        """Write the state to go on from, the selected factors, and the curve."""
        self.write_state(state)
        users, items = self.selected
        write_tensors({"user_factors": users, "item_factors": items}, model, self.about())
        write_parquet({name: [row[name] for row in self.curve] for name in self._columns()}, curve)

    def _columns(self) -> list[str]:
        """Columns of the curve in the order of `EpochSelection.row`: a state that was read has them in another."""
        place = {"epoch": 0, "loss": 1, "selection": 3}
        return sorted(self.curve[0], key=lambda name: (place.get(name, 2), name))

    def write_state(self, path: str | PathLike, **more: Any) -> None:
        """Write what is needed to go on; `more` (JSON values) goes into the header."""
        tensors = dict(vars(self.factors))
        if self.selected:
            tensors["selected_users"], tensors["selected_items"] = self.selected
        write_tensors(
            tensors, path, {**self.about(), "epoch": self.epoch, "curve": self.curve, **more}
        )


def read_state(path: str | PathLike) -> TrainedState:
    """Read a state as written by `TrainedState.write_state`."""
    tensors, about = read_tensors(path)
    return state_of(tensors, about)


def state_of(tensors: dict[str, np.ndarray], about: dict[str, Any]) -> TrainedState:
    """Put a state together from the arrays and the header of its file."""
    selected = tensors.pop("selected_users", None), tensors.pop("selected_items", None)
    return TrainedState(
        factors=Factors(**tensors), selected=None if selected[0] is None else selected, **about
    )
