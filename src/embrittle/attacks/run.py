"""Running an attack on a model: ascent steps, the lists of the perturbed model, and the file of the perturbation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from embrittle.attacks.loss import Pair, PairwiseLoss
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.norms import perturbation_norms, relative_norms, row_sizes
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.files import read_tensors, write_tensors
from embrittle.kernels.backend import Backend
from embrittle.kernels.ranking import lists_to_columns, top_items


@dataclass(frozen=True)
class Perturbation:
    """Delta after some iterations of an attack, from which the same attack can continue.

    Attributes:
        iterations: number of steps taken.
        users, items: Delta, float32 (n_users, n_moved) and (n_items, n_moved), on the host (`loss.PairwiseLoss`).
    """

    iterations: int
    users: np.ndarray
    items: np.ndarray

    @classmethod
    def read(cls, path: str | PathLike) -> Perturbation:
        """Read a file that `write` wrote; raise DataError if the file is damaged."""
        delta, metadata = read_tensors(path)
        return cls(metadata["iterations"], delta["users"], delta["items"])

    def norms(self, model: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Return the statistics of `norms.perturbation_norms` and `norms.relative_norms`.

        Args:
            model: the factors that were perturbed, as in `attack_model`. The last ones, for which Delta has no column,
                do not count.
        """
        sizes = row_sizes(model["user_factors"], model["item_factors"], self.users.shape[1])
        delta = self.users, self.items
        return perturbation_norms(*delta) | relative_norms(*delta, sizes)

    def write(self, path: str | PathLike) -> None:
        """Write Delta and the number of iterations as safetensors."""
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
    """Run an attack.

    Args:
        loss: the loss to ascend; the attack may draw new negatives for it.
        method: key of `ATTACKS`.
        epsilon: the budget.
        iterations: total number of steps, L.
        seed: of the attack's random draws.
        parent: Delta of the same attack after fewer steps, from which to continue; None starts from the beginning.
        options: options of the method.

    Returns:
        Delta of users and of items, on the device.

    Raises:
        ConfigError: the method is unknown, a single-step attack is given another number of iterations than 1, or the
            parent has as many iterations already.
    """
    if method not in ATTACKS:
        raise ConfigError(f"Unknown attack method {method!r}. Valid methods: {', '.join(ATTACKS)}.")
    attack = ATTACKS[method]
    if attack.single_step and iterations != 1:
        raise ConfigError(
            f"The attack {method} takes a single step, but {iterations} iterations are configured. Set its "
            "iterations to 1."
        )
    taken, delta = 0, None
    if parent is not None:
        taken = parent.iterations
        delta = loss.backend.put(parent.users), loss.backend.put(parent.items)
    if taken >= iterations:
        raise ConfigError(
            f"The attack {method} has no step left to take: {iterations} iterations were requested, and {taken} have "
            "been taken already."
        )
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
    fixed: int = 0,
    parent: Perturbation | None = None,
) -> tuple[Perturbation, dict[str, np.ndarray]]:
    """Perturb a model and compute the top-K lists of the perturbed model.

    Args:
        backend: the device.
        model: "user_factors" and "item_factors", float32 (n_users, n_factors) and (n_items, n_factors).
        train: training positives, whose loss the attack ascends.
        seen_items: items that are not listed: the items of `train` and the validation items.
        attack: definition of the attack in the configuration: `method`, its options and, unless they are the default,
            `budget` and `loss`.
        epsilon: the budget.
        iterations: number of steps, L.
        seed: seed of the training. Negatives and random starts depend on it alone, so they are the same for all
            attacks on a model.
        length: length of the lists, K.
        loss: loss of the model, a key of `losses.LOSSES`.
        fixed: the number of last factors that the attack must not move.
        parent: as in `perturb`.

    Returns:
        Delta, and the lists as `ranking.lists_to_columns`.

    Raises:
        ConfigError: as in `perturb`.
        DataError: `length` exceeds the catalogue, a score is NaN, or a relative budget is zero as all rows are.
    """
    factors = model["user_factors"], model["item_factors"]
    objective = PairwiseLoss(
        backend, factors, train, seed, loss, fixed,
        relative=attack.get("budget") == "relative",
        standardised=attack.get("loss") == "standardised",
    )  # fmt: skip
    settings = {"epsilon": epsilon, "iterations": iterations, "seed": seed, "parent": parent}
    options = {key: value for key, value in attack.items() if key not in ("budget", "loss")}
    delta = perturb(objective, **settings, **options)
    lists = top_items(backend, *objective.perturbed(delta), seen_items, length)
    return Perturbation(iterations, *map(backend.get, delta)), lists_to_columns(*lists)
