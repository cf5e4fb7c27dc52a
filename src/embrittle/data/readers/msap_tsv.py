"""The published split of the MSAP authors (folder `data/lastfm` of their repository).

The files have no header and tab-separated fields: user and item (0-based indices), rating, optionally timestamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=True, timestamps=False, published_split=True)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the training set and the test set; errors as `readers.read`."""
    from embrittle.data import source_files
    from embrittle.errors import DataError

    parts = []
    for part, ending in (("train", "trainingset.tsv"), ("test", "testset.tsv")):
        path = source_files.file_ending(ending, files)
        content = source_files.read_bytes(path)
        fields = content.partition(b"\n")[0].count(b"\t") + 1
        if fields not in (3, 4):
            raise DataError(
                f"{path.name}, line 1: {fields} tab-separated fields; expected user, item, rating "
                "and optionally timestamp"
            )
        names = ["user", "item", "rating", "timestamp"][:fields]
        kinds = {name: "float64" if name == "rating" else "int64" for name in names}
        parts.append(source_files.numeric_rows(content, kinds, path.name).assign(part=part))
    return source_files.published_split(parts, entry)
