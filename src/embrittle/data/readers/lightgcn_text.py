"""Published splits in the text format of LightGCN's authors: `train.txt`, `test.txt` and optionally `valid.txt`.

Each line holds a user and that user's items in the part, separated by spaces; all are 0-based indices. A line with a
user alone is a user without items in the part. The files may be in a zip archive.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    import pandas as pd

    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=True, timestamps=False, published_split=True, path=True)
PATTERN = "{}.txt"


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the parts of the split; errors as `readers.read`."""
    from embrittle.data import source_files
    from embrittle.data.normal_form import Part, normalise_parts

    endings = tuple(PATTERN.format(word) for word in source_files.PUBLISHED_PARTS.values())
    contents = source_files.contents(entry, files, endings)
    names = source_files.published_parts(PATTERN, contents)
    return normalise_parts(
        {part: Part(_pairs(contents[name], name), name) for part, name in names.items()},
        duplicates=entry.get("duplicates", "last"),
        ids_are_indices=True,
    )


def _pairs(content: bytes, where: str) -> pd.DataFrame:
    """Read user and item of each interaction; the index is the line."""
    import numpy as np
    import pandas as pd

    from embrittle.data.source_files import to_numbers
    from embrittle.errors import DataError

    # Only ASCII digits are valid, so that latin-1 decodes every wrong byte for the message.
    lines = [line.split() for line in content.decode("latin-1").split("\n")]
    counts = np.array([max(len(fields) - 1, 0) for fields in lines])
    if not counts.any():
        raise DataError(
            f"{where}: no interactions found; expected lines of a user and items, separated by spaces"
        )
    numbers = pd.RangeIndex(1, len(lines) + 1, name="line")
    filled = np.array([len(fields) > 0 for fields in lines])
    users = pd.Series([fields[0] for fields in lines if fields], numbers[filled])
    items = pd.Series(
        list(chain.from_iterable(fields[1:] for fields in lines)), numbers.repeat(counts)
    )
    return pd.DataFrame(
        {
            "user": to_numbers(users, "user", where, whole=True).to_numpy().repeat(counts[filled]),
            "item": to_numbers(items, "item", where, whole=True),
        }
    )
