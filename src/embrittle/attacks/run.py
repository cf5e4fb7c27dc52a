"""Running an attack on a model: its steps, the lists of the perturbed model, and the file of the perturbation."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from embrittle.attacks.loss import Pair, PairwiseLoss
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.norms import perturbation_norms
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.files import read_tensors, write_tensors
from embrittle.kernels.backend import Backend
from embrittle.kernels.ranking import lists_to_columns, top_items


@dataclass(frozen=True)
class Perturbation:
    """Delta after some iterations of an attack: all that the same attack needs to continue.

    Attributes:
        iterations: the number of steps taken.
        users, items: Delta, float32 (n_users, n_factors) and (n_items, n_factors).
    """

    iterations: int
    users: np.ndarray
    items: np.ndarray

    @classmethod
    def read(cls, path: str | PathLike) -> Perturbation:
        """Read a file that `write` has written; DataError if it is damaged."""
        delta, metadata = read_tensors(path)
        return cls(metadata["iterations"], delta["users"], delta["items"])

    def norms(self) -> dict[str, float]:
        """Return how long the rows of Delta are (`norms.perturbation_norms`)."""
        return perturbation_norms(self.users, self.items)

    def write(self, path: str | PathLike) -> None:
        """Write as safetensors, to the last bit."""
        delta = {"users": self.users, "items": self.items}
        write_tensors(delta, path, {"iterations": self.iterations})


def perturb(
    loss: PairwiseLoss,
    method: str,
    *,
    epsilon: float,
    iterations: int,
    seed: int,
    parent: Perturbation | None = None,
    **options: float | str,
) -> Pair:
    """Run the attack named `method`.

    Args:
        loss: the loss to ascend. Its negatives may have changed afterwards.
        method: key of `ATTACKS`.
        epsilon: the budget.
        iterations: number of steps, L.
        seed: fixes what the attack draws.
        parent: what the same attack has reached after fewer steps, to continue from; None starts from the beginning.
        options: of the method.

    Returns:
        Delta of users and of items, on the device.

    Raises:
        ConfigError: no such attack, more than one iteration of a single-step attack, or no step left to take.
    """
    if method not in ATTACKS:
        raise ConfigError(f"There is no attack method {method!r}; known: {', '.join(ATTACKS)}.")
    attack = ATTACKS[method]
    if attack.single_step and iterations != 1:
        raise ConfigError(f"{method} is a single step; {iterations} iterations were asked for.")
    taken, delta = 0, None
    if parent is not None:
        taken = parent.iterations
        delta = loss.backend.put(parent.users), loss.backend.put(parent.items)
    if taken >= iterations:
        raise ConfigError(f"{iterations} iterations were asked for, and {taken} have been taken.")
    for iteration in range(taken, iterations):
        delta = attack.step(loss, delta, iteration, epsilon=epsilon, seed=seed, **options)
    return delta


def attack_model(
    backend: Backend,
    model: dict[str, np.ndarray],
    train: UserItems,
    seen_items: UserItems,
    *,
    attack: dict[str, Any],
    epsilon: float,
    iterations: int,
    seed: int,
    length: int,
    loss: str = "bpr",
    parent: Perturbation | None = None,
) -> tuple[Perturbation, dict[str, np.ndarray]]:
    """Perturb a model and list its items.

    Args:
        backend: the device.
        model: float32 "user_factors" and "item_factors".
        train: training positives, whose loss is ascended.
        seen_items: items to leave out of the lists: those of `train`, and of validation.
        attack: the definition from the configuration: `method` and its options.
        epsilon: the budget.
        iterations: the number of steps, L.
        seed: the training's; fixes negatives and start, so that all attacks on a model have the same ones.
        length: K.
        loss: the model's, a key of `losses.LOSSES`.
        parent: as in `perturb`.

    Returns:
        Delta, and the lists as `ranking.lists_to_columns`.

    Raises:
        ConfigError: as `perturb`.
    """
    factors = model["user_factors"], model["item_factors"]
    around = PairwiseLoss(backend, factors, train, seed, loss)
    settings = {"epsilon": epsilon, "iterations": iterations, "seed": seed, "parent": parent}
    delta = perturb(around, **settings, **attack)
    lists = top_items(backend, *around.perturbed(delta), seen_items, length)
    return Perturbation(iterations, *map(backend.get, delta)), lists_to_columns(*lists)
