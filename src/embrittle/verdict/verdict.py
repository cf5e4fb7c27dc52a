"""From a study's result files to its verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from embrittle.products.table1.evaluate import collect
from embrittle.render import published as pub
from embrittle.render.inputs import Inputs
from embrittle.verdict.judge import cases_table, claims_table, judge
from embrittle.verdict.register import load
from embrittle.verdict.sources import Files, Published, Study


@dataclass(frozen=True)
class Verdict:
    """The tables of `judge`, of the claims and of what the papers disagree about."""

    claims: pd.DataFrame
    cases: pd.DataFrame
    disagreements: pd.DataFrame


def judge_files(
    inputs: Mapping[str, str | Sequence[str]],
    configuration: Mapping[str, Any],
    attacks: Mapping[str, bool],
    users: Sequence[tuple[str, str, int]],
) -> Verdict:
    """Judge all claims.

    Args:
        inputs: name -> files: see rule judge_claims.
        configuration: the canonical one.
        attacks: those of Table 1, and whether each takes a single step.
        users: (data set, model, seed) of each file `users`.
    """
    there = Inputs(inputs)
    register = load(there.one("register"))
    published = Published({Path(path).stem: pub.load(path) for path in there.all("published")})
    files = _files(there, users)

    @cache
    def study_at(k: int) -> Study:
        return Study(files, configuration, k, attacks)

    judged = judge(register.claims, study_at, published)
    beside = judge(register.disagreements, study_at, published)
    return Verdict(claims_table(judged), cases_table(judged), cases_table(beside))


def _files(there: Inputs, users: Sequence[tuple[str, str, int]]) -> Files:
    metrics = [there.parquet("metrics"), there.parquet("baselines")]
    files = zip(users, there.all("users"), strict=True)
    return Files(
        metrics=pd.concat([table for table in metrics if table is not None], ignore_index=True),
        groups=there.parquet("groups"),
        fairness=there.parquet("fairness"),
        users=collect([(*about, path) for about, path in files]),
        points=there.csv("points"),
        regressions=there.csv("regressions"),
        differences=there.csv("differences"),
        comparison=there.csv("comparison"),
        selected=there.csv("models"),
        budgets=there.csv("budgets"),
    )
