"""The published numbers in resources/published/: one CSV per table, one row per cell."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.files import read_csv
from embrittle.vocabulary import HIT_RATE

# The settings of the MSAP paper's Figures 1 and 2; curves with other settings are not comparable.
FIGURES_K = 10
FIGURE1_EPSILON = 0.5
FIGURE2_ITERATIONS = 25
# The settings of the accumulated cells of Table 1.
TABLE1_EPSILON = 0.5
TABLE1_ITERATIONS = (1, *range(10, 301, 10))
# The longer paper prints neither the budget nor the number of iterations of its Figure 3. The budget is assumed to be
# that of its other results.
FIGURE3_EPSILON = 0.5
# The length of the APR poster's lists, its names of models -> ours, and its measures.
APR_K = 100
APR_MODELS = {"MF-BPR": "BPR-MF"}
APR_METRICS = (HIT_RATE, "nDCG")

COLUMNS = {
    "table1": ("dataset", "model", "condition", "metric", "value"),
    "figures_1_2": ("figure", "metric", "dataset", "model", "attack", "x_name", "x", "value"),
    "table2": ("dataset", "model", "condition", "attribute", "group", "nDCG"),
    "table3": ("dataset", "model", "condition", "attribute", "measure", "value"),
    "characteristics": (
        "dataset",
        "model",
        "attack",
        "quantity",
        "characteristic",
        "x",
        "value",
        "source",
    ),
    "apr_performance": ("model", "dataset", "metric", "value"),
    "apr_robustness": ("dataset", "epsilon", "model", "relative_change_ndcg100_percent"),
}


NUMBERS = ("value", "nDCG", "x", "epsilon", "relative_change_ndcg100_percent")


def load(
    path: str | os.PathLike | Sequence[str] | None,
    name: str = "",
    names: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Read one of the published tables, known by its file name (`table1.csv` ...).

    Args:
        path: the file; nothing for a table without rows, where a study is not comparable with the papers.
        name: of that table.
        names: the study's name of an attack -> the papers' name (`product.papers_names`); rows of these attacks get the
            study's names.

    Raises:
        DataError: the file is missing, its name is not that of a published table, or its columns differ.
    """
    if not path:
        kinds = {column: float if column in NUMBERS else str for column in COLUMNS[name]}
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in kinds.items()})
    path = Path(str(path))
    if path.stem not in COLUMNS:
        raise DataError(f"{path} is not a published table; valid names: {', '.join(COLUMNS)}")
    if not path.is_file():
        raise DataError(f"{path} not found")
    frame = read_csv(path)
    if tuple(frame.columns) != COLUMNS[path.stem]:
        raise DataError(
            f"{path}: expected the columns {', '.join(COLUMNS[path.stem])}, "
            f"found {', '.join(frame.columns)}"
        )
    return _in_names_of_study(frame, names)


def _in_names_of_study(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    ours: dict[str, list[str]] = {}
    for name, theirs in names.items():
        ours.setdefault(theirs, []).append(name)
    for column in {"attack", "condition"} & set(frame) if names else ():
        kind = frame[column].dtype
        lists = frame[column].map(lambda theirs: ours.get(theirs, [theirs]))
        frame = frame.assign(**{column: lists}).explode(column, ignore_index=True)
        frame = frame.astype({column: kind})
    return frame


def compared(
    ours: pd.DataFrame, theirs: pd.DataFrame, cell: Sequence[str], further: bool = False
) -> pd.DataFrame:
    """Our values beside the published ones, cell by cell, in the order of ours.

    Args:
        ours: columns `cell` and value; NaN if not computed.
        theirs: columns `cell` and published.
        cell: the columns that name a cell.
        further: whether published cells that ours does not have are appended, as not computed.

    Returns:
        The columns `cell`, value, published, difference (value - published), ratio (value / published),
        deviation_percent (100 x (ratio - 1)) and note: "not published" or "not computed" if one value is missing, else
        "". ratio and deviation_percent are NaN if a value is missing or 0 was published.
    """
    both = ours.merge(theirs, on=cell, how="left", validate="one_to_one")
    if further:
        rest = theirs.merge(ours, on=cell, how="left")
        both = pd.concat([both, rest[rest["value"].isna()]], ignore_index=True)
    both = both.drop_duplicates(cell)[[*cell, "value", "published"]]
    ratio = both["value"] / both["published"].where(both["published"] != 0)
    absent = [both["published"].isna(), both["value"].isna()]
    return both.assign(
        difference=both["value"] - both["published"],
        ratio=ratio,
        deviation_percent=100 * (ratio - 1),
        note=np.select(absent, ["not published", "not computed"], ""),
    )
