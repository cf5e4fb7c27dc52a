"""The formats of data sets: a module of this package for each, found by the name of the reader with - as _.

A module states in FORMAT what the configuration must know of it, and its `read` gives the normal form. A further
format is one more module. Light, and so are the modules until they read: the configuration is checked against FORMATS
whenever the Snakefile is parsed.
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
    """What a reader needs, and which splits of its data sets are possible."""

    sources: bool
    timestamps: bool
    published_split: bool


def module_of(reader: str) -> str:
    """The name of a reader's module."""
    return f"{__name__}.{reader.replace('-', '_')}"


_NAMES = [module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)]
FORMATS: dict[str, Format] = {name: import_module(module_of(name)).FORMAT for name in _NAMES}


def read(entry: Entry, files: Files) -> NormalForm:
    """Read a data set.

    Args:
        entry: the data set's entry in the registry or in `own_datasets`.
        files: the source files by their names: those in `sources: file:`, or for the user's own
            tables each `path:` as it is written in the entry (one not given here is taken as a
            path itself).

    Raises:
        DownloadError: a source file is not the one that its checksum says.
        DataError: a file is missing, damaged or does not hold what the format demands.
        ConfigError: there is no such reader.
    """
    from embrittle.data.download import require_checksum
    from embrittle.data.subsample import without_rare

    name = entry.get("reader", "")
    if name not in FORMATS:
        near = difflib.get_close_matches(str(name), FORMATS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"there is no reader {name!r}: {hint}Readers are {', '.join(FORMATS)}")
    for source in entry.get("sources", []):
        if source.get("checksum") and source["file"] in files:
            require_checksum(files[source["file"]], source["checksum"])
    form = import_module(module_of(name)).read(entry, files)
    if "at_least" in entry:
        form = without_rare(form, **entry["at_least"])
    _warn_unless_as_published(form, entry.get("counts", {}))
    return form


def _warn_unless_as_published(form: NormalForm, counts: Mapping[str, int]) -> None:
    """Warn where the sizes are not those that the entry states, with both."""
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
