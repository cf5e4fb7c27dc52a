"""The verdicts of several studies side by side: does a verdict depend on how the study was made?

Only what two studies have both judged can differ between them: verdicts on one data set, and within them the cases.
A verdict changes easily, as when an interval comes to include the limit. A case that is decided for its claim in one
study and against it in another is a contradiction.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from embrittle.verdict.decisions import AGAINST, FOR
from embrittle.verdict.judge import ALL_DATA, NOT_RUN, SHOWN

_CASE = ["claim", "dataset", "case"]
# What a study is called, where its data come from and how it is drawn decide no verdict.
_OF_NO_CONSEQUENCE = ("study", "verdict", "mirror", "plots", "device", "missing")


@dataclass(frozen=True)
class Row:
    """One claim on one data set, judged in at least two studies.

    Attributes:
        claim, dataset: which.
        judged: study -> its row of `judge.claims_table`; studies that have not run it are left out.
        opposed: cases that are decided for the claim in one study and against it in another.
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
    """Put together what several studies say of the same claim on the same data set.

    Args:
        claims: study -> its `judge.claims_table`.
        cases: study -> its `judge.cases_table`.

    Returns:
        In the order of the first study's claims; nothing that fewer than two studies have judged.
    """
    judged: dict[tuple[str, str], dict[str, pd.Series]] = {}
    for study, table in claims.items():
        there = ~table["verdict"].isin([NOT_RUN, SHOWN]) & (table["dataset"] != ALL_DATA)
        for _, row in table[there].iterrows():
            judged.setdefault((row["claim"], row["dataset"]), {})[study] = row
    against_each_other = _opposed(cases.values())
    return [
        Row(*key, rows, against_each_other.get(key, []))
        for key, rows in judged.items()
        if len(rows) > 1
    ]


def decided_in_several(cases: Iterable[pd.DataFrame]) -> int:
    """The number of cases that at least two studies have decided, either way."""
    return int((_sides(cases).groupby(_CASE).size() > 1).sum())


def _sides(cases: Iterable[pd.DataFrame]) -> pd.DataFrame:
    every = pd.concat([table[[*_CASE, "side"]] for table in cases])
    return every[every["side"].isin([FOR, AGAINST])]


def _opposed(cases: Iterable[pd.DataFrame]) -> dict[Hashable, list[str]]:
    both = _sides(cases).groupby(_CASE, sort=False)["side"].nunique().reset_index()
    both = both[both["side"] > 1]
    return {key: rows["case"].tolist() for key, rows in both.groupby(["claim", "dataset"])}


def settings_apart(configurations: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The settings in which studies differ.

    Args:
        configurations: of each study, canonical.

    Returns:
        Setting, such as "training.selection" -> its value in each study as text, "" where it has none.
    """
    flat = [
        _flat({k: v for k, v in one.items() if k not in _OF_NO_CONSEQUENCE})
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
    """A value as a reader of the configuration knows it."""
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value)
