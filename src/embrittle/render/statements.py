"""Whether a statement holds, from intervals alone.

Every case of a statement is decided by itself: *for* if the whole interval is on the stated side of 0, *against* if all
of it is on the other, else *open*. The statement then

- "holds" if every case is for it;
- "does not hold" if a case is against it and none is for it;
- is "mixed" if there are cases for and against;
- else "cannot be told".
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

HOLDS, DOES_NOT_HOLD, MIXED, CANNOT_BE_TOLD = "holds", "does not hold", "mixed", "cannot be told"
FOR, AGAINST, OPEN = "for", "against", "open"
MOST_NAMED = 4  # more cases than this are counted, not named


class Case(NamedTuple):
    """One thing that speaks for or against a statement, and its name."""

    name: str
    side: str


def side(low: float, high: float, sign: int) -> str:
    """Where an interval lies; one that is not there lies nowhere."""
    if low > 0 or high < 0:
        return FOR if (low > 0) == (sign > 0) else AGAINST
    return OPEN


def judge(
    cases: Sequence[Case], without_cases: str = "there is nothing to decide it by"
) -> dict[str, Any]:
    """Apply the rules of the module's description.

    Returns:
        verdict, evidence (words), and how many cases are on which side: n_for, n_against, n_open.
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


def _evidence(cases: Sequence[Case], count: Counter) -> str:
    """How many cases are on which side, and which, where these are few."""
    parts = [f"{count[where]} {where} it{_named(cases, where)}" for where in (FOR, AGAINST)]
    if count[OPEN]:
        parts.append(f"{count[OPEN]} open")
    return f"of {len(cases)} cases " + "; ".join(parts)


def _named(cases: Sequence[Case], where: str) -> str:
    names = [case.name for case in cases if case.side == where]
    return f": {', '.join(names)}" if 0 < len(names) <= min(MOST_NAMED, len(cases) - 1) else ""
