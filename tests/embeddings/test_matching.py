"""Own embeddings and the data's ids: which row belongs to whom, and what is wrong with the ids."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embrittle.data.normal_form import normalise
from embrittle.data.splits import split_interactions
from embrittle.embeddings.dropping import with_embeddings
from embrittle.embeddings.formats import Rows, Source
from embrittle.embeddings.matching import matched, read_model
from embrittle.errors import DataError

RANDOM = {"method": "random", "seed": 0, "validation": False}
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)


def chunks(ids, factors, size=3, bias=None):
    ids = np.array(ids, dtype=object)
    for first in range(0, len(ids), size):
        part = slice(first, first + size)
        yield Rows(ids[part], factors[part], None if bias is None else bias[part])


def match(ids, factors, known, kind="item", **more):
    return matched(chunks(ids, np.float32(factors), **more), known, kind, Source("items.csv"))


@given(st.data())
def test_every_id_gets_its_row_in_any_order_whatever_else_is_there(data):
    ids = data.draw(st.lists(IDS, min_size=1, max_size=20, unique=True))
    n_known = data.draw(st.integers(1, len(ids)))
    known = data.draw(st.permutations(ids[:n_known]))
    size = data.draw(st.integers(1, 7))
    order = data.draw(st.permutations(range(len(ids))))
    factors = np.arange(2 * len(ids), dtype=np.float32).reshape(-1, 2)
    bias = -np.arange(len(ids), dtype=np.float32)
    shuffled = [ids[n] for n in order]
    values, has_bias = match(shuffled, factors[order], known, size=size, bias=bias[order])
    assert has_bias
    for row, name in zip(values, known, strict=True):
        n = ids.index(name)
        assert row.tolist() == [2 * n, 2 * n + 1, -n]


@given(st.data())
def test_ids_without_a_row_and_with_several_are_counted(data):
    known = data.draw(st.lists(IDS, min_size=2, max_size=20, unique=True))
    rows = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=30))
    lacking = [name for name in known if name not in rows]
    twice = [name for name in known if rows.count(name) > 1]
    if not lacking and not twice:
        match(rows, np.zeros((len(rows), 1)), known)
        return
    with pytest.raises(DataError) as error:
        match(rows, np.zeros((len(rows), 1)), known)
    lines = str(error.value).splitlines()
    named = {
        "have no embedding": (f"{len(lacking)} of {len(known)} items", lacking),
        "have several rows": (f"{len(twice)} items", twice),
    }
    for words, (count, names) in named.items():
        (said,) = [line for line in lines if words in line] or [""]
        assert bool(said) == bool(names)
        if names:
            assert said.startswith(f"items.csv: {count} ")
            assert ", ".join(map(repr, names[:5])) in said
            assert ("..." in said) == (len(names) > 5)


def test_all_mistakes_in_the_rows_are_said_at_once():
    known = [f"i{n}" for n in range(8)]
    ids = ["i0", "i1", None, "i1", "i2", "else", "i3"]
    factors = np.zeros((7, 2))
    factors[0, 0], factors[4, 1] = np.nan, np.inf
    with pytest.raises(DataError) as error:
        match(ids, factors, known)
    assert str(error.value).splitlines() == [
        "items.csv: 1 of 7 rows have no item id: give every row an id",
        "items.csv: 1 items have several rows: 'i1'. Keep one row of each",
        "items.csv: 4 of 8 items of the data have no embedding: 'i4', 'i5', 'i6', 'i7'. Add them, or set "
        "`missing: drop`, which removes them from the data set",
        "items.csv: 2 items have values that are missing, NaN, infinite or too large for float32: 'i0', 'i2'",
    ]


def test_where_most_ids_lack_embeddings_dropping_is_not_suggested():
    with pytest.raises(DataError) as error:
        match(["i0", "i1"], np.zeros((2, 2)), [f"i{n}" for n in range(5)])
    assert str(error.value) == (
        "items.csv: 3 of 5 items of the data have no embedding: 'i2', 'i3', 'i4'. These are more than half: are the "
        "files of users and items swapped, or of another data set?"
    )


def test_what_is_too_large_for_float32_is_not_taken_for_infinity(tmp_path):
    (tmp_path / "u.csv").write_text("id,f0,f1\na,1,2\n")
    (tmp_path / "i.csv").write_text("id,f0,f1\nx,1,1e39\ny,,1\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    with pytest.raises(DataError, match=r"2 items have values .* too large for float32: 'x', 'y'"):
        read_model(entry, ["a"], ["x", "y"])


def test_lists_of_several_lengths_are_counted(tmp_path):
    (tmp_path / "u.csv").write_text("id,f0,f1\na,1,2\n")
    (tmp_path / "i.csv").write_text("id,list\nx,1 2\ny,1 2 3\nz,1\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    with pytest.raises(DataError, match=r"lists of 2 items have another length .*: 'y', 'z'"):
        read_model(entry, ["a"], ["x", "y", "z"])


def test_users_and_items_have_as_many_factors(tmp_path):
    (tmp_path / "u.csv").write_text("id,f0,f1\na,1,2\n")
    (tmp_path / "i.csv").write_text("id,f0,bias\nx,1,1\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    with pytest.raises(DataError, match=r"users have 2 factors \(.*u.csv\), items 1 \(.*i.csv\)"):
        read_model(entry, ["a"], ["x"])


def test_ids_that_are_not_in_the_data_are_left_out_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        values, _ = match(["b", "x", "y", "a"], [[1], [2], [3], [4]], ["a", "b"])
    assert values.tolist() == [[4], [1]]
    assert "2 items are not in the data and left out: 'x', 'y'" in caplog.text


def test_embeddings_of_other_data_are_said_to_be_so():
    with pytest.raises(
        DataError, match=r"none of its 2 item ids is in the data \(here 'x', 'y', in "
    ):
        match(["x", "y"], [[1], [2]], ["a", "b"])


def test_biases_of_users_are_left_out(tmp_path):
    (tmp_path / "u.csv").write_text("id,bias,f0\na,9,2\n")
    (tmp_path / "i.csv").write_text("id,f0\nx,1\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    model, fixed = read_model(entry, ["a"], ["x"])
    assert (model["user_factors"].tolist(), fixed) == ([[2]], 0)


def test_users_and_items_without_an_embedding_leave_the_data_set(tmp_path):
    pairs = pd.DataFrame({"user": list("aabbcc"), "item": list("xyyzzx")}).rename_axis("row")
    (tmp_path / "u.csv").write_text("id,f0\na,1\nb,1\nelse,1\n")
    (tmp_path / "i.csv").write_text("id,f0\nx,1\ny,1\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    form = with_embeddings(normalise(pairs, "pairs"), [entry], RANDOM)
    assert form.users["id"].tolist() == ["a", "b"]
    assert form.items["id"].tolist() == ["x", "y"]
    assert form.interactions[["user", "item"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 1]]
    model, _ = read_model(entry, form.users["id"], form.items["id"])
    assert model["user_factors"].shape == (2, 1)
    (tmp_path / "i.csv").write_text("id,f0\nelse,1\n")
    with pytest.raises(DataError, match="no interaction has a user and an item with embeddings in"):
        with_embeddings(normalise(pairs, "pairs"), [entry], RANDOM)


def test_dropping_moves_no_training_interaction_into_the_test_part(tmp_path, caplog):
    """An item that is held out of all training has no embedding; the interaction before it was trained on."""
    pairs = pd.DataFrame(
        {"user": list("aaabbb"), "item": list("xyzxyw"), "timestamp": [1, 2, 3, 1, 3, 2]}
    )
    (tmp_path / "u.csv").write_text("id,f0\na,1\nb,1\n")
    (tmp_path / "i.csv").write_text("id,f0\nx,1\ny,1\nw,1\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    last = {"method": "last", "seed": 0, "validation": False}
    complete = normalise(pairs.rename_axis("row"), "pairs")
    with caplog.at_level(logging.WARNING):
        form = with_embeddings(complete, [entry], last)
    split = split_interactions(form.interactions, "published")
    names = form.items["id"]
    assert names[split.test["item"]].tolist() == ["y"]  # of b; that of a has left the data
    assert split.train["user"].tolist() == [0, 0, 1, 1]
    assert "items without an embedding in" in caplog.text
    assert "1 of 4 ('z')" in caplog.text
    assert "1 test interactions leave the data set with them" in caplog.text


def test_a_factor_that_is_the_same_for_all_is_warned_of(tmp_path, caplog):
    """Attacks would move the biases that it multiplies."""
    (tmp_path / "u.csv").write_text("id,f0,f1\na,2,1\nb,3,1\n")
    (tmp_path / "i.csv").write_text("id,f0,f1,bias\nx,1,5,0\ny,1.5,6,0\n")
    entry = {"users": str(tmp_path / "u.csv"), "items": str(tmp_path / "i.csv")}
    with caplog.at_level(logging.WARNING):
        read_model(entry, ["a", "b"], ["x", "y"])
    (warning,) = caplog.messages  # the column of biases is none
    assert "u.csv: factor 2 of the file is the same number for all users" in warning
