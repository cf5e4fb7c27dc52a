"""The verdicts of a study from its result files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from embrittle.products.table1.evaluate import collect
from embrittle.render import published as pub
from embrittle.render.inputs import Inputs
from embrittle.verdict.judge import cases_table, claims_table, judge
from embrittle.verdict.register import load
from embrittle.verdict.sources import Files, Published, StudyResults

_KEYS = (
    "dataset", "source", "model", "seed", "user", "attack", "condition", "epsilon", "iterations", "k", "metric",
    "attribute", "group", "measure", "spent_norm", "comparison", "quantity", "characteristic", "x",
)  # fmt: skip
"""The columns of result tables that are no values."""


@dataclass(frozen=True)
class Verdict:
    """The tables of a verdict.

    Attributes:
        claims: `judge.claims_table` of the claims.
        cases: `judge.cases_table` of the claims.
        disagreements: `judge.cases_table` of the papers' contradictory statements.
    """

    claims: pd.DataFrame
    cases: pd.DataFrame
    disagreements: pd.DataFrame


def judge_files(
    inputs: Mapping[str, str | Sequence[str]],
    configuration: Mapping[str, Any],
    attacks: Mapping[str, bool],
    comparable: Sequence[str],
    users: Sequence[tuple[str, str, int]],
    names: Mapping[str, str],
) -> Verdict:
    """Test all claims of the register on the results of a study.

    Args:
        inputs: name -> file or files; the names are those of the inputs of rule judge_claims.
        configuration: the canonical configuration.
        attacks: attack of Table 1 -> whether it takes a single step.
        comparable: the products whose settings are the papers'.
        users: (data set, model, seed) of each file in the input `users`.
        names: the study's name of an attack -> the papers' name (`product.papers_names`), by which claims call it.

    Raises:
        ConfigError: the register is invalid.
        DataError: a file is damaged.
    """
    files_in = Inputs(inputs)
    register = load(files_in.one("register"))
    published = Published({Path(path).stem: pub.load(path) for path in files_in.all("published")})
    files = in_papers_names(_files(files_in, users), names)
    single_step = {_named(attack, names): single for attack, single in attacks.items()}

    @cache
    def study_at(k: int) -> StudyResults:
        return StudyResults(files, configuration, k, single_step, comparable)

    judged = judge(register.claims, study_at, published)
    beside = judge(register.disagreements, study_at, published)
    return Verdict(claims_table(judged), cases_table(judged), cases_table(beside))


def in_papers_names(files: Files, names: Mapping[str, str]) -> Files:
    """Return result tables in which attacks have the papers' names.

    Of several attacks with one definition, the first in each table counts. An attack that has a name of the papers, but
    not the definition, gets a name that no claim mentions, if another attack has the definition.
    """
    if all(name == theirs for name, theirs in names.items()):
        return files
    tables = {field.name: getattr(files, field.name) for field in fields(files)}
    return Files(**{name: _renamed(table, names) for name, table in tables.items()})


def _renamed(table: pd.DataFrame | None, names: Mapping[str, str]) -> pd.DataFrame | None:
    column = next((c for c in ("attack", "condition") if table is not None and c in table), None)
    if table is None or column is None:
        return table
    theirs = [_named(name, names) for name in table[column]]
    keys = [name for name in table if name in _KEYS]
    return table.assign(**{column: theirs}).drop_duplicates(keys)


def _named(attack: str, names: Mapping[str, str]) -> str:
    if attack in names:
        return names[attack]
    return f"{attack} (not the papers')" if attack in names.values() else attack


def _files(inputs: Inputs, users: Sequence[tuple[str, str, int]]) -> Files:
    metrics = [inputs.parquet("metrics"), inputs.parquet("baselines")]
    files = zip(users, inputs.all("users"), strict=True)
    return Files(
        metrics=pd.concat([table for table in metrics if table is not None], ignore_index=True),
        groups=inputs.parquet("groups"),
        fairness=inputs.parquet("fairness"),
        users=collect([(*about, path) for about, path in files]),
        points=inputs.csv("points"),
        regressions=inputs.csv("regressions"),
        differences=inputs.csv("differences"),
        comparison=inputs.csv("comparison"),
        selected=inputs.csv("models"),
        budgets=inputs.csv("budgets"),
        scale=inputs.csv("scale"),
        certificates=inputs.csv("certificates"),
    )
