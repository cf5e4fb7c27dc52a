"""The published numbers, carried in resources/published/: one CSV per table, one row per cell."""

import os
from pathlib import Path

import pandas as pd

from embrittle.errors import DataError

# What the curves of the MSAP paper's Figures 1 and 2 were made with: others are not comparable.
FIGURES_K = 10
FIGURE1_EPSILON = 0.5
FIGURE2_ITERATIONS = 25
# What the accumulated cells of Table 1 were made with.
TABLE1_EPSILON = 0.5
TABLE1_ITERATIONS = (1, *range(10, 301, 10))
# Neither the budget nor the number of iterations of the longer paper's Figure 3 is printed; the budget
# is taken to be that of everything around it.
FIGURE3_EPSILON = 0.5
# The APR poster's lists, and its names of models and measures beside ours.
APR_K = 100
APR_MODELS = {"MF-BPR": "BPR-MF"}
APR_METRICS = {"RE": "HR", "nDCG": "nDCG"}

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


def load(path: str | os.PathLike) -> pd.DataFrame:
    """Read one of the published tables, known by its file name (`table1.csv` ...).

    Raises:
        DataError: the file is missing, is none of the known tables, or has other columns.
    """
    path = Path(path)
    if path.stem not in COLUMNS:
        raise DataError(f"{path}: not a published table; known are {', '.join(COLUMNS)}")
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    frame = pd.read_csv(path)
    if tuple(frame.columns) != COLUMNS[path.stem]:
        raise DataError(
            f"{path}: expected the columns {', '.join(COLUMNS[path.stem])}, "
            f"found {', '.join(frame.columns)}"
        )
    return frame
