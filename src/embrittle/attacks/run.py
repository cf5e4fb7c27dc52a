"""Running an attack on a model: ascent steps, the lists of the perturbed model, and the file of the perturbation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from typing import Any

import numpy as np

from embrittle.attacks.loss import Loss, Pair
from embrittle.attacks.losses import kind_of, module_of
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.norms import perturbation_norms, relative_norms
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.files import read_tensors, write_tensors
from embrittle.kernels.backend import Backend
from embrittle.kernels.ranking import lists_to_columns, top_items
from embrittle.row_norms import row_sizes


@dataclass(frozen=True)
class Perturbation:
    """Delta after some iterations of an attack, from which the same attack can continue.

    Attributes:
        iterations: number of steps taken.
        users, items: Delta, float32 (n_users, n_moved) and (n_items, n_moved), on the host (`loss.Loss`).
        history: the loss at each iterate, of attacks that return the best one; empty for others.
    """

    iterations: int
    users: np.ndarray
    items: np.ndarray
    history: tuple[float, ...] = ()

    @classmethod
    def read(cls, path: str | PathLike) -> Perturbation:
        """Read a file that `write` wrote; raise DataError if the file is damaged."""
        delta, metadata = read_tensors(path)
        history = tuple(metadata.get("history", ()))
        return cls(metadata["iterations"], delta["users"], delta["items"], history)

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
        """Write Delta, the number of iterations and, if there is one, the history as safetensors."""
        delta = {"users": self.users, "items": self.items}
        history = {"history": list(self.history)} if self.history else {}
        write_tensors(delta, path, {"iterations": self.iterations, **history})


def perturb(
    loss: Loss,
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
    if attack.run is not None:
        return attack.run(loss, epsilon=epsilon, iterations=iterations, seed=seed, **options)
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


@dataclass(frozen=True)
class Attacked:
    """A model under attack, with all that an attack may read.

    Attributes:
        backend: the device.
        factors: float32 user_factors (n_users, n_factors) and item_factors (n_items, n_factors), on the host.
        train: training positives.
        seen_items: items that are not listed: those of `train` and the validation items.
        seed: seed of the training. Negatives and random starts depend on it alone, so they are the same for all
            attacks on a model.
        k: length of the lists that are measured, K.
        loss: pairwise loss of the model, a key of `kernels.losses.LOSSES`.
        fixed: the number of last factors that the attack must not move.
        test: test items, for attacks that know them.
    """

    backend: Backend
    factors: tuple[np.ndarray, np.ndarray]
    train: UserItems
    seen_items: UserItems
    seed: int
    k: int = 10
    loss: str = "bpr"
    fixed: int = 0
    test: UserItems | None = None


def attack_model(
    attacked: Attacked,
    *,
    attack: dict[str, Any],
    epsilon: float,
    iterations: int,
    length: int,
    parent: Perturbation | None = None,
) -> tuple[Perturbation, dict[str, np.ndarray]]:
    """Perturb a model and compute the top-K lists of the perturbed model.

    Args:
        attacked: the model, its data and the device.
        attack: definition of the attack in the configuration: `method`, the options of method and loss and, unless
            they are the default, `budget`, `loss`, `knows` and `rows`.
        epsilon: the budget.
        iterations: number of steps, L.
        length: length of the lists.
        parent: as in `perturb`.

    Returns:
        Delta, and the lists as `ranking.lists_to_columns`.

    Raises:
        ConfigError: as in `perturb`.
        DataError: `length` exceeds the catalogue, a score is NaN, or a relative budget is zero as all rows are.
    """
    geometry = {"relative": attack.get("budget") == "relative", "rows": attack.get("rows", "both")}
    # By its name, so that the code of one loss concerns only the attacks that ascend it.
    loss = import_module(module_of(attack)).loss_of(attacked, attack, **geometry)
    apart = {"budget", "loss", "knows", "rows", *kind_of(attack).options}
    options = {key: value for key, value in attack.items() if key not in apart}
    settings = {"epsilon": epsilon, "iterations": iterations, "seed": attacked.seed}
    delta = perturb(loss, parent=parent, **settings, **options)
    backend = attacked.backend
    lists = top_items(backend, *loss.perturbed(delta), attacked.seen_items, length)
    moved = (backend.get(change) for change in delta)
    return Perturbation(iterations, *moved, tuple(loss.history)), lists_to_columns(*lists)
