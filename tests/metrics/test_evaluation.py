"""The tidy metrics of a study, from stored lists."""

import numpy as np
import pandas as pd
import pytest

from embrittle.attacks.norms import NORMS_KEY, perturbation_norms, relative_norms
from embrittle.errors import DataError
from embrittle.files import write_parquet, write_tensors
from embrittle.kernels.ranking import lists_to_columns
from embrittle.metrics.evaluation import (
    COLUMNS,
    collect,
    evaluate_conditions,
    read_lists,
    read_norms,
    selected_epochs,
)
from embrittle.metrics.measures import Lists, evaluate
from held_out import held_out

N_USERS, N_ITEMS, LENGTH = 6, 12, 4
CONDITIONS = [("initial", 0, 0), ("bim", 0.5, 10), ("fgsm", 0.5, 1), ("bim", 0.5, 20)]
ABOUT = {"dataset": "ml-small", "model": "AMF", "seed": "3"}  # wildcards are text


def norms(iterations):
    """Users' rows are three times as long as items'."""
    delta = np.full((2, 1), 0.3 * iterations), np.full((2, 1), 0.1 * iterations)
    return perturbation_norms(*delta) | relative_norms(*delta, (0.6, 0.1))


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def lists(rng):
    """Lists of the conditions, some of them short."""

    def draw():
        items = np.stack([rng.permutation(N_ITEMS)[:LENGTH] for _ in range(N_USERS)])
        items = items.astype(np.int32)
        items[2, 3:], items[4, 1:] = -1, -1
        return Lists(items, np.where(items < 0, np.nan, rng.random(items.shape)).astype(np.float32))

    return [draw() for _ in CONDITIONS]


@pytest.fixture
def paths(lists, tmp_path):
    """A file for each of `CONDITIONS`."""
    paths = [tmp_path / "seed=3" / f"{attack}-{L}.parquet" for attack, _, L in CONDITIONS]
    for path, made, (_, _, iterations) in zip(paths, lists, CONDITIONS, strict=True):
        metadata = {NORMS_KEY: norms(iterations)} if iterations else None
        write_parquet(lists_to_columns(made.items, made.scores), path, metadata)
    return paths


@pytest.fixture
def measured_against(rng):
    return {
        "test_items": held_out([1, 5, -1, 0, 7, 11], N_ITEMS),
        "train_counts": rng.integers(0, 9, N_ITEMS).astype(np.int64),
    }


def test_rows_are_the_measures_of_every_condition_at_every_k(lists, paths, measured_against):
    metrics = evaluate_conditions(
        paths, conditions=CONDITIONS, k=[4, 2], about=ABOUT, **measured_against
    )
    expected = [
        ("ml-small", "AMF", 3, attack, float(epsilon), iterations, k, metric, value)
        for made, (attack, epsilon, iterations) in zip(lists, CONDITIONS, strict=True)
        for k, metric, value in [
            *evaluate(made, *measured_against.values(), [4, 2]),
            *(
                (k, f"spent {name}", value)
                for k in (4, 2)
                for name, value in norms(iterations).items()
            ),
        ]
    ]
    assert list(metrics.columns) == COLUMNS
    assert list(metrics.itertuples(index=False, name=None)) == expected
    assert len(metrics) == 4 * 2 * (6 + 22)
    assert metrics.dtypes[["seed", "epsilon", "iterations", "k", "value"]].astype(str).tolist() == [
        "int64",
        "float64",
        "int64",
        "int64",
        "float64",
    ]


def test_several_test_items_of_a_user_add_hr(paths, lists, measured_against):
    several = {**measured_against, "test_items": held_out([[1, 2], 5, -1, 0, 7, 11], N_ITEMS)}
    metrics = evaluate_conditions(paths, conditions=CONDITIONS, k=[4], about=ABOUT, **several)
    hits = metrics[metrics["metric"] == "HR"].set_index(["attack", "iterations"])["value"]
    test = [{1, 2}, {5}, set(), {0}, {7}, {11}]
    for made, (attack, _, iterations) in zip(lists, CONDITIONS, strict=True):
        found = [
            bool(of & set(row)) for of, row in zip(test, made.items.tolist(), strict=True) if of
        ]
        assert hits[attack, iterations] == pytest.approx(sum(found) / 5)


def test_the_norms_of_a_perturbation_stand_among_the_metrics(paths, measured_against):
    metrics = evaluate_conditions(
        paths, conditions=CONDITIONS, k=[4], about=ABOUT, **measured_against
    )
    values = metrics.set_index(["attack", "iterations", "metric"])["value"]
    assert values["initial", 0, "spent all L2 mean"] == 0
    assert values["bim", 10, "spent all L2 mean"] == pytest.approx(2)
    assert values["bim", 20, "spent all L2 mean"] == pytest.approx(4)
    assert values["bim", 10, "spent users Linf max"] == pytest.approx(3)
    assert values["fgsm", 1, "spent items L2 median"] == pytest.approx(0.1)
    assert values["fgsm", 1, "spent users relative L2 mean"] == pytest.approx(0.5)
    assert values["bim", 10, "spent all relative L2 mean"] == pytest.approx(7.5)


def test_the_size_of_a_models_rows_stands_beside_its_epoch(tmp_path):
    users = np.array([[3, 4, 1], [0, 0, 1]], np.float32)  # the last factor does not move
    items = np.array([[6, 8, 9], [0, 1, 9], [0, 2, 9]], np.float32)
    about = {"model": "mine", "seed": 3, "selected_epoch": None, "selected_score": None}
    for fixed, name in ((1, "biased"), (0, "plain")):
        factors = {"user_factors": users, "item_factors": items}
        write_tensors(factors, tmp_path / name, {**about, "fixed_factors": fixed})
    table = selected_epochs([("shop", tmp_path / "biased"), ("shop", tmp_path / "plain")])
    assert list(table.columns) == [
        *("dataset", "model", "seed", "selected_epoch", "selected_score"),
        *("users_norm_mean", "users_norm_rms", "items_norm_mean", "items_norm_rms"),
    ]
    sizes = table.iloc[0, 5:].tolist()
    assert sizes == pytest.approx([2.5, (25 / 2) ** 0.5, 13 / 3, (105 / 3) ** 0.5])
    assert table["users_norm_rms"][1] == pytest.approx((27 / 2) ** 0.5)
    assert table["selected_epoch"].isna().all()


def test_damaged_lists_are_named(paths, measured_against):
    paths[1].write_bytes(paths[1].read_bytes()[:-100])
    for read in (lambda path: read_lists(path, N_USERS, LENGTH), read_norms):
        with pytest.raises(DataError, match=r"bim-10\.parquet is damaged"):
            read(paths[1])


def test_the_conditions_are_not_mixed_up(paths, measured_against):
    def values(order):
        metrics = evaluate_conditions(
            [paths[n] for n in order],
            conditions=[CONDITIONS[n] for n in order],
            k=[4],
            about=ABOUT,
            **measured_against,
        )
        return metrics.set_index(["attack", "iterations", "metric"])["value"].sort_index()

    in_order = values([0, 1, 2, 3])
    pd.testing.assert_series_equal(values([2, 3, 0, 1]), in_order)
    of_each = [in_order[attack, iterations].tolist() for attack, _, iterations in CONDITIONS]
    assert all(a != b for n, a in enumerate(of_each) for b in of_each[:n])


def test_stored_lists_are_read_as_they_were_even_if_all_are_short(tmp_path):
    items = np.array([[3, -1, -1], [-1, -1, -1]], np.int32)
    scores = np.array([[0.5, np.nan, np.nan], [np.nan] * 3], np.float32)
    write_parquet(lists_to_columns(items, scores), tmp_path / "lists.parquet")
    read = read_lists(tmp_path / "lists.parquet", n_users=2, length=3)
    np.testing.assert_array_equal(read.items, items)
    np.testing.assert_array_equal(read.scores, scores)


def test_a_list_file_too_many_or_from_other_data_is_an_error(paths, measured_against):
    with pytest.raises(ValueError, match="zip"):
        evaluate_conditions(
            paths, conditions=CONDITIONS[:2], k=[4], about=ABOUT, **measured_against
        )
    with pytest.raises(ValueError, match="zip"):
        evaluate_conditions(
            paths[:2], conditions=CONDITIONS, k=[4], about=ABOUT, **measured_against
        )
    measured_against["test_items"] = held_out([1, 5, -1], N_ITEMS)
    with pytest.raises(DataError, match=r"a user outside 0 \.\.\. 2"):
        evaluate_conditions(paths, conditions=CONDITIONS, k=[4], about=ABOUT, **measured_against)


def test_tables_are_collected_in_their_order(paths, measured_against, tmp_path):
    tables = []
    for seed in ("0", "1"):
        about = {**ABOUT, "seed": seed}
        table = evaluate_conditions(
            paths, conditions=CONDITIONS, k=[4], about=about, **measured_against
        )
        write_parquet(table, tmp_path / f"{seed}.parquet")
        tables.append(table)
    whole = collect([tmp_path / "1.parquet", tmp_path / "0.parquet"])
    expected = pd.concat(reversed(tables), ignore_index=True)
    pd.testing.assert_frame_equal(whole, expected)
    assert whole["seed"].tolist() == [1] * 112 + [0] * 112
