"""Run one script of the workflow as Snakemake's process for it does, and print its peak memory.

    python -m benchmarks.script_job SCRIPT JOB

JOB is a JSON file with what the script finds in its `snakemake` object.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

# What Snakemake puts before every script is this import and the unpickling of the object: it belongs to a job's cost.
from snakemake import script  # noqa: F401

from embrittle.usage import peak_memory


class Named(dict):
    """A dictionary whose values can be had as attributes and one by one, like Snakemake's named lists."""

    def __iter__(self) -> Iterator[object]:
        """Go through the values."""
        return iter(self.values())

    def __getattr__(self, name: str) -> object:
        """Return the value under a name."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def main(path: str, job: str) -> None:
    """Run the script, then print {"peak_memory_mb": ...}."""
    stand_in = json.loads(Path(job).read_text(encoding="utf-8"), object_hook=Named)
    runpy.run_path(path, init_globals={"snakemake": stand_in})
    print(json.dumps({"peak_memory_mb": peak_memory() / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
