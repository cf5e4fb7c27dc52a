"""The nDCG of each user in the cells of Table 1, from stored lists, for the paired tests of the verdict."""

from collections.abc import Mapping, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from embrittle.data.interactions import UserItems
from embrittle.files import read_parquet
from embrittle.metrics.evaluation import Condition, read_lists
from embrittle.metrics.measures import ndcg_per_user
from embrittle.metrics.tidy import number_key
from embrittle.products.table1.cells import accumulate
from embrittle.vocabulary import UNPERTURBED

COLUMNS = ["user", "condition", "ndcg"]


def cells_of_users(
    paths: Sequence[str | PathLike],
    *,
    conditions: Sequence[Condition],
    test_items: UserItems,
    k: int,
    length: int,
    attacks: Mapping[str, bool],
    epsilon: float,
    iterations: Sequence[int],
) -> pd.DataFrame:
    """Return the nDCG of each user in the cells of Table 1; the mean over users is the cell.

    Args:
        paths: the files of lists, one per condition.
        conditions: the conditions of the files.
        test_items: test items of each user.
        k: the length of the lists to measure.
        length: the length of the stored lists.
        attacks: attack of Table 1 -> whether it takes a single step.
        epsilon, iterations: the budget and the numbers of iterations of Table 1.

    Returns:
        Columns `COLUMNS`, of users with a test item. A condition is left out if one of its files is missing.
    """
    place = {
        (attack, number_key(budget), int(steps)): path
        for path, (attack, budget, steps) in zip(paths, conditions, strict=True)
    }
    weights = np.array([accumulate(iterations, row) for row in np.eye(len(iterations))])
    grids: dict[str, list[tuple[float, int, float]]] = {UNPERTURBED: [(0.0, 0, 1.0)]}
    for attack, single_step in attacks.items():
        grid = [(1, 1.0)] if single_step else list(zip(iterations, weights, strict=True))
        grids[attack] = [(epsilon, steps, float(weight)) for steps, weight in grid]
    tested = np.flatnonzero(test_items.counts)
    found = []
    for condition, cell in grids.items():
        needed = {(condition, number_key(x), steps): weight for x, steps, weight in cell}
        if not needed.keys() <= place.keys():
            continue
        total = np.zeros(test_items.n_users)
        for key, weight in needed.items():
            lists = read_lists(place[key], test_items.n_users, length)
            total += weight * ndcg_per_user(lists, test_items, k)
        found.append(pd.DataFrame({"user": tested, "condition": condition, "ndcg": total[tested]}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)


def collect(files: Sequence[tuple[str, str, int, str | PathLike]]) -> pd.DataFrame | None:
    """Concatenate the users of several models.

    Args:
        files: (data set, model, seed, path of a table from `cells_of_users`).

    Returns:
        Columns dataset, model, seed and `COLUMNS`; None without files.
    """
    tables = [
        read_parquet(path).to_pandas().assign(dataset=dataset, model=model, seed=seed)
        for dataset, model, seed, path in files
    ]
    return pd.concat(tables, ignore_index=True) if tables else None
