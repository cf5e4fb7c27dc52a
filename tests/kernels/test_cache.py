"""Where compiled loops are kept: nobody else's settings or files change, and old versions do not pile up."""

import os
import re
import subprocess
import sys
import time

import pytest

from embrittle.kernels.cache import DAY, UNUSED_DAYS, note_use
from tiny_study import ROOT

PROGRAM = """
import numba
from numba.core import config

@numba.njit(cache=True)
def before():
    return 1

given = config.CACHE_DIR
from embrittle.kernels import numba_gradient, numba_ranking, numba_training, sampling

@numba.njit(cache=True)
def after():
    return 2

ours = [
    numba_ranking.best_items, numba_gradient.ascent_step, sampling._shuffle_rows,
    numba_gradient.gradient_kernel(8, "bpr"), numba_training.epoch_kernel(8, False, "bpr"),
]
print(config.CACHE_DIR == given)
print(before.stats.cache_path)
print(after.stats.cache_path)
print(*sorted({loop.stats.cache_path for loop in ours}))
"""


@pytest.mark.parametrize("given", [True, False], ids=["NUMBA_CACHE_DIR", "no setting"])
def test_the_cache_of_who_imports_the_library_stays_where_it_is(tmp_path, given):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("NUMBA_CACHE_DIR", None)
    if given:
        environment["NUMBA_CACHE_DIR"] = str(tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, program], env=environment, capture_output=True, text=True, check=True
    )
    same, before, after, ours = done.stdout.splitlines()
    assert same == "True"
    assert before == after
    home = tmp_path / "cache" if given else ROOT / "src" / "embrittle" / "kernels" / "__pycache__"
    assert re.match(rf"{re.escape(str(home))}/loops-[0-9a-f]{{16}}/[^ ]+$", ours)
    assert before.startswith(str(tmp_path / ("cache" if given else "__pycache__")))
    assert "loops-" not in before


def folders(home, **days):
    """Folders of versions of the code that were last used so many days ago."""
    now = time.time()
    made = {}
    for letter, ago in days.items():
        made[letter] = home / f"loops-{letter * 16}"
        (made[letter] / "kernels_0").mkdir(parents=True)
        (made[letter] / "kernels_0" / "loop.nbc").write_text("")
        os.utime(made[letter], (now - ago * DAY, now - ago * DAY))
    return made


def test_folders_of_versions_that_are_long_unused_are_removed(tmp_path):
    made = folders(tmp_path, a=UNUSED_DAYS + 1, b=UNUSED_DAYS - 1, c=UNUSED_DAYS + 1)
    others = [tmp_path / "loops-of-mine", tmp_path / "another_0"]
    for other in others:
        other.mkdir()
        os.utime(other, (0, 0))
    note_use(made["c"])  # is in use again
    assert not made["a"].exists()
    assert made["b"].exists()
    assert (made["c"] / "kernels_0" / "loop.nbc").exists()
    assert time.time() - made["c"].stat().st_mtime < DAY
    assert all(other.exists() for other in others)


def test_use_is_noted_once_a_day(tmp_path):
    made = folders(tmp_path, a=UNUSED_DAYS + 1, b=0.5)
    noted = made["b"].stat().st_mtime
    note_use(made["b"])
    assert made["b"].stat().st_mtime == noted
    assert made["a"].exists()  # until tomorrow
    note_use(tmp_path / f"loops-{'d' * 16}")  # a new version
    assert not made["a"].exists()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    note_use(tmp_path / "file" / f"loops-{'a' * 16}")


def test_no_job_loads_what_only_other_programs_compile():
    """numba looks for scipy.linalg as it compiles its first loop; afterwards, others can import it as ever."""
    code = """
import sys
import numpy as np
from embrittle.kernels.sampling import draw_negatives
draw_negatives(np.array([0, 1]), np.array([0], np.int32), 3, np.random.SeedSequence(0))
assert "scipy.linalg" not in sys.modules
from numba import njit
import scipy.linalg.cython_blas
product = njit(lambda a, b: np.dot(a, b))(np.eye(2), np.ones((2, 2)))
assert (product == 1).all()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
