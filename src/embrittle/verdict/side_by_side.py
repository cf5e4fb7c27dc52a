"""Comparison of the verdicts of several studies: does a verdict depend on the settings of the study?

Studies are compared by verdicts on the same claim and data set, and by the cases of these verdicts. A changed verdict
may mean little, for example that an interval now includes the limit. A case that is for the claim in one study and
against the claim in another is a contradiction.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from embrittle.verdict.decisions import AGAINST, FOR
from embrittle.verdict.judge import ALL_DATA, NOT_RUN, SHOWN

_CASE = ["claim", "dataset", "case"]
# Settings that cannot change a verdict: name, source of the data, plots, and the like.
_NEUTRAL_SETTINGS = ("study", "verdict", "mirror", "plots", "device", "missing")


@dataclass(frozen=True)
class Row:
    """A claim on one data set with a verdict in at least two studies.

    Attributes:
        claim, dataset: claim and data set.
        judged: study -> the study's row of `judge.claims_table`; studies without a verdict are left out.
        opposed: names of cases that are for the claim in one study and against it in another.
    """

    claim: str
    dataset: str
    judged: Mapping[str, pd.Series]
    opposed: Sequence[str]

    @property
    def changes(self) -> bool:
        """Whether the verdicts differ."""
        return len({row["verdict"] for row in self.judged.values()}) > 1


def side_by_side(
    claims: Mapping[str, pd.DataFrame], cases: Mapping[str, pd.DataFrame]
) -> list[Row]:
    """Compare the verdicts of several studies on the same claim and data set.

    Args:
        claims: study -> its `judge.claims_table`.
        cases: study -> its `judge.cases_table`.

    Returns:
        One row for each claim and data set with a verdict in at least two studies, in the order of the first study's
        claims.
    """
    judged: dict[tuple[str, str], dict[str, pd.Series]] = {}
    for study, table in claims.items():
        has_verdict = ~table["verdict"].isin([NOT_RUN, SHOWN]) & (table["dataset"] != ALL_DATA)
        for _, row in table[has_verdict].iterrows():
            judged.setdefault((row["claim"], row["dataset"]), {})[study] = row
    opposed = _opposed(cases.values())
    return [Row(*key, rows, opposed.get(key, [])) for key, rows in judged.items() if len(rows) > 1]


def decided_in_several(cases: Iterable[pd.DataFrame]) -> int:
    """Return the number of cases that are decided, for or against, in at least two studies."""
    return int((_sides(cases).groupby(_CASE).size() > 1).sum())


def _sides(cases: Iterable[pd.DataFrame]) -> pd.DataFrame:
    every = pd.concat([table[[*_CASE, "side"]] for table in cases])
    return every[every["side"].isin([FOR, AGAINST])]


def _opposed(cases: Iterable[pd.DataFrame]) -> dict[Hashable, list[str]]:
    both = _sides(cases).groupby(_CASE, sort=False)["side"].nunique().reset_index()
    both = both[both["side"] > 1]
    return {key: rows["case"].tolist() for key, rows in both.groupby(["claim", "dataset"])}


def settings_apart(configurations: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the settings in which studies differ.

    Args:
        configurations: the canonical configuration of each study.

    Returns:
        Setting, such as "training.selection" -> its value in each study as text; "" for studies without the setting.
    """
    flat = [
        _flat({k: v for k, v in one.items() if k not in _NEUTRAL_SETTINGS})
        for one in configurations
    ]
    names = dict.fromkeys(name for one in flat for name in one)
    values = {name: [one.get(name, "") for one in flat] for name in names}
    return {name: texts for name, texts in values.items() if len(set(texts)) > 1}


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, str]:
    found = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = _text(value)
    return found


def _text(value: Any) -> str:
    """Return a value as text, spelt as in the configuration."""
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value)
