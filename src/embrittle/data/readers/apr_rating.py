"""A published split of the APR authors (their repository, `Data`).

Tab-separated user, item and, as far as they are there, rating and timestamp, no header, ids that are indices from 0;
what follows the timestamp is ignored.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    import pandas as pd

    from embrittle.data.normal_form import NormalForm

# Pinterest has no timestamps, so none can be counted on.
FORMAT = Format(sources=True, timestamps=False, published_split=True)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read training set and test set."""
    from embrittle.data.source_files import file_ending, published_split, read_bytes

    parts = []
    for part, ending in (("train", "train.rating"), ("test", "test.rating")):
        path = file_ending(ending, files)
        parts.append(_rows(read_bytes(path), path.name).assign(part=part))
    return published_split(parts, entry)


def _rows(content: bytes, where: str) -> pd.DataFrame:
    """Read lines of user, item, and perhaps rating, timestamp and more; the index is the line."""
    import pandas as pd

    from embrittle.data.source_files import to_numbers
    from embrittle.errors import DataError

    if not content.strip():
        raise DataError(f"{where}: it holds no interactions; check that it is the right file")
    most = max(line.count(b"\t") for line in content.splitlines()) + 1
    if most < 2:
        raise DataError(
            f"{where}: no tabs between fields; expected user, item and possibly rating and timestamp"
        )
    names = ["user", "item", "rating", "timestamp"][:most]
    form = {"sep": "\t", "header": None, "names": range(most), "usecols": range(len(names))}
    form |= {"dtype": str, "quoting": csv.QUOTE_NONE, "encoding": "latin-1", "index_col": False}
    rows = pd.read_csv(io.BytesIO(content), skip_blank_lines=False, **form).set_axis(names, axis=1)
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="line")
    rows = rows[~rows.isna().all(axis=1)]
    kinds = {"whole": ("user", "item", "timestamp"), "missing": ("timestamp",)}
    return pd.DataFrame(
        {
            name: to_numbers(
                rows[name], name, where, **{kind: name in those for kind, those in kinds.items()}
            )
            for name in names
        }
    )
