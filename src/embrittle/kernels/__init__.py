"""Where the hot loops are: compiled for the CPU, in torch for CUDA, and a plain reference for both.

`cpu` and `cuda` offer the same functions (`Backend` in `backend.py`); `reference` is the torch-autograd version
that the tests hold both against.
"""

import hashlib
from pathlib import Path

from numba.core import config as numba_config


def _cache_folder() -> str:
    """A folder of compiled loops for just this state of the code.

    numba compiles a loop again when its own file changes, but not when a function that it inlines from another file
    does; without this an edit in one file would leave the old machine code of another in use.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = Path(numba_config.CACHE_DIR or Path(__file__).parent / "__pycache__")
    return str(folder / f"loops-{digest}")


numba_config.CACHE_DIR = _cache_folder()
