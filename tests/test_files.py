"""Files between stages: read as written, and never there by half."""

import errno
import math
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embrittle.files import (
    count_rows,
    read_columns,
    read_csv,
    read_json,
    read_tensors,
    write_csv,
    write_json,
    write_parquet,
    write_tensors,
    write_text,
    written_atomically,
)
from embrittle.vocabulary import NAME_COLUMNS

WRITERS = {
    "text": "write_text('x' * 1_000_000, path)",
    "json": "write_json(list(range(200_000)), path)",
    "csv": "write_csv(pd.DataFrame({'a': np.arange(200_000)}), path)",
    "parquet": "write_parquet({'a': np.random.default_rng(0).random(200_000)}, path)",
    "tensors": "write_tensors({'a': np.ones(200_000)}, path, {'seed': 1})",
}


def run(script, **names):
    """Run a script that has the writers at hand; return its exit status and what it printed."""
    start = """
        import os, resource, signal
        import numpy as np, pandas as pd
        from embrittle.files import *
    """
    given = "\n".join(f"{name} = {str(value)!r}" for name, value in names.items())
    code = "\n".join([textwrap.dedent(start), given, textwrap.dedent(script)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.returncode, done.stdout.strip(), done.stderr


# --- Nothing by half ----------------------------------------------------------------------------------


def test_a_file_appears_under_its_name_only_when_complete(tmp_path):
    path = tmp_path / "new" / "folder" / "table.csv"
    with written_atomically(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent  # one file system: a rename is enough
        assert temporary.suffix == ".csv"
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["table.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_no_temporary(tmp_path, error):
    path = tmp_path / "table.csv"
    write_text("old", path)

    def write_half():
        with written_atomically(path) as temporary:
            temporary.write_text("half of the new")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_a_writer_that_writes_nothing_is_an_error_not_an_old_file(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(FileNotFoundError), written_atomically(path):
        pass
    assert not path.exists()


def test_a_killed_job_leaves_nothing_under_the_name(tmp_path):
    path = tmp_path / "model.safetensors"
    status, _, _ = run(
        """
        with written_atomically(path) as temporary:
            temporary.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        path=path,
    )
    assert status == -signal.SIGKILL
    assert not path.exists()
    write_text("whole", path)  # what the killed one left is in nobody's way
    assert path.read_text() == "whole"


def killed_while_writing(path):
    """The temporary file that a killed process has left, and its process id."""
    _, process, _ = run(
        """
        print(os.getpid(), flush=True)
        with written_atomically(path) as temporary:
            temporary.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        path=path,
    )
    (left,) = path.parent.iterdir()
    return left, process


def test_only_files_of_dead_processes_of_this_host_are_removed(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    left, process = killed_while_writing(path)
    assert f".{process}." in left.name

    # On another node no process has this id, and the file may still be written.
    monkeypatch.setattr(socket, "gethostname", lambda: "another-node")
    write_text("whole", path)
    assert left.exists()

    # A process of this host that is alive has this id.
    monkeypatch.undo()
    alive = left.rename(left.with_name(left.name.replace(f".{process}.", f".{os.getpid()}.")))
    write_text("whole", path)
    assert alive.exists()

    left = alive.rename(left)
    write_text("whole", path)
    assert os.listdir(tmp_path) == [path.name]


def test_a_container_with_the_name_of_its_host_is_another_place(tmp_path, monkeypatch):
    left, _ = killed_while_writing(tmp_path / "model.safetensors")
    monkeypatch.setattr(os, "readlink", lambda path: "pid:[1]")
    write_text("whole", tmp_path / "model.safetensors")
    assert left.exists()


def test_two_writers_with_one_process_id_have_their_own_files(tmp_path):
    path = tmp_path / "table.csv"
    with written_atomically(path) as first, written_atomically(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # the last to be renamed
    assert os.listdir(tmp_path) == ["table.csv"]


def test_the_folder_is_flushed_after_the_rename(tmp_path, monkeypatch):
    path, done = tmp_path / "table.csv", []
    fsync, replace = os.fsync, os.replace

    def traced_fsync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def traced_replace(source, target):
        done.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(os, "replace", traced_replace)
    write_text("whole", path)
    assert done == ["file", "rename", "folder"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_folders_is_good_enough(tmp_path, monkeypatch, code):
    fsync = os.fsync

    def refuse_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    write_text("whole", tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "whole"


@pytest.mark.parametrize("old", [None, "old"], ids=["new", "existing"])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_leaves_what_was_there(tmp_path, writer, old):
    path = tmp_path / "output"
    if old:
        path.write_text(old)
    # A limit on the size of files ends a write in the middle, as a full disk does.
    status, printed, errors = run(
        f"""
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            {WRITERS[writer]}
        except Exception as error:
            print(type(error).__name__)
        """,
        path=path,
    )
    assert status == 0, errors
    assert printed  # the job has failed, it did not go on
    assert os.listdir(tmp_path) == (["output"] if old else [])
    assert not old or path.read_text() == old


# --- Round trips --------------------------------------------------------------------------------------


def test_text_and_json(tmp_path):
    write_text("ε = 0.5\n", tmp_path / "a.md")
    assert (tmp_path / "a.md").read_bytes() == "ε = 0.5\n".encode()
    content = {"b": [1, 2.5, None, "ñ"], "a": {"x": True}}
    write_json(content, tmp_path / "a.json")
    assert read_json(tmp_path / "a.json") == content
    text = (tmp_path / "a.json").read_text()
    assert text.index('"a"') < text.index('"b"')
    assert text.endswith("}\n")


def test_csv_has_no_index(tmp_path):
    write_csv(pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[5, 6]), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n1,x\n2,\n"


@pytest.mark.parametrize("name", ["2023", "007", "NA", "None", "nan", "true", "1e5", "null", "inf"])
def test_names_in_csv_are_text_whatever_they_look_like(tmp_path, name):
    written = pd.DataFrame({column: [name, name] for column in NAME_COLUMNS})
    written = written.assign(note=["", name], k=[10, 5], value=[0.5, np.nan])
    write_csv(written, tmp_path / "a.csv")
    read = read_csv(tmp_path / "a.csv", text=["note"])
    for column in NAME_COLUMNS:
        assert read[column].tolist() == [name, name]
    assert (read["note"].isna().tolist(), read["note"][1]) == ([True, False], name)
    assert read["k"].tolist() == [10, 5]
    assert read["value"].isna().tolist() == [False, True]


def test_every_column_of_tidy_tables_holds_names_numbers_or_fixed_words():
    from embrittle.metrics.evaluation import FAIRNESS_COLUMNS, GROUP_COLUMNS
    from embrittle.products.table1.cells import CELL

    numbers = {"seed", "epsilon", "iterations", "k", "members", "hits", "value"}
    fixed = {"metric", "measure", "note"}
    columns = {*GROUP_COLUMNS, *FAIRNESS_COLUMNS, *CELL}
    assert columns - numbers - fixed == set(NAME_COLUMNS) - {"source"}


@pytest.mark.parametrize("form", [dict, pd.DataFrame, pa.table], ids=["mapping", "pandas", "arrow"])
def test_parquet_keeps_values_types_and_order_of_columns(tmp_path, form):
    columns = {
        "user": np.array([3, 1, 2], np.int32),
        "rank": np.array([1, 2, 3], np.int16),
        "score": np.array([0.1, np.nan, -1e30], np.float32),
    }
    # A folder that looks like a partition must not become a column, or take one's place.
    path = tmp_path / "score=7" / "lists.parquet"
    write_parquet(form(columns), path)
    assert count_rows(path) == 3
    score, user = read_columns(path, "score", "user")
    np.testing.assert_array_equal(score, columns["score"])
    np.testing.assert_array_equal(user, columns["user"])
    assert (score.dtype, user.dtype) == (np.float32, np.int32)
    assert read_columns(path, "rank")[0].dtype == np.int16
    assert pq.ParquetFile(path).schema_arrow.names == ["user", "rank", "score"]


def test_an_empty_table_keeps_its_columns(tmp_path):
    write_parquet({"user": np.empty(0, np.int32)}, tmp_path / "empty.parquet")
    assert count_rows(tmp_path / "empty.parquet") == 0
    assert read_columns(tmp_path / "empty.parquet", "user")[0].dtype == np.int32


METADATA = {"model": "AMF", "seed": 3, "score": None, "loss": math.inf, "curve": [{"epoch": 1}]}


def test_tensors_and_their_metadata(tmp_path):
    path = tmp_path / "model.safetensors"
    tensors = {
        "user_factors": np.array([[0.1, -0.0], [np.nan, 1e-45]], np.float32),
        "transposed": np.arange(6).reshape(2, 3).T,  # not contiguous
    }
    write_tensors(tensors, path, METADATA)
    read, about = read_tensors(path)
    assert about == METADATA
    assert set(read) == set(tensors)
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        assert read[name].tobytes() == np.ascontiguousarray(array).tobytes()


def test_the_same_tensors_and_metadata_are_the_same_bytes(tmp_path):
    contents = set()
    for n in range(8):
        write_tensors({"b": np.ones(3), "a": np.zeros(2)}, tmp_path / str(n), METADATA)
        contents.add((tmp_path / str(n)).read_bytes())
    assert len(contents) == 1


def test_tensors_without_metadata(tmp_path):
    write_tensors({"a": np.ones(2)}, tmp_path / "a.safetensors", {})
    tensors, about = read_tensors(tmp_path / "a.safetensors")
    assert (tensors["a"].tolist(), about) == ([1, 1], {})
