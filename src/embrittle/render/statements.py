"""The verdict on a statement, from confidence intervals alone.

Each case of a statement is decided separately: *for* if the whole interval is on the stated side of 0, *against* if the
whole interval is on the other side, else *open*. The verdict is

- "holds" if every case is for the statement;
- "does not hold" if at least one case is against and none is for it;
- "mixed" if there are cases for and against;
- "cannot be told" otherwise.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

HOLDS, DOES_NOT_HOLD, MIXED, CANNOT_BE_TOLD = "holds", "does not hold", "mixed", "cannot be told"
FOR, AGAINST, OPEN = "for", "against", "open"
MOST_NAMED = 4  # if more cases are on one side, the evidence only counts them


class Case(NamedTuple):
    """A case of a statement: its name, and its side ("for", "against" or "open")."""

    name: str
    side: str


def side(low: float, high: float, sign: int) -> str:
    """Return the side of an interval, for a statement that the value has the sign `sign`; NaN limits give "open"."""
    if low > 0 or high < 0:
        return FOR if (low > 0) == (sign > 0) else AGAINST
    return OPEN


def judge(cases: Sequence[Case], without_cases: str = "there is no case to test") -> dict[str, Any]:
    """Judge a statement by the rules in the module's docstring.

    Args:
        cases: all cases of the statement.
        without_cases: the evidence if there are none.

    Returns:
        verdict, evidence (a text), and the number of cases on each side: n_for, n_against, n_open.
    """
    count = Counter(case.side for case in cases)
    if count[FOR] and count[FOR] == len(cases):
        decision = HOLDS
    elif count[AGAINST]:
        decision = MIXED if count[FOR] else DOES_NOT_HOLD
    else:
        decision = CANNOT_BE_TOLD
    return {
        "verdict": decision,
        "evidence": _evidence(cases, count) if cases else without_cases,
        "n_for": count[FOR],
        "n_against": count[AGAINST],
        "n_open": count[OPEN],
    }


def unadjusted(statements: pd.DataFrame) -> str:
    """Return the sentence on how many cases chance decides; `statements` has the columns of `judge`."""
    number = statements[["n_for", "n_against", "n_open"]].to_numpy().sum()
    return (
        f"The intervals are not adjusted for their number ({number} cases): where nothing has an effect, one in twenty "
        f"excludes 0, so chance alone decides {0.05 * number:.2g} cases, half of them for the statement."
    )


def _evidence(cases: Sequence[Case], count: Counter) -> str:
    """The number of cases on each side, with their names if they are few."""
    parts = [f"{count[where]} {where} it{_named(cases, where)}" for where in (FOR, AGAINST)]
    if count[OPEN]:
        parts.append(f"{count[OPEN]} open")
    return f"of {len(cases)} cases " + "; ".join(parts)


def _named(cases: Sequence[Case], where: str) -> str:
    names = [case.name for case in cases if case.side == where]
    return f": {', '.join(names)}" if 0 < len(names) <= min(MOST_NAMED, len(cases) - 1) else ""
