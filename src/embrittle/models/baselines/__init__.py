"""The recommenders that the APR poster sets beside MF-BPR and AMF, found by their names in the configuration.

A baseline is a module of this package with a class `Model` (`Recommender` in `training.py`), and here a function that
loads it and an entry, which names the options that the configuration may set, with their defaults. Baselines are ranked
and measured like any model, but not attacked. Light: the configuration is checked against this whenever the Snakefile
is parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embrittle.models.baselines.training import Recommender


@dataclass(frozen=True)
class Baseline:
    """Where a baseline is, and what can be set.

    Attributes:
        load: gives its class, which is loaded by then only: torch takes seconds.
        options: names with defaults; where the default is a whole number, so is every value. `epochs` and
            `evaluate_every` are what the training loop looks at; without them nothing is trained.
    """

    load: Callable[[], type[Recommender]]
    options: dict[str, float] = field(default_factory=dict)


_FROM_ZERO = {"regularisation", "pretraining"}
_SHARES = {"corruption", "positive_share"}


def option_schema(option: str, default: float) -> dict[str, object]:
    """What the configuration may give an option, as JSON schema."""
    if option in _SHARES:
        return {"type": "number", "minimum": 0, "maximum": 0.99}
    kind = "integer" if isinstance(default, int) else "number"
    if option in _FROM_ZERO:
        return {"type": kind, "minimum": 0}
    return (
        {"type": kind, "minimum": 1} if kind == "integer" else {"type": kind, "exclusiveMinimum": 0}
    )


def _item_pop() -> type[Recommender]:
    from embrittle.models.baselines.item_pop import Model

    return Model


def _cdae() -> type[Recommender]:
    from embrittle.models.baselines.cdae import Model

    return Model


def _irgan() -> type[Recommender]:
    from embrittle.models.baselines.irgan import Model

    return Model


def _neumf() -> type[Recommender]:
    from embrittle.models.baselines.neumf import Model

    return Model


BASELINES: dict[str, Baseline] = {
    "ItemPop": Baseline(_item_pop),
    "CDAE": Baseline(  # Wu et al. 2016
        _cdae,
        {
            "epochs": 100,
            "evaluate_every": 5,
            "factors": 64,
            "batch_size": 128,
            "learning_rate": 0.05,
            "negatives": 5,
            "corruption": 0.2,
            "regularisation": 0.01,
        },
    ),
    "IRGAN": Baseline(  # Wang et al. 2017
        _irgan,
        {
            "epochs": 30,
            "evaluate_every": 1,
            "factors": 64,
            "batch_size": 64,
            "learning_rate": 0.001,
            "pretraining": 100,
            "discriminator_epochs": 10,
            "generator_epochs": 5,
            "temperature": 0.2,
            "positive_share": 0.2,
            "regularisation": 0.1,
        },
    ),
    "NeuMF": Baseline(  # He et al. 2017
        _neumf,
        {
            "epochs": 20,
            "evaluate_every": 2,
            "factors": 64,
            "batch_size": 1024,
            "learning_rate": 0.001,
            "negatives": 4,
            "pretraining": 20,
        },
    ),
}
