"""Files of trajectories: what is written as it comes, and one condition read from it alone."""

import gc
import weakref

import numpy as np
import pyarrow.parquet as pq
import pytest

from embrittle.attacks.norms import NOTHING_SPENT
from embrittle.attacks.trajectories import (
    Snapshot,
    located,
    spent_by_iterations,
    trajectories,
    write_snapshots,
)
from embrittle.errors import DataError
from embrittle.metrics.evaluation import read_lists, read_spent
from embrittle.study.missing import iterations_in

N_USERS, LENGTH = 5, 3
STEPS = (1, 2, 10, 300)


def spent(iterations):
    return {name: float(iterations) for name in NOTHING_SPENT}


def columns(iterations):
    """Lists whose items and scores tell the number of iterations."""
    return {
        "user": np.repeat(np.arange(N_USERS, dtype=np.int32), LENGTH),
        "rank": np.tile(np.arange(1, LENGTH + 1, dtype=np.int16), N_USERS),
        "item": np.arange(N_USERS * LENGTH, dtype=np.int32) + 1000 * iterations,
        "score": np.full(N_USERS * LENGTH, iterations / 8, np.float32),
    }


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "score=7" / "bim_epsilon-0.5.parquet"
    write_snapshots((Snapshot(L, columns(L), spent(L)) for L in STEPS), file)
    return file


def test_each_condition_has_its_own_rows(path):
    for iterations in reversed(STEPS):
        lists = read_lists(path, ("bim", "0.5", iterations), N_USERS, LENGTH)
        np.testing.assert_array_equal(lists.items.ravel(), columns(iterations)["item"])
        assert (lists.scores == np.float32(iterations / 8)).all()
        assert read_spent(path, ("bim", "0.5", iterations)) == spent(iterations)


def test_a_snapshot_is_a_row_group_with_its_number(path):
    file = pq.ParquetFile(path)
    assert {field.name: str(field.type) for field in file.schema_arrow} == {
        "user": "int32", "rank": "int16", "item": "int32", "score": "float", "iterations": "int32",
    }  # fmt: skip
    groups = [file.read_row_group(n)["iterations"].unique().to_pylist() for n in range(len(STEPS))]
    assert groups == [[L] for L in STEPS]
    assert file.num_row_groups == len(STEPS)


def test_one_condition_is_read_without_the_others(path):
    """Bytes of the others are damaged, which their own reading notices."""
    footer = pq.read_metadata(path)
    content = bytearray(path.read_bytes())
    for group in (0, 1, 3):
        for number in range(4):
            chunk = footer.row_group(group).column(number)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            content[start + chunk.total_compressed_size - 2] ^= 255
    path.write_bytes(content)
    lists = read_lists(path, ("bim", "0.5", 10), N_USERS, LENGTH)
    np.testing.assert_array_equal(lists.items.ravel(), columns(10)["item"])
    for iterations in (1, 2, 300):
        with pytest.raises(DataError, match=r"bim_epsilon-0\.5\.parquet is damaged"):
            read_lists(path, ("bim", "0.5", iterations), N_USERS, LENGTH)


def test_iterations_that_a_file_lacks_are_named(path):
    said = r"bim_epsilon-0\.5\.parquet has no lists after 20 iterations, only after: 1, 2, 10, 300"
    for read in (lambda c: read_lists(path, c, N_USERS, LENGTH), lambda c: read_spent(path, c)):
        with pytest.raises(DataError, match=said):
            read(("bim", "0.5", 20))


def test_what_is_there_is_told_by_the_footer(path):
    assert iterations_in(path) == list(STEPS)
    assert list(spent_by_iterations(path)) == list(STEPS)
    assert iterations_in(path.with_name("pgd.parquet")) == []
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="is damaged"):
        iterations_in(path)


def test_more_rows_than_pyarrow_puts_into_a_group_by_itself(tmp_path):
    n_users = 2**20 // 4 + 1
    lists = {
        "user": np.repeat(np.arange(n_users, dtype=np.int32), 4),
        "rank": np.tile(np.arange(1, 5, dtype=np.int16), n_users),
        "item": np.tile(np.arange(4, dtype=np.int32), n_users),
        "score": np.zeros(4 * n_users, np.float32),
    }
    path = tmp_path / "long.parquet"
    write_snapshots((Snapshot(L, lists, spent(L)) for L in (1, 2)), path)
    assert pq.read_metadata(path).num_row_groups == 2
    assert (read_lists(path, ("bim", 1, 2), n_users, 4).items == np.arange(4)).all()


def test_lists_that_are_all_empty_are_there(tmp_path):
    nothing = {name: column[:0] for name, column in columns(1).items()}
    parts = [Snapshot(1, nothing, spent(1)), Snapshot(2, columns(2), spent(2))]
    write_snapshots(parts, tmp_path / "short.parquet")
    lists = read_lists(tmp_path / "short.parquet", ("bim", 1, 1), N_USERS, LENGTH)
    assert (lists.items == -1).all()


class Columns(dict):
    """Lists that a weak reference can be kept of."""


def test_one_set_of_lists_is_in_memory_at_a_time(tmp_path):
    made = []

    def lists(iterations):
        gc.collect()
        assert all(earlier() is None for earlier in made)
        result = Columns(columns(iterations))
        made.append(weakref.ref(result))
        return result

    write_snapshots((Snapshot(L, lists(L), spent(L)) for L in STEPS), tmp_path / "file.parquet")
    assert len(made) == len(STEPS)


def test_a_trajectory_that_fails_half_way_leaves_nothing(tmp_path):
    def failing():
        yield Snapshot(1, columns(1), spent(1))
        raise MemoryError

    with pytest.raises(MemoryError):
        write_snapshots(failing(), tmp_path / "bim.parquet")
    assert list(tmp_path.iterdir()) == []


def test_the_same_snapshots_are_the_same_bytes(path, tmp_path):
    again = tmp_path / "again.parquet"
    write_snapshots((Snapshot(L, columns(L), spent(L)) for L in STEPS), again)
    assert again.read_bytes() == path.read_bytes()


CONDITIONS = [("initial", "0", 0), ("bim", "0.5", 1), ("bim", "0.5", 2), ("pgd", "0.5", 2)]


def test_a_condition_finds_its_file_whatever_the_order():
    assert trajectories(CONDITIONS) == [("initial", "0"), ("bim", "0.5"), ("pgd", "0.5")]
    assert located(["a", "b", "c"], CONDITIONS) == list(zip("abbc", CONDITIONS, strict=True))
    mixed = [CONDITIONS[n] for n in (2, 3, 0, 1)]
    assert located(["b", "c", "a"], mixed) == list(zip("bcab", mixed, strict=True))
    for files in (["a", "b"], ["a", "b", "b", "c"]):
        with pytest.raises(ValueError, match="zip"):
            located(files, CONDITIONS)
