"""Verdicts: the tests of all claims, applied to the results of a study.

A claim of several cases would find one that is for it by chance: of 20 cases without any effect, one or two have a
p-value below 0.05. So the p-values of all cases of a claim are corrected together (Holm), as one family on all of the
papers' data sets of the study, and on each other data set as a family of its own. A case is for or against the claim if
its corrected p-value is below 0.05. No correction is needed where every case alone is for the claim: a claim about all
cases at once needs all of these tests to succeed, which chance makes less likely with every case, not more.

The paired tests over users, which decide the cases of a single seed, are one family over all claims.

The verdict of a claim on one data set follows from all of its cases (`decisions`):

- every case is for the claim: reproduced;
- some cases are for the claim: partly reproduced;
- no case is for the claim, and some are against: not reproduced;
- no case is decided: cannot be told (with these seeds);
- no case could be computed: not run.

The overall verdict of a claim is based on the data sets that the claim is about, if they were run with the claim's list
length and if the products whose numbers the claim is about have the papers' settings (`Product.deviations`). On other
data sets the same test is applied, but its verdict is reported separately and is no reproduction. If a figure is
printed for one data set and means nothing on others (`Claim.transfers`), ours is shown there without a verdict.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np
import pandas as pd

from embrittle.files import read_csv
from embrittle.stats import holm
from embrittle.verdict.decisions import AGAINST, FOR, LEVEL, MISSING, OPEN, TESTS, Case, Setting
from embrittle.verdict.register import Claim
from embrittle.verdict.sources import Published, StudyResults

REPRODUCED = "reproduced"
PARTLY = "partly reproduced"
NOT_REPRODUCED = "not reproduced"
CANNOT_BE_TOLD = "cannot be told"
NOT_RUN = "not run"
VERDICTS = (REPRODUCED, PARTLY, NOT_REPRODUCED, CANNOT_BE_TOLD, NOT_RUN)
SHOWN = "shown"
"""In place of a verdict, for data sets on which the claim's figure means nothing."""

ALL_DATA = ""
"""The data set in the rows of `claims_table` with the overall verdict of a claim."""
CLAIM_COLUMNS = [
    "claim", "papers", "dataset", "papers_data", "verdict", "case", "ours", "low", "high", "published", "unit",
    "n_seeds", "n_for", "n_against", "n_open", "n_missing", "for_by_chance", "published_for", "published_against",
    "not_run_on", "under",
]  # fmt: skip
CASE_COLUMNS = [
    "claim", "dataset", "papers_data", "case", "side", "ours", "low", "high", "unit", "published", "published_side",
    "n_seeds", "p", "p_holm", "p_users", "p_users_holm", "decided_by", "text",
]  # fmt: skip
_TEXT = (
    "papers", "dataset", "case", "unit", "not_run_on", "under", "published_side", "decided_by", "text",
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A claim, tested on one data set.

    Attributes:
        claim: the claim.
        dataset: a data set of the study.
        papers_data: whether the claim is about this data set, and the study is comparable with the paper's.
        cases: the cases of the claim's test.
        under: the values of the settings that the verdict depends on (`Claim.hangs_on`), as text.
    """

    claim: Claim
    dataset: str
    papers_data: bool
    cases: tuple[Case, ...]
    under: str = ""

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`, or `SHOWN`."""
        found = decide(self.cases)
        if found != NOT_RUN and not self.papers_data and not self.claim.transfers:
            return SHOWN
        return found


def decide(cases: Iterable[Case]) -> str:
    """Return the verdict that follows from all cases, one of `VERDICTS`."""
    count = Counter(case.side for case in cases)
    if not count[FOR] + count[AGAINST] + count[OPEN]:
        return NOT_RUN
    if count[FOR]:
        return REPRODUCED if count[FOR] == count.total() else PARTLY
    return NOT_REPRODUCED if count[AGAINST] else CANNOT_BE_TOLD


def judge(
    claims: Sequence[Claim], study_at: Callable[[int], StudyResults], published: Published
) -> list[Judged]:
    """Apply the test of every claim to every data set of the study.

    Args:
        claims: claims of the register.
        study_at: function from the length of the lists to the study's results at this length.
        published: the papers' own figures.

    Returns:
        One result for each claim and data set, in their order, after the corrections (see the module).
    """
    found = []
    for claim in claims:
        lengths = study_at(claim.k).configuration["evaluation"]["k"]
        k = claim.k if claim.k in lengths else lengths[0]
        study = study_at(k)
        comparable = k == claim.k and claim.products <= set(study.comparable)
        for dataset in study.configuration["datasets"]:
            own = dataset in claim.datasets and comparable
            theirs = published if comparable else Published({})
            setting = Setting(study, theirs, dataset, claim.figures if own else ())
            cases = TESTS[claim.test](setting, **claim.parameters)
            under = ", ".join(f"{key}: {study.setting(key)}" for key in claim.hangs_on)
            found.append(Judged(claim, dataset, own, tuple(cases), under))
    return _decided_by_users(_decided(found))


def _decided(judged: Sequence[Judged]) -> list[Judged]:
    """Correct the p-values of each family of cases, and decide the cases by them."""
    families: dict[tuple[str, str], list[Case]] = {}
    for one in judged:
        families.setdefault(_family(one), []).extend(one.cases)
    decided = {name: iter(_decided_together(cases)) for name, cases in families.items()}
    return [
        replace(one, cases=tuple(next(decided[_family(one)]) for _ in one.cases)) for one in judged
    ]


def _family(one: Judged) -> tuple[str, str]:
    return one.claim.name, ALL_DATA if one.papers_data else one.dataset


def _decided_together(cases: Sequence[Case]) -> list[Case]:
    corrected = [
        replace(case, p_holm=float(p))
        for case, p in zip(cases, holm([case.p for case in cases]), strict=True)
    ]
    if all(case.side == FOR for case in cases):
        return corrected
    return [case.decided(case.p_holm) for case in corrected]


def _decided_by_users(judged: Sequence[Judged]) -> list[Judged]:
    p = iter(holm([case.p_users for one in judged for case in one.cases]))
    return [
        replace(one, cases=tuple(case.decided_by_users(float(next(p))) for case in one.cases))
        for one in judged
    ]


def claims_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """Return the table of verdicts: for each claim a row with the overall verdict, then one for each data set.

    Returns:
        The columns `CLAIM_COLUMNS`; dataset is `ALL_DATA` for the overall verdict. The column case names the case that
        supports the claim least, and ours, low, high and published are its figures. n_seeds is the smallest number of
        seeds of any case. under is `Judged.under`. for_by_chance is the number of cases that would be for the claim by
        chance, if nothing had an effect and no p-value were corrected: 2.5 % of the cases that have a test.
    """
    by_claim: dict[str, list[Judged]] = {}
    for one in judged:
        by_claim.setdefault(one.claim.name, []).append(one)
    rows = []
    for of_claim in by_claim.values():
        claim = of_claim[0].claim
        run = [one for one in of_claim if one.papers_data and one.verdict != NOT_RUN]
        not_run = [name for name in claim.datasets if name not in {one.dataset for one in run}]
        cases = [case for one in run for case in one.cases]
        whole = {"dataset": ALL_DATA, "papers_data": True, "verdict": decide(cases)}
        under = {"under": of_claim[0].under}
        rows.append({**whole, **_summary(claim, cases), **under, "not_run_on": " ".join(not_run)})
        for one in of_claim:
            here = {name: getattr(one, name) for name in ("dataset", "papers_data", "verdict")}
            rows.append({**here, **_summary(claim, one.cases), **under, "not_run_on": ""})
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS)


def _summary(claim: Claim, cases: Sequence[Case]) -> dict[str, object]:
    ours = Counter(case.side for case in cases)
    theirs = Counter(case.published_side for case in cases)
    computed = [case for case in cases if not np.isnan(case.ours)]
    weakest = min(computed, key=_support, default=Case("", MISSING))
    figures = ("ours", "low", "high", "published", "unit")
    return {
        "claim": claim.name,
        "papers": " ".join(claim.papers),
        "case": weakest.name,
        **{name: getattr(weakest, name) for name in figures},
        "n_seeds": min((case.n_seeds for case in computed), default=0),
        **{f"n_{side}": ours[side] for side in (FOR, AGAINST, OPEN, MISSING)},
        "for_by_chance": LEVEL / 2 * sum(case.can_be_decided for case in cases),
        **{f"published_{side}": theirs[side] for side in (FOR, AGAINST)},
    }


def _support(case: Case) -> tuple[int, float]:
    """Return a sort key by which the case that supports the claim least comes first."""
    margin = case.region.margin(case.ours) if case.region else 0.0
    order = (AGAINST, OPEN, FOR, MISSING)
    return order.index(case.side), np.inf if np.isnan(margin) else margin


def cases_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """Return the table of cases: a row for each case, with the columns `CASE_COLUMNS`."""
    rows = []
    for one in judged:
        for case in one.cases:
            side = case.side if one.verdict != SHOWN or case.side == MISSING else SHOWN
            figures = [getattr(case, name) for name in CASE_COLUMNS[5:]]
            rows.append((one.claim.name, one.dataset, one.papers_data, case.name, side, *figures))
    return pd.DataFrame(rows, columns=CASE_COLUMNS)


def read_table(path: str | PathLike) -> pd.DataFrame:
    """Read a CSV file of `claims_table` or `cases_table`; empty text stays text instead of NaN."""
    table = read_csv(path, text=_TEXT)
    empty = {name: table[name].astype(object).fillna("") for name in _TEXT if name in table}
    return table.assign(**empty)
