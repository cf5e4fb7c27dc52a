"""What the commands share: the settings that leave every library one thread, and whole numbers as arguments.

Light, so that a command can start before the packages that it needs are known to be there.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def on_one_thread(module: str, arguments: Sequence[str]) -> None:
    """Start `module` again with one thread for each library, unless it was started so.

    The libraries read these settings when they are loaded, which may have happened.
    """
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):
        command = [sys.executable, "-m", module, *arguments]
        sys.stdout.flush()
        os.execve(sys.executable, command, {**os.environ, **ONE_THREAD})


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
