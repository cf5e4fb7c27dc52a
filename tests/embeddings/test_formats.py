"""Own embeddings in every format: what is read, and what is refused."""

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from embrittle.embeddings import formats
from embrittle.embeddings.matching import read_model
from embrittle.embeddings.settings import ENDINGS
from embrittle.errors import DataError
from exported import FORMATS, exported, text_table, word2vec

USERS, ITEMS = [f"u {n}" for n in range(7)], ["007", "7", "Ärger", "a,b", "x"]
RNG = np.random.default_rng(3)
USER_FACTORS = RNG.normal(0, 1e-3, (7, 3)).astype(np.float32)
ITEM_FACTORS = RNG.normal(0, 1e3, (5, 3)).astype(np.float32)
BIAS = RNG.normal(0, 1, 5).astype(np.float32)


def read_all(path, **more):
    rows = list(formats.read(formats.Source(Path(path), **more)))
    return np.concatenate([r.ids for r in rows]), np.concatenate([r.factors for r in rows])


def test_every_ending_has_a_reader_and_every_reader_an_ending():
    assert set(ENDINGS.values()) == set(formats.READERS)


@pytest.mark.parametrize("chunk", [2, 2**16])
@pytest.mark.parametrize("name", FORMATS)
def test_float32_comes_back_bit_for_bit_from_every_format(tmp_path, monkeypatch, name, chunk):
    monkeypatch.setattr(formats, "CHUNK", chunk)
    monkeypatch.setattr(formats, "_LINES", chunk)
    with_bias = "word2vec" not in name
    entry = exported(
        tmp_path / "files",
        name,
        (USERS, USER_FACTORS),
        (ITEMS, ITEM_FACTORS, BIAS if with_bias else None),
    )
    model, fixed = read_model(entry, USERS, ITEMS)
    assert fixed == with_bias
    users, items = model["user_factors"], model["item_factors"]
    assert (users.dtype, items.dtype) == (np.float32, np.float32)
    assert users[:, :3].tobytes() == USER_FACTORS.tobytes()
    assert items[:, :3].tobytes() == ITEM_FACTORS.tobytes()
    if with_bias:
        assert items[:, 3].tobytes() == BIAS.tobytes()
        np.testing.assert_array_equal(users[:, 3], 1)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("index", "name"), [(None, None), ("index", "index"), ("row", "row"), ("Unnamed: 0",) * 2]
)
def test_row_numbers_are_no_factor(tmp_path, ending, index, name):
    path = tmp_path / f"items.{ending}"
    table = pd.DataFrame({"sku": [f"i{n}" for n in range(6)], "a": 0.5, "b": 0.25})
    if index:
        table = table.rename_axis(index).reset_index()
    write = {"csv": table.to_csv, "parquet": table.to_parquet}[ending]
    write(path, index=index is None and ending == "csv")
    if index is None and ending == "parquet":
        assert read_all(path, id_column="sku")[1].shape == (6, 2)
        return
    with pytest.raises(DataError, match=re.escape(f"the column {name or ''!r} looks like the row")):
        read_all(path, id_column="sku")


def test_a_factor_may_be_whole_or_ascending(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("sku,a,b\nx,0,1\ny,1,1\nz,2,1\n")  # too few rows to tell
    assert read_all(path)[1].tolist() == [[0, 1], [1, 1], [2, 1]]
    path.write_text("sku,a,b\nw,0,0.5\nx,1,0\ny,2,1\nz,4,2\n")
    assert read_all(path)[1].shape == (4, 2)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
@pytest.mark.parametrize("name", FORMATS)
def test_other_floats_are_stored_as_float32(tmp_path, name, kind):
    factors = ITEM_FACTORS.astype(kind)
    entry = exported(tmp_path / "files", name, (USERS, USER_FACTORS.astype(kind)), (ITEMS, factors))
    model, _ = read_model(entry, USERS, ITEMS)
    # As text, float16 is written with fewer digits than the number has.
    written = [[float(str(value)) for value in row] for row in factors]
    exact = FORMATS[name] not in (text_table, word2vec)
    expected = np.array(factors if exact else written, dtype=np.float32)
    np.testing.assert_array_equal(model["item_factors"], expected)


def test_ids_may_be_numbers_categories_or_floats_that_are_whole(tmp_path):
    path = tmp_path / "items.parquet"
    for column in (
        pa.array([3, 1, 2]),
        pa.array([3.0, 1.0, 2.0]),
        pa.array(["3", "1", "2"]).dictionary_encode(),
    ):
        pq.write_table(pa.table({"f": [0.5, 1, 2], "sku": column}), path)
        ids, factors = read_all(path, id_column="sku")
        assert ids.tolist() == ["3", "1", "2"]
        assert factors.tolist() == [[0.5], [1], [2]]


@pytest.mark.parametrize(
    "text", ["[0.5, -1e-3, 2]", "0.5 -0.001  2", "0.5|-1E-3|2", "[ 0.5\t-.001 2.0 ]"]
)
def test_lists_in_text(tmp_path, text):
    path = tmp_path / "items.csv"
    pd.DataFrame({"id": ["a"], "factors": [text]}).to_csv(path, index=False)
    np.testing.assert_array_equal(read_all(path)[1], np.float32([[0.5, -1e-3, 2]]))


def test_separators_quotes_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text('\ufeffid;f0;f1\r\n"a;b";1;2\r\nNA;3;4\r\n', encoding="utf-8")
    ids, factors = read_all(path)
    assert ids.tolist() == ["a;b", "NA"]
    assert factors.tolist() == [[1, 2], [3, 4]]


class Harmful:
    """Unpickling makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_pickled_is_loaded(tmp_path):
    trace = tmp_path / "trace"
    harmful = np.array([[Harmful(trace)]], dtype=object)
    for name in ("a.npy", "a.csv", "a.parquet", "a.safetensors", "a.vec"):
        path = tmp_path / name
        with path.open("wb") as file:
            np.save(file, harmful, allow_pickle=True) if name == "a.npy" else pickle.dump(
                harmful, file
            )
        (tmp_path / "ids").write_text("1\n")
        with pytest.raises(DataError, match=re.escape(str(path))):
            read_all(path, ids=tmp_path / "ids")
    assert not trace.exists()


@pytest.mark.parametrize("name", ["a.pt", "a.PKL", "a.pickle", "a.pth", "a.ckpt", "a.joblib"])
def test_what_may_be_pickled_is_refused_by_its_name(tmp_path, name):
    with pytest.raises(DataError, match=r"may be pickled.*docs/embeddings\.md"):
        read_all(tmp_path / name)


def write(path, content):
    if isinstance(content, dict):
        pq.write_table(pa.table(content), path)
    elif isinstance(content, np.ndarray):
        np.save(path, content)
    else:
        path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "id,f0\n", "a.csv has no rows"),
        ("a.csv", "a,0.5,-1\nb,1,2\n", "the first line holds numbers; it must hold the names"),
        ("a.csv", "id,f0,name\n1,2,x\n", "a.csv cannot be read: .*double.*invalid value 'x'"),
        ("a.csv", "id,f0,f1\n1,2\n", "a.csv cannot be read: .*Expected 3 columns, got 2"),
        ("a.csv", "id,factors\n1,x y\n", "column 'factors' must hold a number, or numbers with"),
        ("a.csv", "id\n1\n", "has only the columns id: it needs a column of ids and"),
        ("a.csv", "id,f,f\n1,2,3\n", "two columns of one name"),
        ("a.parquet", {"id": [1], "f": [0.5], "name": ["x"]}, "column 'name' holds string, not"),
        (
            "a.parquet",
            {"f": [0.5], "id": [1], "g": [1.0]},
            "column 'f' holds fractions and is taken",
        ),
        ("a.parquet", {"f": [[0.5]], "id": [1]}, "column 'f' holds lists and is taken for the ids"),
        (
            "a.parquet",
            {"id": [1], "f": [[0.5]], "g": [1.0]},
            "column 'f' holds list.*, not numbers",
        ),
        ("a.parquet", "id,f\n1,2\n", "a.parquet cannot be read"),
        ("a.npy", np.zeros(3), r"holds float64 of shape \(3,\): save a matrix"),
        ("a.npy", np.array([["x"]]), "holds <U1 of shape"),
        ("a.npy", np.zeros((3, 2)), "ids has 2 ids, but .*a.npy has 3 rows"),
        ("a.vec", "a 0.5 1\n", "the first line of word2vec's text format holds"),
        ("a.vec", "1 2\na 0.5\n", "a.vec, line 2: expected an id and 2 numbers"),
        ("a.vec", "1 2\na 0.5 x\n", "a.vec cannot be read: could not convert string to float: 'x'"),
        ("a.vec", "2 1\na 0.5\n", "a.vec is incomplete: its first line says 2 rows, it has 1"),
        ("a.xlsx", "", r"has none of the endings \.parquet, .*docs/embeddings\.md"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, name, content, message):
    write(tmp_path / name, content)
    (tmp_path / "ids").write_text("1\n2\n")
    ids = tmp_path / "ids" if name.endswith("npy") else None
    with pytest.raises(DataError, match=message):
        read_all(tmp_path / name, ids=ids)


def test_a_file_that_is_not_there_and_columns_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv not found"):
        read_all(tmp_path / "a.csv")
    write(tmp_path / "a.csv", "id,f0\n1,2\n")
    with pytest.raises(DataError, match="has no column 'user'; its columns are id, f0"):
        read_all(tmp_path / "a.csv", id_column="user")
    with pytest.raises(DataError, match="has no column 'b'"):
        read_all(tmp_path / "a.csv", bias_column="b", needs_bias=True)


def test_safetensors_hold_one_matrix(tmp_path):
    (tmp_path / "ids").write_text("1\n")
    one = np.ones((1, 2), np.float32)
    source = {"ids": tmp_path / "ids"}
    save_file({"a": one, "b": one}, tmp_path / "a.safetensors")
    with pytest.raises(DataError, match="holds the arrays a, b: save one matrix"):
        read_all(tmp_path / "a.safetensors", **source)
    save_file({"a": one}, tmp_path / "b.safetensors")
    with pytest.raises(DataError, match=r"holds the arrays a: .* a vector 'beta' of them"):
        read_all(tmp_path / "b.safetensors", bias_column="beta", needs_bias=True, **source)


@pytest.mark.parametrize("n_biases", [1, 3])
def test_biases_are_as_many_as_items(tmp_path, n_biases):
    write(tmp_path / "a.csv", "id,f0\n1,2\n2,3\n")
    write(tmp_path / "bias.npy", np.zeros(n_biases))
    with pytest.raises(DataError, match=f"bias.npy has {n_biases} biases, which is not the number"):
        read_all(tmp_path / "a.csv", bias_file=tmp_path / "bias.npy")
