"""The losses that attacks ascend (docs/method.md, "Perturbations"). Light: imported whenever the Snakefile is parsed.

The configuration selects a loss by `loss`. The module of a loss in this package has a function `loss_of`, which takes
a `run.Attacked` and the definition of an attack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LossKind:
    """A loss that attacks can ascend.

    Attributes:
        module: the module of this package with its `loss_of`.
        knows: what the attacker may know: training interactions ("train"), the model's own lists ("lists"), the test
            items ("test"); the first is the default.
        options: key of the definition of an attack -> default.
    """

    module: str
    knows: tuple[str, ...]
    options: Mapping[str, float]


_RANKING = ("lists", "test")
LOSSES: dict[str, LossKind] = {
    "pairwise": LossKind("pairwise", ("train",), {}),
    "standardised": LossKind("pairwise", ("train",), {}),
    "lists": LossKind("ranking", _RANKING, {"temperature": 0.5}),
    "smooth-rank": LossKind("ranking", _RANKING, {"temperature": 0.05}),
    "margin": LossKind("ranking", _RANKING, {"enough": 0.4}),
}
DEFAULT = "pairwise"


def kind_of(definition: Mapping[str, Any]) -> LossKind:
    """Return the loss of an attack, from its definition in the configuration."""
    return LOSSES[definition.get("loss", DEFAULT)]


def knows(definition: Mapping[str, Any]) -> str:
    """Return what the attacker knows, from the definition of an attack: "train", "lists" or "test"."""
    return definition.get("knows", kind_of(definition).knows[0])


def module_of(definition: Mapping[str, Any]) -> str:
    """Return the module of an attack's loss."""
    return f"{__name__}.{kind_of(definition).module}"
