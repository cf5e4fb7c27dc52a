"""How figures and verdicts are written on the page."""

import numpy as np

from embrittle.verdict.decisions import ITERATIONS, KEPT, PERCENT, POINTS, TIMES
from embrittle.verdict.judge import (
    CANNOT_BE_TOLD,
    NOT_REPRODUCED,
    NOT_RUN,
    PARTLY,
    REPRODUCED,
    SHOWN,
)

ELSEWHERE = {
    REPRODUCED: "holds",
    PARTLY: "holds in part",
    NOT_REPRODUCED: "does not hold",
    CANNOT_BE_TOLD: CANNOT_BE_TOLD,
    NOT_RUN: NOT_RUN,
    SHOWN: "shown only",
}
"""What a verdict is called on data that a claim is not made about: there is nothing to reproduce."""
SIGNS = {
    REPRODUCED: "✓",
    PARTLY: "◐",
    NOT_REPRODUCED: "✗",
    CANNOT_BE_TOLD: "?",
    NOT_RUN: "–",
    SHOWN: "·",
}


def slug(words: str) -> str:
    """A verdict as a name in the page's styles."""
    return words.replace(" ", "-")


def figure(value: float, unit: str) -> str:
    """A figure with its unit; "" for NaN."""
    if np.isnan(value):
        return ""
    forms = {
        PERCENT: "{:+.1f} %",
        KEPT: "{:.1f} % kept",
        POINTS: "{:+.1f} points",
        TIMES: "{:.2f} times",
        ITERATIONS: "{:.0f} iterations",
    }
    if unit in forms:
        return _signs(forms[unit].format(value))
    return _signs(f"{_significant(value)} {unit}".strip())


def interval(low: float, high: float, unit: str) -> str:
    """An interval in brackets, without the unit; "" where there is none."""
    if np.isnan(low) or np.isnan(high):
        return ""
    form = {PERCENT: "{:+.1f}", KEPT: "{:.1f}", POINTS: "{:+.1f}", TIMES: "{:.2f}"}.get(unit)
    texts = [form.format(end) if form else _significant(end) for end in (low, high)]
    return _signs(f"[{texts[0]}, {texts[1]}]")


def p_value(p: float) -> str:
    """A p, "" where there is none."""
    if np.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def seeds(number: int) -> str:
    """What the number of seeds allows to say."""
    if number < 1:
        return ""
    return "one seed, no interval" if number == 1 else f"{number} seeds"


def _significant(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _signs(text: str) -> str:
    """With a minus sign and the sign of infinity."""
    return text.replace("-", "−").replace("inf", "∞")
