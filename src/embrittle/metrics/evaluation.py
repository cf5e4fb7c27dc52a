"""The tidy metrics of a study: every measure in every condition, from stored lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from embrittle.attacks.norms import METADATA, NO_PERTURBATION, norm_metric
from embrittle.data.interactions import UserItems
from embrittle.files import read_columns, read_metadata, read_parquet, read_tensors
from embrittle.metrics import groups as grouping
from embrittle.metrics.fairness import compare_groups, group_values
from embrittle.metrics.measures import Lists, evaluate
from embrittle.vocabulary import RANDOM

ABOUT = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k"]
COLUMNS = [*ABOUT, "metric", "value"]
GROUP_COLUMNS = [*ABOUT, "attribute", "group", "label", "members", "value", "note"]
FAIRNESS_COLUMNS = [*ABOUT, "attribute", "measure", "value"]
LISTS = ("user", "rank", "item", "score")


Condition = tuple[str, float, int]
"""Attack, epsilon, iterations; ("initial", 0, 0) is the unperturbed model. Epsilon may be text, as in file names."""


def read_lists(path: str | PathLike, n_users: int, length: int) -> Lists:
    """Read stored lists (columns `LISTS`).

    Args:
        path: the file of one condition.
        n_users: number of users.
        length: the K that the lists were made with.

    Raises:
        DataError: the file is damaged.
    """
    return Lists.from_long(*read_columns(path, *LISTS), n_users, length)


def read_norms(path: str | PathLike) -> dict[str, float]:
    """Read the norms of the perturbation behind stored lists (`norms.perturbation_norms`): 0 if there was none.

    Raises:
        DataError: the file is damaged.
    """
    norms = read_metadata(path).get(METADATA, NO_PERTURBATION)
    return {name: norms[name] for name in NO_PERTURBATION}


def evaluate_conditions(
    paths: Sequence[str | PathLike],
    *,
    conditions: Sequence[Condition],
    k: Sequence[int],
    test_items: np.ndarray,
    train_counts: np.ndarray,
    about: Mapping[str, str],
) -> pd.DataFrame:
    """Evaluate one model and seed in several conditions.

    Args:
        paths: the files of lists, one a condition.
        conditions: what they are lists of.
        k: list lengths to evaluate at; the lists were stored at the largest.
        test_items: int32 (n_users,), -1 for none.
        train_counts: int64 (n_items,).
        about: dataset, model and seed.

    Returns:
        One row for each condition, K and measure, with the columns `COLUMNS`; then as metrics "spent ..." the norms of
        the perturbation, the same at every K.
    """
    rows = []
    for path, condition in zip(paths, conditions, strict=True):
        lists = read_lists(path, len(test_items), max(k))
        measured = evaluate(lists, test_items, train_counts, k)
        norms = read_norms(path).items()
        measured += [(length, norm_metric(name), value) for length in k for name, value in norms]
        rows += [
            {**_about(about, condition, length), "metric": metric, "value": value}
            for length, metric, value in measured
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _about(about: Mapping[str, str], condition: Condition, k: int) -> dict[str, Any]:
    attack, epsilon, iterations = condition
    return {
        "dataset": about["dataset"],
        "model": about["model"],
        "seed": int(about["seed"]),
        "attack": attack,
        "epsilon": float(epsilon),
        "iterations": iterations,
        "k": k,
    }


def read_relevance(test: str | PathLike, n_users: int, relevance: str) -> np.ndarray:
    """Relevance of each user's test item: float64 (n_users,), its rating or, with "binary", 1."""
    users, ratings = read_columns(test, "user", "rating")
    result = np.ones(n_users)
    if relevance == "rating":
        result[users] = ratings
    return result


def evaluate_fairness(
    paths: Sequence[str | PathLike],
    *,
    conditions: Sequence[Condition],
    k: Sequence[int],
    train: UserItems,
    test_items: np.ndarray,
    relevance: np.ndarray,
    tables: Mapping[str, pd.DataFrame],
    attributes: Mapping[str, Mapping[str, Any]],
    item_value: str,
    gce: Mapping[str, float],
    about: Mapping[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure groups of users and items in several conditions of one model and seed.

    Args:
        paths, conditions, k, about: as in `evaluate_conditions`.
        train: training positives, whose counts make quantiles.
        test_items: int32 (n_users,), -1 for none.
        relevance: float64 (n_users,), of the test items (`read_relevance`).
        tables: "users" and "items", of the normal form.
        attributes: name -> definition: `of`, `distributions`, and the arguments of `groups.build`.
        item_value: key of `fairness.ITEM_VALUES`.
        gce: settings of `fairness.gce`.

    Returns:
        The groups' nDCG, one row a group with the columns `GROUP_COLUMNS`; and what compares them, one row a measure
        with the columns `FAIRNESS_COLUMNS`. An attribute that the data set does not have is in neither.
    """
    counts = {"users": np.diff(train.indptr), "items": train.item_counts()}
    built = _built_groups(attributes, tables, counts)
    group_rows, fairness_rows = [], []
    for path, condition in zip(paths, conditions, strict=True):
        lists = read_lists(path, len(test_items), max(k))
        for length in k:
            key = _about(about, condition, length)
            for name, groups in built.items():
                values, notes = group_values(
                    groups, lists, test_items, relevance, length, train.n_items, item_value
                )
                compared = compare_groups(values, attributes[name]["distributions"], gce)
                described = zip(
                    groups.names, groups.labels, groups.sizes, values["nDCG"], notes, strict=True
                )
                group_rows += [(*key.values(), name, *row) for row in described]
                fairness_rows += [(*key.values(), name, *row) for row in compared.items()]
    return (
        pd.DataFrame(group_rows, columns=GROUP_COLUMNS),
        pd.DataFrame(fairness_rows, columns=FAIRNESS_COLUMNS),
    )


def _built_groups(
    attributes: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, pd.DataFrame],
    counts: Mapping[str, np.ndarray],
) -> dict[str, grouping.Groups]:
    """The groups of each attribute that the data set has."""
    built = {}
    for name, definition in attributes.items():
        of = definition["of"]
        how = {
            key: definition[key] for key in ("column", "quantiles", "groups") if key in definition
        }
        groups = grouping.build(of, tables[of], counts[of], **how)
        if groups is not None:
            built[name] = groups
    return built


def collect(paths: Iterable[str | PathLike]) -> pd.DataFrame:
    """Put several tidy tables into one."""
    return pd.concat([read_parquet(path).to_pandas() for path in paths], ignore_index=True)


def complete(
    metrics: pd.DataFrame,
    runs: Iterable[tuple[str, str, int]],
    conditions: Mapping[str, Iterable[Condition]],
) -> pd.DataFrame:
    """Put the metrics in the order of the study, with a row also for what was not measured.

    Args:
        metrics: from `collect`.
        runs: (data set, model, seed), all that the study asks for.
        conditions: data set -> (attack, epsilon, iterations) of its trained models; of the random recommender, the
            first.

    Returns:
        One row for each run, condition, K and measure, with the columns `COLUMNS`; value is NaN where it is missing,
        so that no mean is taken of what happens to be there.
    """
    of_models = {
        dataset: [(attack, float(epsilon), int(number)) for attack, epsilon, number in rows]
        for dataset, rows in conditions.items()
    }
    shown = metrics[["k", "metric"]].drop_duplicates().itertuples(index=False, name=None)
    measures = list(shown)
    keys = [
        (*run, *condition, *measure)
        for run in map(tuple, runs)
        for condition in of_models[run[0]][: 1 if run[1] == RANDOM else None]
        for measure in measures
    ]
    wanted = pd.DataFrame(keys, columns=COLUMNS[:-1])
    return wanted.merge(metrics, on=COLUMNS[:-1], how="left", validate="one_to_one")


def selected_epochs(models: Iterable[tuple[str, str | PathLike]]) -> pd.DataFrame:
    """List what was selected of each training.

    Args:
        models: (data set, model file as `models.state.TrainedState.write` writes it).

    Returns:
        Columns dataset, model, seed, selected_epoch, selected_score (the criterion on what selects; empty with "last").
    """
    columns = ["dataset", "model", "seed", "selected_epoch", "selected_score"]
    rows = [{"dataset": dataset, **read_tensors(path)[1]} for dataset, path in models]
    return pd.DataFrame(rows, columns=columns)
