"""Check-ins as SNAP publishes them (Gowalla), gzipped or not.

Tab-separated user, time, latitude, longitude and location. Locations are the items.
"""

from __future__ import annotations

import csv
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    import pandas as pd

    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=True, timestamps=True, published_split=False)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the check-ins; of a user's repeated visits to a location only the first in time is kept.

    `duplicates: last` in the entry keeps the last one instead. Errors as `readers.read`.
    """
    from embrittle.data.normal_form import normalise
    from embrittle.data.source_files import only_file

    path = only_file(entry, files)
    # The file lists each user's check-ins in reverse order of time.
    rows = _rows(path).sort_values("timestamp", kind="stable")
    return normalise(rows, path.name, duplicates=entry.get("duplicates", "first"))


def _rows(path: Path) -> pd.DataFrame:
    """Read user, item and timestamp (seconds since 1970) of check-ins; the index is the line."""
    import pandas as pd

    from embrittle.data.source_files import FETCH_AGAIN, to_numbers
    from embrittle.errors import DataError

    names = ["user", "time", "latitude", "longitude", "item"]
    form = {"sep": "\t", "header": None, "names": names, "usecols": ["user", "time", "item"]}
    form |= {"dtype": str, "quoting": csv.QUOTE_NONE, "index_col": False}
    try:
        rows = pd.read_csv(path, **form)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): {FETCH_AGAIN}") from error
    except ValueError as error:  # the base class of pandas' errors
        raise DataError(
            f"{path.name}: expected check-ins with five tab-separated fields ({error})"
        ) from error
    if rows.empty:
        raise DataError(f"{path.name}: no interactions found; check that this is the right file")
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="line")
    time = pd.to_datetime(rows["time"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce")
    if time.isna().any():
        line = rows.index[time.isna()][0]
        raise DataError(
            f"{path.name}, line {line}: time must be like 2010-10-19T23:55:27Z, found "
            f"{rows['time'][line]!r}"
        )
    ids = {name: to_numbers(rows[name], name, path.name, whole=True) for name in ("user", "item")}
    return pd.DataFrame({**ids, "timestamp": time.astype("datetime64[s]").astype("int64")})
