"""Readers of data set formats, one module for each; the module's name is the reader's name with - as _.

Each module has a constant FORMAT, against which the configuration is checked, and a function `read`, which returns
the normal form. To add a format, add a module. These modules import NumPy and pandas only inside functions, because
Snakemake imports FORMATS whenever it parses the Snakefile.
"""

from __future__ import annotations

import difflib
import logging
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from embrittle.errors import ConfigError

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

Entry = Mapping[str, Any]
Files = Mapping[str, Path]

logger = logging.getLogger(__name__)


class Format(NamedTuple):
    """Properties of a format that the configuration is checked against.

    Attributes:
        sources: whether the reader takes downloaded source files.
        timestamps: whether interactions can have timestamps, which the split "last" needs.
        published_split: whether the data set can come with a split, which the split "published" needs.
        path: whether the reader takes the user's own file, named by `path:`.
        parts: whether the reader takes a file for each part of a split, named by `parts:`.
    """

    sources: bool
    timestamps: bool
    published_split: bool
    path: bool = False
    parts: bool = False


def module_of(reader: str) -> str:
    """Return the full module name of a reader."""
    return f"{__name__}.{reader.replace('-', '_')}"


_NAMES = [module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)]
FORMATS: dict[str, Format] = {name: import_module(module_of(name)).FORMAT for name in _NAMES}


def read(entry: Entry, files: Files) -> NormalForm:
    """Read a data set.

    Args:
        entry: the data set's entry in the registry or in `own_datasets`.
        files: name -> source file. Names are those in `sources: file:`, or for the user's own tables each `path:` of
            the entry; a `path:` without a file here is read from that path.

    Raises:
        DownloadError: the checksum of a source file differs from the entry's.
        DataError: a file is missing, damaged or violates its format.
        ConfigError: the reader is unknown, or the entry lacks a key that the reader needs.
    """
    from embrittle.data.download import require_checksum
    from embrittle.data.subsample import without_rare

    name = entry.get("reader", "")
    if name not in FORMATS:
        near = difflib.get_close_matches(str(name), FORMATS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"unknown reader {name!r}: {hint}Valid readers: {', '.join(FORMATS)}")
    for source in entry.get("sources", []):
        if source.get("checksum") and source["file"] in files:
            require_checksum(files[source["file"]], source["checksum"])
    form = import_module(module_of(name)).read(entry, files)
    if "at_least" in entry:
        form = without_rare(form, **entry["at_least"])
    _warn_unless_as_published(form, entry.get("counts", {}))
    return form


def _warn_unless_as_published(form: NormalForm, counts: Mapping[str, int]) -> None:
    """Warn if the numbers of users, items or interactions differ from the published counts in the entry."""
    found = {
        "users": len(form.users),
        "items": len(form.items),
        "interactions": len(form.interactions),
    }
    differing = [kind for kind, count in counts.items() if found[kind] != count]
    if differing:
        logger.warning(
            "this data set differs from the published one: %s",
            ", ".join(f"{found[kind]} {kind}, published {counts[kind]}" for kind in differing),
        )
