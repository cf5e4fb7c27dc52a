"""Where numba keeps the compiled loops between processes: a folder for each version of this package's code.

numba recompiles a loop when the loop's own file changes, but not when a function inlined from another file changes.
With one folder for all versions of the code, such an edit would leave outdated machine code in use.

The folder is in NUMBA_CACHE_DIR if that is set, else beside this file. It holds these loops only: what the importing
program compiles itself is cached where that program wants it.
"""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import config

DAY = 24 * 3600.0
UNUSED_DAYS = 30
"""After so many days without use, the folder of another version of the code is removed."""


@contextmanager
def _unavailable(module: str) -> Iterator[None]:
    """Let imports of a module fail meanwhile, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


# As it compiles its first loop, numba imports this module of its own, which loads scipy.linalg to see whether NumPy's
# products can be compiled. The loops use none, and a job of one second would take a quarter longer.
with _unavailable("scipy.linalg.cython_blas"):
    import numba.np.arraymath  # noqa: F401


def _folder() -> Path:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    return Path(config.CACHE_DIR or Path(__file__).parent / "__pycache__") / f"loops-{digest}"


FOLDER = _folder()


def note_use(folder: Path) -> None:
    """Note, once a day, that a folder is in use; then remove folders of other versions that have not been for long."""
    now = time.time()
    try:
        if folder.exists() and now - folder.stat().st_mtime < DAY:
            return
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in folder.parent.glob(f"loops-{'[0-9a-f]' * 16}"):
            if now - other.stat().st_mtime > UNUSED_DAYS * DAY:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        return  # read-only, or another process was faster: numba finds another place, or compiles again


note_use(FOLDER)


def compiled(**options: Any) -> Callable[[Callable], Any]:
    """`numba.njit` with these options; a loop that is cached goes to `FOLDER`."""

    def decorate(function: Callable) -> Any:
        # numba reads the setting when it is given a function.
        given = config.CACHE_DIR
        config.CACHE_DIR = str(FOLDER)
        try:
            return njit(**options)(function)
        finally:
            config.CACHE_DIR = given

    return decorate
