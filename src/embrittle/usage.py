"""What a job uses, in the format of Snakemake's benchmark files, for a job that Snakemake cannot measure itself."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embrittle.files import write_text


@contextmanager
def measured(path: str | os.PathLike) -> Iterator[None]:
    """Write what the process has used until the end of the block; nothing after an error.

    Args:
        path: of a table with one row, separated by tabs: s (wall clock of the block) and cpu_time (of the process) in
            seconds, max_rss in MiB.
    """
    began = time.monotonic()
    yield
    used = {
        "s": time.monotonic() - began,
        "max_rss": peak_memory() / 2**20,
        "cpu_time": time.process_time(),
    }
    numbers = (f"{number:.4f}" for number in used.values())
    write_text("\t".join(used) + "\n" + "\t".join(numbers) + "\n", path)


def peak_memory() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux, getrusage counts what the parent held when it started this process; VmHWM does not.
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
