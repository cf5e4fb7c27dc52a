"""What the page says of the data, the models and the run, from the study's result files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from embrittle.files import read_json
from embrittle.render.inputs import Inputs


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
    """The attacked models, with the epoch of those that were trained here."""
    table = inputs.csv("models")
    rows = table.to_dict("records") if table is not None else []
    return [
        {
            **row,
            "title": titles.get(row["dataset"], row["dataset"]),
            "epoch": "" if pd.isna(row["selected_epoch"]) else f"{row['selected_epoch']:.0f}",
            "norms": [f"{row[f'{side}_norm_rms']:.2f}" for side in ("users", "items")],
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
