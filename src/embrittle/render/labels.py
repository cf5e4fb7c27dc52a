"""The names of conditions and measures in tables and figures, and the decimals of measures."""

from collections.abc import Callable

import numpy as np

from embrittle.attacks.norms import MEAN_NORM_METRIC
from embrittle.vocabulary import CONDITION_LABELS

METRIC_LABELS = {MEAN_NORM_METRIC: "Perturbation norm"}

KNOWS = {
    "nothing": "nothing",
    "train": "training interactions",
    "lists": "the model's own lists",
    "test": "the test items",
    "model": "another model",
}
"""What an attacker knows (`product.knowledge_of`), in tables."""

EPSILON_LABELS = {
    "absolute": "ε, L2 norm of each row",
    "relative": "ε, relative to the rows",
}
"""The axis of epsilon, by the unit of the budget."""

MINUS = "\N{MINUS SIGN}"

DECIMALS = {"SE": 2, "ICov": 0}

DEFAULT_DECIMALS = 4


def format_value(value: float, metric: str, missing: str = "—") -> str:
    """A value with as many decimals as the paper prints for the metric; `missing` for NaN."""
    return missing if np.isnan(value) else f"{value:.{DECIMALS.get(metric, DEFAULT_DECIMALS)}f}"


def one_decimal(value: float) -> str:
    """A number with one decimal; no minus sign before a rounded zero."""
    return f"{value:z.1f}".replace("-", MINUS)


def in_brackets(low: float, high: float, write: Callable[[float], str] = one_decimal) -> str:
    """An interval in brackets, after a blank; nothing without one."""
    return "" if np.isnan(low) else f" [{write(low)}, {write(high)}]"


def condition_label(condition: str) -> str:
    """The name of a condition as the paper prints it; an attack that the paper does not have keeps its name."""
    return CONDITION_LABELS.get(condition, condition)
