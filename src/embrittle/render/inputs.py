"""Result files by name, as a rule hands them over: one, several, or none where the study has not made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from embrittle.files import read_csv, read_parquet


@dataclass(frozen=True)
class Inputs:
    """Result files by name; a product that the study has not made has none."""

    paths: Mapping[str, str | Sequence[str]]

    def all(self, name: str) -> list[str]:
        """The files of a name, maybe none."""
        found = self.paths.get(name, [])
        return [found] if isinstance(found, str) else list(found)

    def one(self, name: str) -> str | None:
        """The file of a name, None if it is not there."""
        return next(iter(self.all(name)), None)

    def csv(self, name: str) -> pd.DataFrame | None:
        """The CSV table of a name, None if it is not there."""
        path = self.one(name)
        return None if path is None else read_csv(path)

    def parquet(self, name: str) -> pd.DataFrame | None:
        """The Parquet table of a name, several files one below the other; None if there is none."""
        tables = [read_parquet(path).to_pandas() for path in self.all(name)]
        return pd.concat(tables, ignore_index=True) if tables else None
