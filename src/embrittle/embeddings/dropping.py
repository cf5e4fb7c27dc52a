"""Data sets without the users and items that lack an embedding (`missing: drop`)."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from embrittle.data import splits
from embrittle.data.normal_form import NAMED, NormalForm
from embrittle.data.subsample import with_ids
from embrittle.embeddings import formats
from embrittle.embeddings.formats import Source

logger = logging.getLogger(__name__)


def with_embeddings(
    form: NormalForm, entries: Iterable[Mapping[str, Any]], split: Mapping[str, Any]
) -> NormalForm:
    """Split a data set, and return it without the users and items that lack an embedding in one of several entries.

    The data are split first, because the embeddings were trained on a part of the complete data. If interactions left
    before the split, `split: last` would hold out an earlier interaction of some users, on which the model was trained.

    Args:
        form: the data set.
        entries: as in `matching.read_model`.
        split: how the data set is split, arguments of `splits.with_parts`.

    Returns:
        The data set with the column `part`, as a published split has.

    Raises:
        DataError: as `formats.read` and `splits.with_parts`, or no interactions are left.
    """
    rows = splits.with_parts(form.interactions, **split).sort_index()
    form = replace(form, interactions=rows)
    for entry in entries:
        users, items = map(ids_in, formats.sources_of(entry))
        _log_dropped(form, users, items, entry)
        form = with_ids(
            form, users, items, f"with embeddings in {entry['users']}, {entry['items']}"
        )
    return form


def _log_dropped(
    form: NormalForm, users: pd.Index, items: pd.Index, entry: Mapping[str, Any]
) -> None:
    """Warn of the users and items without an embedding, and of the test interactions that are lost with them."""
    lost = np.zeros(len(form.interactions), dtype=bool)
    for kind, table, ids in (("user", form.users, users), ("item", form.items, items)):
        dropped = ~table["id"].isin(ids)
        if not dropped.any():
            continue
        lost |= dropped.to_numpy()[form.interactions[kind]]
        names = ", ".join(map(repr, table.loc[dropped, "id"][:NAMED]))
        logger.warning(
            "%ss without an embedding in %s, which leave the data set: %d of %d (%s)",
            *(kind, entry[f"{kind}s"], dropped.sum(), len(table)),
            names + (", ..." if dropped.sum() > NAMED else ""),
        )
    if of_test := int((form.interactions["part"][lost] == "test").sum()):
        logger.warning("%d test interactions leave the data set with them", of_test)


def ids_in(source: Source) -> pd.Index:
    """Return the ids of a file of embeddings, without missing ones; errors as `formats.read`."""
    chunks = [rows.ids[pd.notna(rows.ids)] for rows in formats.read(source)]
    return pd.Index(np.concatenate(chunks), dtype=object)
