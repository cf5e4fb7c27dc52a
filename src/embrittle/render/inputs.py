"""Result files by name, as a rule passes them to a script: one, several, or none if the study leaves them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from embrittle.files import read_csv, read_parquet


@dataclass(frozen=True)
class Inputs:
    """Result files by name; a product that the study leaves out has none."""

    paths: Mapping[str, str | Sequence[str]]

    def all(self, name: str) -> list[str]:
        """All files of a name, possibly none."""
        found = self.paths.get(name, [])
        return [found] if isinstance(found, str) else list(found)

    def one(self, name: str) -> str | None:
        """The first file of a name; None if it has none."""
        return next(iter(self.all(name)), None)

    def csv(self, name: str) -> pd.DataFrame | None:
        """The CSV table in the first file of a name; None if it has none."""
        path = self.one(name)
        return None if path is None else read_csv(path)

    def parquet(self, name: str) -> pd.DataFrame | None:
        """The Parquet tables of all files of a name, concatenated; None if it has none."""
        tables = [read_parquet(path).to_pandas() for path in self.all(name)]
        return pd.concat(tables, ignore_index=True) if tables else None
