"""The hot loops: compiled for the CPU, in torch for CUDA, and a plain reference.

`cpu` and `cuda` implement the same interface (`backend.Backend`). The tests compare both with `reference`, which uses
torch autograd.
"""

import hashlib
from pathlib import Path

from numba.core import config as numba_config


def _cache_folder() -> str:
    """Return a cache folder for numba, named after a digest of this package's code.

    numba recompiles a loop when the loop's own file changes, but not when a function inlined from another file
    changes. With one cache folder for all versions of the code, such an edit would leave outdated machine code in use.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = Path(numba_config.CACHE_DIR or Path(__file__).parent / "__pycache__")
    return str(folder / f"loops-{digest}")


numba_config.CACHE_DIR = _cache_folder()
