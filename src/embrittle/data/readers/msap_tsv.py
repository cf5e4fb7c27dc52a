"""A published split of the MSAP authors (their repository, `data/lastfm`).

Tab-separated user, item, rating and possibly timestamp, no header, ids that are indices from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=True, timestamps=False, published_split=True)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read training set and test set."""
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
                "and possibly timestamp"
            )
        names = ["user", "item", "rating", "timestamp"][:fields]
        kinds = {name: "float64" if name == "rating" else "int64" for name in names}
        parts.append(source_files.numeric_rows(content, kinds, path.name).assign(part=part))
    return source_files.published_split(parts, entry)
