"""Published splits of the APR authors (folder `Data` of their repository).

The files have no header and tab-separated fields: user and item (0-based indices), optionally rating and timestamp.
Further fields are ignored.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    import pandas as pd

    from embrittle.data.normal_form import NormalForm

# timestamps=False, because Pinterest has none.
FORMAT = Format(sources=True, timestamps=False, published_split=True)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the training set and the test set; errors as `readers.read`."""
    from embrittle.data.source_files import file_ending, published_split, read_bytes

    parts = []
    for part, ending in (("train", "train.rating"), ("test", "test.rating")):
        path = file_ending(ending, files)
        parts.append(_rows(read_bytes(path), path.name).assign(part=part))
    return published_split(parts, entry)


def _rows(content: bytes, where: str) -> pd.DataFrame:
    """Read user, item and, if present, rating and timestamp of each line; the index is the line."""
    import pandas as pd

    from embrittle.data.source_files import to_numbers
    from embrittle.errors import DataError

    if not content.strip():
        raise DataError(f"{where}: no interactions found; check that this is the right file")
    most = max(line.count(b"\t") for line in content.splitlines()) + 1
    if most < 2:
        raise DataError(
            f"{where}: no tabs found; expected tab-separated user, item and optionally rating and timestamp"
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
