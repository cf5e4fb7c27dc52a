"""Data sets without the users and items that lack an embedding (`missing: drop`)."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from embrittle.data.normal_form import NormalForm
from embrittle.data.subsample import with_ids
from embrittle.embeddings import formats
from embrittle.embeddings.formats import Source


def with_embeddings(form: NormalForm, entries: Iterable[Mapping[str, Any]]) -> NormalForm:
    """Return a data set without the users and items that lack an embedding in one of several entries.

    Args:
        form: the data set.
        entries: as in `matching.read_model`.

    Raises:
        DataError: as `formats.read`, or no interactions are left.
    """
    for entry in entries:
        users, items = map(ids_in, formats.sources_of(entry))
        form = with_ids(
            form, users, items, f"with embeddings in {entry['users']}, {entry['items']}"
        )
    return form


def ids_in(source: Source) -> pd.Index:
    """Return the ids of a file of embeddings, without missing ones; errors as `formats.read`."""
    chunks = [rows.ids[pd.notna(rows.ids)] for rows in formats.read(source)]
    return pd.Index(np.concatenate(chunks), dtype=object)
