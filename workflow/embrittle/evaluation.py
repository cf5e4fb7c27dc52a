"""The tidy metrics of a study: every measure in every condition, from stored lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from .files import read_columns, read_tensors
from .measures import Lists, evaluate

COLUMNS = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k", "metric", "value"]
Condition = tuple[str, float, int]  # attack, epsilon, iterations


def read_lists(path: str | PathLike, n_users: int, length: int) -> Lists:
    """Read stored lists (columns user, rank, item, score); `length` is the K they were made with."""
    return Lists.from_long(*read_columns(path, "user", "rank", "item", "score"), n_users, length)


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
        paths: a file of lists for each condition, in their order.
        conditions: (attack, epsilon, iterations); ("initial", 0, 0) is the unperturbed model.
        k: list lengths to evaluate at; the lists were stored at the largest.
        test_items: int32 (n_users,), -1 for none.
        train_counts: int64 (n_items,).
        about: dataset, model and seed.

    Returns:
        One row for each condition, K and measure, with the columns `COLUMNS`.
    """
    rows = [
        {
            "dataset": about["dataset"],
            "model": about["model"],
            "seed": int(about["seed"]),
            "attack": attack,
            "epsilon": float(epsilon),
            "iterations": iterations,
            "k": length,
            "metric": metric,
            "value": value,
        }
        for path, (attack, epsilon, iterations) in zip(paths, conditions, strict=True)
        for length, metric, value in evaluate(
            read_lists(path, len(test_items), max(k)), test_items, train_counts, k
        )
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def collect(paths: Iterable[str | PathLike]) -> pd.DataFrame:
    """Put several tables of metrics into one."""
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


def selected_epochs(models: Iterable[tuple[str, str | PathLike]]) -> pd.DataFrame:
    """List what was selected of each training.

    Args:
        models: (data set, model file as `training.TrainedState.write` writes it).

    Returns:
        Columns dataset, model, seed, selected_epoch, selected_score (the criterion on what selects; empty with "last").
    """
    columns = ["dataset", "model", "seed", "selected_epoch", "selected_score"]
    rows = [{"dataset": dataset, **read_tensors(path)[1]} for dataset, path in models]
    return pd.DataFrame(rows, columns=columns)
