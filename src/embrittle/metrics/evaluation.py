"""Tidy metrics of a study: every measure in every condition, computed from stored lists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from embrittle.attacks.norms import NO_PERTURBATION, NORMS_KEY, norm_metric
from embrittle.data.interactions import UserItems
from embrittle.files import read_columns, read_metadata, read_parquet, read_tensors
from embrittle.metrics import groups as grouping
from embrittle.metrics.fairness import compare_groups, group_hits, group_values
from embrittle.metrics.measures import Lists, evaluate
from embrittle.row_norms import STATISTICS, row_norms
from embrittle.vocabulary import RANDOM

ABOUT = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k"]
COLUMNS = [*ABOUT, "metric", "value"]
GROUP_COLUMNS = [*ABOUT, "attribute", "group", "label", "members", "hits", "value", "note"]
FAIRNESS_COLUMNS = [*ABOUT, "attribute", "measure", "value"]
LISTS = ("user", "rank", "item", "score")


Condition = tuple[str, float, int]
"""(attack, epsilon, iterations); ("initial", 0, 0) is the unperturbed model. Epsilon may be text, as in file names."""


def read_lists(path: str | PathLike, n_users: int, length: int) -> Lists:
    """Read stored lists (columns `LISTS`).

    Args:
        path: Parquet file of one condition.
        n_users: number of users.
        length: length K at which the lists are stored.

    Raises:
        DataError: the file is damaged or violates the rules of `Lists.from_long`.
    """
    return Lists.from_long(*read_columns(path, *LISTS), n_users, length)


def read_norms(path: str | PathLike) -> dict[str, float]:
    """Read the perturbation norms (`norms.perturbation_norms`) that belong to stored lists.

    Returns:
        Name -> norm; 0 for the lists of an unperturbed model, NaN for a norm relative to rows that are all zero.

    Raises:
        DataError: the file is damaged.
    """
    norms = read_metadata(path).get(NORMS_KEY, NO_PERTURBATION)
    return {name: norms.get(name, math.nan) for name in NO_PERTURBATION}


def evaluate_conditions(
    paths: Sequence[str | PathLike],
    *,
    conditions: Sequence[Condition],
    k: Sequence[int],
    test_items: UserItems,
    train_counts: np.ndarray,
    about: Mapping[str, str],
) -> pd.DataFrame:
    """Evaluate one model and seed in several conditions.

    Args:
        paths: files of lists, one for each condition.
        conditions: the conditions, in the order of `paths`.
        k: list lengths to evaluate; the lists are stored at the largest.
        test_items: test items of each user.
        train_counts: int64 (n_items,), training interactions of each item.
        about: "dataset", "model" and "seed".

    Returns:
        One row for each condition, K and measure, with the columns `COLUMNS`. The perturbation norms are further
        metrics, named "spent ...", with the same value at every K.

    Raises:
        DataError: a file is damaged, or as in `measures.evaluate`.
    """
    rows = []
    for path, condition in zip(paths, conditions, strict=True):
        lists = read_lists(path, test_items.n_users, max(k))
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


def read_relevance(test: str | PathLike, relevance: str) -> np.ndarray:
    """Read the relevance of each test item.

    Args:
        test: Parquet file of the test interactions, sorted by user, then item, with the column rating.
        relevance: "rating" for the rating, or "binary" for 1.

    Returns:
        float64 (n_test_items,), in the order of `UserItems.indices`.
    """
    (ratings,) = read_columns(test, "rating")
    return ratings.astype(np.float64) if relevance == "rating" else np.ones(len(ratings))


def evaluate_fairness(
    paths: Sequence[str | PathLike],
    *,
    conditions: Sequence[Condition],
    k: Sequence[int],
    train: UserItems,
    test_items: UserItems,
    relevance: np.ndarray,
    tables: Mapping[str, pd.DataFrame],
    attributes: Mapping[str, Mapping[str, Any]],
    item_value: str,
    gce: Mapping[str, float],
    about: Mapping[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate groups of users and items, for one model and seed in several conditions (docs/method.md, "Fairness").

    Args:
        paths, conditions, k, about: as in `evaluate_conditions`.
        train: training positives, for groups by quantiles of interactions.
        test_items: test items of each user.
        relevance: float64 (n_test_items,), relevance of each test item (`read_relevance`).
        tables: "users" and "items" of the normal form.
        attributes: name -> definition: `of` ("users" or "items"), `distributions`, and the arguments of `groups.build`.
        item_value: key of `fairness.ITEM_VALUES`.
        gce: beta, smoothing and background of `fairness.gce`.

    Returns:
        groups: nDCG of each group and the number of its hits (`fairness.group_hits`), one row for each group, with the
            columns `GROUP_COLUMNS`.
        fairness: comparison of the groups, one row for each measure, with the columns `FAIRNESS_COLUMNS`.
        Attributes that the data set does not have are left out of both.

    Raises:
        DataError: a file is damaged, or an attribute cannot form groups.
    """
    counts = {"users": np.diff(train.indptr), "items": train.item_counts()}
    built = grouping.build_defined(attributes, tables, counts)
    group_rows, fairness_rows = [], []
    for path, condition in zip(paths, conditions, strict=True):
        lists = read_lists(path, test_items.n_users, max(k))
        for length in k:
            key = _about(about, condition, length)
            for name, groups in built.items():
                values, notes = group_values(
                    groups, lists, test_items, relevance, length, train.n_items, item_value
                )
                compared = compare_groups(values, attributes[name]["distributions"], gce)
                hits = group_hits(groups, lists, test_items, length)
                described = zip(
                    *(groups.names, groups.labels, groups.sizes, hits, values["nDCG"], notes),
                    strict=True,
                )
                group_rows += [(*key.values(), name, *row) for row in described]
                fairness_rows += [(*key.values(), name, *row) for row in compared.items()]
    return (
        pd.DataFrame(group_rows, columns=GROUP_COLUMNS),
        pd.DataFrame(fairness_rows, columns=FAIRNESS_COLUMNS),
    )


def collect(paths: Iterable[str | PathLike]) -> pd.DataFrame:
    """Return the rows of several Parquet files as one table."""
    return pd.concat([read_parquet(path).to_pandas() for path in paths], ignore_index=True)


def complete(
    metrics: pd.DataFrame,
    runs: Iterable[tuple[str, str, int]],
    conditions: Mapping[str, Iterable[Condition]],
) -> pd.DataFrame:
    """Return the metrics in the order of the study, with NaN for missing values.

    Args:
        metrics: from `collect`.
        runs: (data set, model, seed) of all runs of the study.
        conditions: data set -> conditions of its trained models; the random recommender has only the first.

    Returns:
        One row for each run, condition, K and measure, with the columns `COLUMNS`. Missing values are NaN, so that a
        mean over seeds with a missing one is NaN as well.
    """
    of_models = {
        dataset: [(attack, float(epsilon), int(number)) for attack, epsilon, number in rows]
        for dataset, rows in conditions.items()
    }
    # Data sets differ in their measures (`measures.measures_of`); one without any metrics has those of the others.
    shown = metrics[["dataset", "k", "metric"]].drop_duplicates()
    everywhere = list(dict.fromkeys(zip(shown["k"], shown["metric"], strict=True)))
    measures = dict.fromkeys(of_models, everywhere) | {
        dataset: list(zip(rows["k"], rows["metric"], strict=True))
        for dataset, rows in shown.groupby("dataset")
    }
    keys = [
        (*run, *condition, *measure)
        for run in map(tuple, runs)
        for condition in of_models[run[0]][: 1 if run[1] == RANDOM else None]
        for measure in measures[run[0]]
    ]
    wanted = pd.DataFrame(keys, columns=COLUMNS[:-1])
    return wanted.merge(metrics, on=COLUMNS[:-1], how="left", validate="one_to_one")


def selected_epochs(models: Iterable[tuple[str, str | PathLike]]) -> pd.DataFrame:
    """Return the attacked epoch of each model, and the size of its rows.

    Args:
        models: (data set, file) of each model: `best` or `last` of `models.state.TrainedState.write`, or own
            embeddings.

    Returns:
        Columns dataset, model, seed, selected_epoch and selected_score (value of the criterion; empty for the last
        epoch), both empty for own embeddings; and users_norm_mean, users_norm_rms, items_norm_mean, items_norm_rms:
        mean and root mean square of the L2 norms of the rows, without factors that no attack may move.

    Raises:
        DataError: a file is damaged.
    """
    about = ["dataset", "model", "seed", "selected_epoch", "selected_score"]
    rows = []
    for dataset, path in models:
        factors, metadata = read_tensors(path)
        users, items = factors["user_factors"], factors["item_factors"]
        sizes = row_norms(users, items, users.shape[1] - metadata.get("fixed_factors", 0))
        rows.append({"dataset": dataset, **metadata, **sizes})
    columns = [*about, *STATISTICS]
    return pd.DataFrame(rows, columns=columns).astype({"selected_epoch": "Int64"})
