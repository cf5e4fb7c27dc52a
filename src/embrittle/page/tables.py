"""The page's tables, from the study's result files."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from embrittle.files import read_json
from embrittle.products.budgets.tables import difference_text, number, percent
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, by_dataset, cell, shaped


def tables(
    pages: Mapping[str, ModuleType], inputs: Inputs, titles: Mapping[str, str]
) -> list[Table]:
    """Every table that the study has made, beside the published one; `pages` as `page.PAGES`."""
    of_pages = (page.tables for page in pages.values() if hasattr(page, "tables"))
    not_moved = (_robustness, _accuracy, _equal_norms, _equal_epsilon)
    return [table for make in (*of_pages, *not_moved) for table in make(inputs, titles)]


def _robustness(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    rows = inputs.csv("robustness")
    if rows is None:
        return []
    rows = rows.assign(
        title=rows["dataset"].map(lambda name: titles.get(name, name)),
        label=rows["attack"].map(condition_label),
        over=rows["epsilon"].map(lambda value: f"ε = {value:g}"),
    )

    def make(entry: pd.Series):
        return cell(
            entry["mean"], entry["sd"], entry["published"],
            lambda value: f"{value:+.1f}".replace("-", "−"), points=True,
        )  # fmt: skip

    caption = "APR poster, robustness: change of nDCG in percent under noise of the L2 norm ε"
    return [shaped(rows, ["title", "label"], ["over", "model"], caption, make, ["Data", "Noise"])]


def _accuracy(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    rows = inputs.csv("accuracy")
    if rows is None:
        return []
    rows = rows.assign(
        title=rows["dataset"].map(lambda name: titles.get(name, name)),
        under=[f"{row.metric}@{row.k}" for row in rows.itertuples()],
    )

    def make(entry: pd.Series):
        return cell(entry["mean"], entry["sd"], entry["published"], lambda value: f"{value:.4f}")

    caption = "APR poster, accuracy"
    return [shaped(rows, ["model"], ["title", "under"], caption, make, ["Recommender"])]


def _equal_norms(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    rows = inputs.csv("budgets_matched")
    if rows is None:
        return []
    rows = rows.assign(
        label=rows["attack"].map(condition_label),
        over=rows["spent_norm"].map(lambda norm: f"norm {norm:g}"),
    )

    def make(entry: pd.Series) -> Cell:
        return Cell(number(entry["value"]), note=difference_text(entry, "−"))

    what = "nDCG where the same norm is spent, and its difference to that of one step"
    places = ["model", "label"], ["over"]
    return by_dataset(rows, titles, what, lambda of, caption: shaped(
        of, *places, caption, make, ["Model", "Attack"]
    ))  # fmt: skip


def _equal_epsilon(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    rows = inputs.csv("budgets_shares")
    if rows is None:
        return []
    what = "What many steps take beyond one at equal ε, and the share of it that the norm explains"
    columns = ["Spent norm", "nDCG", "One step", "One step of that norm", "Share"]
    return by_dataset(rows, titles, what, lambda of, caption: Table(
        caption, ["Model", "Attack"], columns, [_share_row(entry) for entry in of.to_dict("records")]
    ))  # fmt: skip


def _share_row(entry: Mapping[str, Any]) -> tuple[list[str], list[Cell]]:
    ndcg = ("value", "single_step", "single_step_at_norm")
    share, *ends = (
        percent(entry[name]).replace("-", "−") for name in ("share", "share_low", "share_high")
    )
    note = "" if np.isnan(entry["share_low"]) else f"[{', '.join(ends)}]"
    cells = [
        Cell(f"{entry['spent_norm']:.2f}"),
        *(Cell(number(entry[name])) for name in ndcg),
        Cell(share, note=note),
    ]
    return [entry["model"], condition_label(entry["attack"])], cells


# --- Data, models, the run ----------------------------------------------------------------------


def data_statistics(inputs: Inputs, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Counts and characteristics of each data set, then of its sub-samples."""
    found = []
    for path in inputs.all("statistics"):
        # results/<study>/data/<data set>/split/statistics.json
        name = Path(path).parents[1].name
        found.append({"title": titles.get(name, name), **read_json(path)})
    samples = inputs.csv("samples")
    for row in samples.to_dict("records") if samples is not None else ():
        title = f"{titles.get(row['source'], row['source'])}, k = {row['k']:.0f}"
        found.append({**row, "title": title})
    return found


def selected_epochs(inputs: Inputs, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The trained models with the epoch that was attacked."""
    table = inputs.csv("models")
    rows = table.to_dict("records") if table is not None else []
    return [
        {
            **row,
            "title": titles.get(row["dataset"], row["dataset"]),
            "score": "" if pd.isna(row["selected_score"]) else f"{row['selected_score']:.4f}",
        }
        for row in rows
    ]


def jobs(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each rule: jobs, hours and memory, the longest first."""
    rows = [{"rule": rule, **totals} for rule, totals in record["jobs"].items()]
    return sorted(rows, key=lambda row: -_number(row["hours"]))


def _number(value: float | None) -> float:
    return 0.0 if value is None or np.isnan(value) else value


def checksums(record: Mapping[str, Any], titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(data set, file name, SHA-256) of every source file."""
    return [
        (titles.get(dataset, dataset), Path(file).name, digest or "not there any more")
        for dataset, files in record["data"].items()
        for file, digest in files.items()
    ]
