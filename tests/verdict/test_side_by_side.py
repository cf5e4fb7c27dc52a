"""The verdicts of several studies side by side, on made-up verdicts."""

import pandas as pd
import pytest

from embrittle.verdict.decisions import AGAINST, FOR, OPEN
from embrittle.verdict.judge import ALL_DATA, NOT_REPRODUCED, NOT_RUN, PARTLY, REPRODUCED, SHOWN
from embrittle.verdict.side_by_side import decided_in_several, settings_apart, side_by_side


def claims(verdicts):
    """A table of claims from (claim, data set) -> verdict."""
    rows = [{"claim": c, "dataset": d, "verdict": verdict} for (c, d), verdict in verdicts.items()]
    return pd.DataFrame(rows)


def cases(sides):
    """A table of cases from (claim, case) -> side, all on one data set."""
    rows = [
        {"claim": claim, "dataset": "ml-1m", "case": case, "side": side}
        for (claim, case), side in sides.items()
    ]
    return pd.DataFrame(rows, columns=["claim", "dataset", "case", "side"])


NO_CASES = {"paper": cases({}), "last": cases({})}


def test_only_what_two_studies_have_judged_is_compared():
    rows = side_by_side(
        {
            "paper": claims(
                {
                    ("a", "ml-1m"): REPRODUCED,
                    ("a", "lastfm"): REPRODUCED,
                    ("b", "ml-1m"): REPRODUCED,
                    ("c", "ml-1m"): NOT_RUN,
                    ("d", "ml-1m"): SHOWN,
                }
            ),
            "last": claims(
                {
                    ("a", "ml-1m"): REPRODUCED,
                    ("b", "ml-1m"): NOT_REPRODUCED,
                    ("c", "ml-1m"): PARTLY,
                    ("d", "ml-1m"): SHOWN,
                }
            ),
        },
        NO_CASES,
    )
    assert [(row.claim, row.dataset, row.changes) for row in rows] == [
        ("a", "ml-1m", False),
        ("b", "ml-1m", True),
    ]
    assert {study: row["verdict"] for study, row in rows[1].judged.items()} == {
        "paper": REPRODUCED,
        "last": NOT_REPRODUCED,
    }


def test_a_claim_as_a_whole_is_not_compared_because_the_data_behind_it_may_be_others():
    whole = {("a", ALL_DATA): REPRODUCED}
    assert side_by_side({"paper": claims(whole), "last": claims(whole)}, NO_CASES) == []


def test_a_study_that_has_not_run_a_claim_has_no_say_in_whether_it_changes():
    here = {("a", "ml-1m"): REPRODUCED}
    tables = {"paper": claims(here), "last": claims({("a", "ml-1m"): NOT_RUN})}
    (row,) = side_by_side({**tables, "validation": claims(here)}, NO_CASES)
    assert list(row.judged) == ["paper", "validation"]
    assert not row.changes


def test_a_contradiction_is_a_case_decided_both_ways():
    verdicts = claims({("a", "ml-1m"): PARTLY, ("b", "ml-1m"): PARTLY})
    ways = {
        "paper": cases({("a", "x"): FOR, ("a", "y"): FOR, ("a", "z"): OPEN, ("b", "x"): FOR}),
        "last": cases({("a", "x"): AGAINST, ("a", "y"): OPEN, ("b", "x"): FOR}),
        "validation": cases({("a", "x"): FOR, ("a", "z"): AGAINST, ("b", "x"): FOR}),
    }
    rows = side_by_side(dict.fromkeys(ways, verdicts), ways)
    assert {row.claim: list(row.opposed) for row in rows} == {"a": ["x"], "b": []}
    assert not any(row.changes for row in rows)
    # a, x and b, x: everywhere; a, y and a, z: in one study each.
    assert decided_in_several(ways.values()) == 2


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ({"seeds": [0, 1]}, {"seeds": [0, 1]}, {}),
        ({"seeds": [0, 1]}, {"seeds": [0]}, {"seeds": ["0, 1", "0"]}),
        ({"datasets": ["ml-1m"]}, {"datasets": []}, {"datasets": ["ml-1m", "none"]}),
        ({"k": {"a": True}}, {"k": {"a": 0.5}}, {"k.a": ["true", "0.5"]}),
        (
            {"training": {"selection": "last", "epochs": 5}},
            {"training": {"selection": "best-on-test", "epochs": 5}},
            {"training.selection": ["last", "best-on-test"]},
        ),
        (
            {"attacks": {"bim": {"norm": "l2"}}},
            {"attacks": {}},
            {"attacks.bim.norm": ["l2", ""]},
        ),
        ({"study": "a", "plots": {"dpi": 100}}, {"study": "b", "plots": {"dpi": 200}}, {}),
    ],
)
def test_settings_in_which_studies_differ(first, second, apart):
    assert settings_apart([first, second]) == apart
