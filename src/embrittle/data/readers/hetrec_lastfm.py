"""Last.fm of HetRec 2011: `user_artists.dat`, as a file or in its zip archive; the rating is the number of plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=True, timestamps=False, published_split=False)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read how often each user played each artist; errors as `readers.read`."""
    from embrittle.data import source_files
    from embrittle.data.normal_form import normalise

    path = source_files.only_file(entry, files)
    member = "user_artists.dat"
    if path.suffix == ".zip":
        content = source_files.archive_members(path, member)[member]
        where = f"{path.name}: {member}"
    else:
        content, where = source_files.read_bytes(path), path.name
    header, _, body = content.partition(b"\n")
    columns = header.decode("utf-8-sig", errors="replace").split()
    wanted = {"userID": "user", "artistID": "item", "weight": "rating"}
    source_files.require_columns(wanted, columns, where)
    names = [wanted.get(column, column) for column in columns]
    kinds = {name: "float64" if name == "rating" else "int64" for name in names}
    plays = source_files.numeric_rows(body, kinds, where, first_line=2)
    return normalise(
        plays[["user", "item", "rating"]], where, duplicates=entry.get("duplicates", "last")
    )
