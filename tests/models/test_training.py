"""Training: where it starts, that it can be cut in two, and which epoch it selects."""

import copy
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.run import perturb
from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.files import read_tensors
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.losses import LOSSES
from embrittle.kernels.ranking import top_items
from embrittle.kernels.sampling import draw_negatives
from embrittle.metrics import measures
from embrittle.models import training
from embrittle.models.registry import MODELS
from embrittle.models.state import read_state
from embrittle.models.training import TrainingSettings, initial_factors
from held_out import held_out

N_USERS, N_ITEMS, N_BLOCKS = 60, 60, 4
NOBODY = held_out([-1] * N_USERS, N_ITEMS)
SETTINGS = TrainingSettings(
    model="BPR-MF",
    factors=10,
    batch_size=32,
    learning_rate=0.05,
    initial_accumulator=0.1,
    init_scale=0.01,
    selection="best-on-test",
    evaluate_every=2,
)
AMF = replace(SETTINGS, model="AMF", adversarial_epsilon=0.5, adversarial_weight=1.0)


@pytest.fixture(scope="module")
def blocks():
    """Training items, test and validation items: each user likes the items of one block, no others."""
    rng = np.random.default_rng(3)
    pairs, kept = [], []
    for user in range(N_USERS):
        liked = rng.permutation(np.arange(user % N_BLOCKS, N_ITEMS, N_BLOCKS))
        kept.append(liked[:2])
        pairs += [(user, item) for item in liked[2:]]
    test, validation = (held_out(items, N_ITEMS) for items in np.array(kept).T)
    return UserItems.from_pairs(*np.array(pairs).T, N_USERS, N_ITEMS), test, validation


def run(blocks, settings=SETTINGS, seed=0, epochs=6, start=None):
    positives, test, validation = blocks
    return training.train(CpuBackend(), positives, test, validation, settings, seed, epochs, start)


def assert_same_factors(state, other):
    for name, array in vars(state.factors).items():
        np.testing.assert_array_equal(array, getattr(other.factors, name), err_msg=name)


def assert_same_selection(state, other):
    assert (state.selected_epoch, state.selected_score) == (
        other.selected_epoch,
        other.selected_score,
    )
    for array, wanted in zip(state.selected, other.selected, strict=True):
        np.testing.assert_array_equal(array, wanted)


def followed(state) -> list[list]:
    """The curve without its times, which are never the same twice; "-" where not evaluated."""
    return [
        [
            "-" if math.isnan(row[name]) else row[name]
            for name in ("epoch", "loss", "HR@10", "nDCG@10")
        ]
        for row in state.curve
    ]


def written(state, folder):
    paths = [
        folder / name
        for name in ("state.safetensors", "best.safetensors", "last.safetensors", "curve.parquet")
    ]
    state.write(*paths)
    return paths


# --- Where training starts ----------------------------------------------------------------------------


def test_factors_start_normal_and_truncated_at_two_standard_deviations():
    drawn = initial_factors(3000, 2000, SETTINGS, seed=5)
    values = np.concatenate([drawn.user_factors.ravel(), drawn.item_factors.ravel()])
    assert values.dtype == np.float32
    bound = 2 * np.float32(0.01)
    assert 0.999 * bound < np.abs(values).max() <= bound
    # Truncated by drawing anew: sd 0.87963 of the whole normal's. Clipped, it would be 0.9594.
    assert values.std() == pytest.approx(0.0087963, rel=0.01)
    assert abs(values.mean()) < 5 * 0.0088 / math.sqrt(values.size)
    assert (np.abs(values) > 0.999 * bound).mean() < 0.001
    assert (drawn.user_factors[:2000] != drawn.item_factors).mean() > 0.99


def test_scale_and_accumulators_start_as_the_settings_say():
    narrow = initial_factors(30, 20, SETTINGS, seed=5)
    wide = initial_factors(30, 20, replace(SETTINGS, init_scale=0.5, initial_accumulator=0.7), 5)
    np.testing.assert_allclose(wide.user_factors, narrow.user_factors * 50, rtol=1e-6)
    for accumulators in (narrow.user_accumulators, narrow.item_accumulators):
        assert accumulators.dtype == np.float32
        assert (accumulators == np.float32(0.1)).all()
    assert (wide.item_accumulators == np.float32(0.7)).all()
    assert narrow.user_accumulators.shape == (30, 10)
    assert narrow.item_accumulators.shape == (20, 10)


# --- Determinism --------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(blocks):
    first, again, other = run(blocks, seed=1), run(blocks, seed=1), run(blocks, seed=2)
    assert_same_factors(first, again)
    assert_same_selection(first, again)
    assert followed(first) == followed(again)
    assert (first.factors.user_factors != other.factors.user_factors).mean() > 0.99
    assert followed(first)[0] != followed(other)[0]


def test_the_seed_decides_on_factors_and_on_triples(blocks):
    first, other = (initial_factors(30, 20, SETTINGS, seed) for seed in (1, 2))
    assert (first.item_factors != other.item_factors).mean() > 0.99
    start = run(blocks, epochs=2)
    first, other = (run(blocks, seed=seed, epochs=3, start=start) for seed in (1, 2))
    assert followed(first)[:2] == followed(other)[:2]
    assert followed(first)[2] != followed(other)[2]


def test_the_same_state_is_written_as_the_same_bytes(blocks, tmp_path):
    state = run(blocks)
    contents = [[path.read_bytes() for path in written(state, tmp_path / str(n))] for n in range(5)]
    assert all(content == contents[0] for content in contents)


@pytest.mark.parametrize("selection", ["best-on-test", "best-on-validation", "last"])
@pytest.mark.parametrize("settings", [SETTINGS, AMF], ids=["BPR-MF", "AMF"])
def test_a_training_in_two_parts_equals_one_in_a_single_part(blocks, tmp_path, settings, selection):
    settings = replace(settings, selection=selection)
    whole = run(blocks, settings, epochs=8)
    state_file, *_ = written(run(blocks, settings, epochs=4), tmp_path)
    parts = run(blocks, settings, epochs=8, start=read_state(state_file))
    assert_same_factors(parts, whole)
    assert_same_selection(parts, whole)
    assert followed(parts) == followed(whole)
    assert [row["epoch"] for row in parts.curve] == list(range(1, 9))


def test_going_on_leaves_the_start_as_it_was(blocks):
    start = run(blocks, epochs=4)
    before = [array.copy() for array in vars(start.factors).values()]
    selected = start.selected_epoch
    run(blocks, epochs=8, start=start)
    for array, was in zip(vars(start.factors).values(), before, strict=True):
        np.testing.assert_array_equal(array, was)
    assert (len(start.curve), start.epoch, start.selected_epoch) == (4, 4, selected)


# --- What is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("selection", ["best-on-test", "last"])
def test_a_state_is_read_as_it_was_written(blocks, tmp_path, selection):
    state = run(blocks, replace(SETTINGS, selection=selection), seed=4)
    read = read_state(written(state, tmp_path)[0])
    assert (read.model, read.seed, read.epoch) == ("BPR-MF", 4, 6)
    assert_same_factors(read, state)
    assert_same_selection(read, state)
    assert followed(read) == followed(state)


def test_files_hold_the_best_and_the_last_factors_and_the_curve_one_row_an_epoch(blocks, tmp_path):
    state = run(blocks, seed=4)
    _, best, last, curve = written(state, tmp_path)
    tensors, about = read_tensors(last)
    np.testing.assert_array_equal(tensors["user_factors"], state.factors.user_factors)
    np.testing.assert_array_equal(tensors["item_factors"], state.factors.item_factors)
    assert about == {"model": "BPR-MF", "seed": 4, "selected_epoch": 6, "selected_score": None}
    tensors, about = read_tensors(best)
    np.testing.assert_array_equal(tensors["user_factors"], state.selected[0])
    np.testing.assert_array_equal(tensors["item_factors"], state.selected[1])
    assert about == {
        "model": "BPR-MF",
        "seed": 4,
        "selected_epoch": state.selected_epoch,
        "selected_score": state.selected_score,
    }
    table = pq.read_table(curve)
    norms = [f"{side}_norm_{of}" for side in ("users", "items") for of in ("mean", "rms")]
    assert table.column_names == ["epoch", "loss", "HR@10", "nDCG@10", "selection", *norms]
    # The row norms of each epoch that is evaluated; the last one is, and its factors are in a file of their own.
    assert np.isnan(table["users_norm_rms"].to_numpy()).tolist() == [True, False] * 3
    lengths = np.linalg.norm(state.last[1].astype(np.float64), axis=1)
    assert table["items_norm_mean"].to_pylist()[-1] == pytest.approx(lengths.mean(), rel=1e-6)
    assert table["items_norm_rms"].to_pylist()[-1] == pytest.approx(np.sqrt((lengths**2).mean()))
    assert table["epoch"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert table["loss"].to_pylist() == [row["loss"] for row in state.curve]
    assert np.isnan(table["HR@10"].to_numpy()).tolist() == [True, False] * 3


# --- AMF continues from BPR-MF ------------------------------------------------------------------------


def test_amf_without_weight_is_bpr_mf_gone_on_with_its_accumulators(blocks, tmp_path):
    start = read_state(written(run(blocks, epochs=4), tmp_path)[0])
    amf = run(blocks, replace(AMF, adversarial_weight=0.0), epochs=8, start=start)
    assert_same_factors(amf, run(blocks, epochs=8))
    fresh = np.full_like(start.factors.user_accumulators, 0.1)
    factors = replace(start.factors, user_accumulators=fresh)
    restarted = run(
        blocks,
        replace(AMF, adversarial_weight=0.0),
        epochs=8,
        start=replace(start, factors=factors),
    )
    assert (restarted.factors.user_factors != amf.factors.user_factors).any()


def test_amf_with_restarted_accumulators_starts_from_the_factors_alone(blocks):
    without_term = replace(AMF, adversarial_weight=0.0)
    start = run(blocks, epochs=2)
    carried = run(blocks, without_term, epochs=4, start=start)
    fresh = replace(without_term, restart_accumulators=True)
    restarted = run(blocks, fresh, epochs=4, start=start)
    # By hand: the same factors, accumulators at the start's value.
    by_hand = copy.deepcopy(start)
    for name in ("user_accumulators", "item_accumulators"):
        getattr(by_hand.factors, name)[:] = SETTINGS.initial_accumulator
    assert_same_factors(restarted, run(blocks, without_term, epochs=4, start=by_hand))
    assert (restarted.factors.user_factors != carried.factors.user_factors).mean() > 0.9
    # In two parts as in one: accumulators restart where AMF starts, not whenever its training continues.
    half = run(blocks, fresh, epochs=4, start=start)
    assert_same_factors(
        run(blocks, fresh, epochs=6, start=half), run(blocks, fresh, epochs=6, start=start)
    )


def test_amf_differs_from_bpr_mf_by_its_adversarial_term(blocks):
    start = run(blocks, epochs=4)
    amf, bpr_mf = (run(blocks, settings, epochs=8, start=start) for settings in (AMF, SETTINGS))
    assert (amf.factors.user_factors != bpr_mf.factors.user_factors).mean() > 0.99
    # The loss of the first epoch is the clean one of nearly the same model: the term is not in it.
    assert amf.curve[0]["loss"] == pytest.approx(bpr_mf.curve[4]["loss"], rel=0.2)


def test_amf_records_and_selects_among_its_own_epochs_alone(blocks):
    start = replace(run(blocks, epochs=4), selected_score=2.0)  # no epoch could be better
    amf = run(blocks, AMF, epochs=8, start=start)
    assert (amf.model, amf.epoch) == ("AMF", 8)
    assert [row["epoch"] for row in amf.curve] == [5, 6, 7, 8]
    assert amf.selected_epoch in (6, 8)
    assert amf.selected_score == max(
        row["HR@10"] for row in amf.curve if not math.isnan(row["HR@10"])
    )
    # A continued training of BPR-MF keeps its record and its selected epoch.
    bpr_mf = run(blocks, epochs=8, start=start)
    assert [row["epoch"] for row in bpr_mf.curve] == list(range(1, 9))
    assert (bpr_mf.selected_epoch, bpr_mf.selected_score) == (start.selected_epoch, 2.0)


# --- Which epoch is selected --------------------------------------------------------------------------

TEST_ITEMS, VALIDATION_ITEMS = (np.arange(4, dtype=np.int32) + first for first in (20, 10))


class ScriptedBackend(CpuBackend):
    """In epoch n, the first `hits[n - 1]` users have the item at the top, the others at the end."""

    def __init__(self, hits, validation_hits=None, losses=None):
        self.plans = [(TEST_ITEMS, hits), (VALIDATION_ITEMS, validation_hits or [0] * len(hits))]
        self.losses = losses or [0.5] * len(hits)
        self.n_done = 0

    def train_epoch(self, factors, triples, settings):
        factors.user_factors[:] = (self.n_done + 1) * np.eye(4)  # shows which epoch was kept
        factors.item_factors[:] = 0
        for items, hits in self.plans:
            for user, item in enumerate(items):
                factors.item_factors[item, user] = 1 if user < hits[self.n_done] else -1
        self.n_done += 1
        return self.losses[self.n_done - 1]


def select(backend, selection, evaluate_every=1, test=TEST_ITEMS, validation=VALIDATION_ITEMS):
    positives = UserItems.from_pairs(np.arange(4), np.zeros(4, int), 4, 30)
    settings = replace(
        SETTINGS, factors=4, batch_size=2, selection=selection, evaluate_every=evaluate_every
    )
    epochs = len(backend.losses)
    parts = (held_out(items, 30) for items in (test, validation))
    return training.train(backend, positives, *parts, settings, seed=0, epochs=epochs)


def assert_selected(state, epoch, score):
    assert (state.selected_epoch, state.selected_score) == (epoch, score)
    assert state.selected[0][0, 0] == epoch


def test_best_on_test_keeps_the_earliest_of_the_best_epochs():
    state = select(ScriptedBackend([1, 3, 2, 3, 0], [4, 0, 4, 0, 4]), "best-on-test")
    assert_selected(state, 2, 0.75)
    # What is kept is a copy: later epochs moved the factors on, not the kept ones.
    assert state.selected[1][TEST_ITEMS, range(4)].tolist() == [1, 1, 1, -1]
    assert state.factors.user_factors[0, 0] == 5
    assert [row["HR@10"] for row in state.curve] == [0.25, 0.75, 0.5, 0.75, 0]


def test_best_on_validation_looks_at_validation_items_and_the_curve_at_test_items():
    state = select(ScriptedBackend([4, 1, 3, 2], [1, 0, 2, 1]), "best-on-validation")
    assert_selected(state, 3, 0.5)
    assert [row["HR@10"] for row in state.curve] == [1, 0.25, 0.75, 0.5]
    # Of equal scores the validation item's number is lower, but it is a seen item at test time: hits have rank 1.
    assert [row["nDCG@10"] for row in state.curve] == [1, 0.25, 0.75, 0.5]
    assert [row["selection"] for row in state.curve] == [0.25, 0, 0.5, 0.25]


def test_last_keeps_the_last_epoch_however_bad():
    assert_selected(select(ScriptedBackend([4, 3, 0]), "last"), 3, None)


def test_epochs_are_evaluated_at_every_nth_and_at_the_end():
    hits = [0, 4, 1, 4, 4, 2, 4, 2]
    state = select(ScriptedBackend(hits), "best-on-test", evaluate_every=3)
    evaluated = [row["epoch"] for row in state.curve if not math.isnan(row["HR@10"])]
    assert evaluated == [3, 6, 8]
    assert [math.isnan(row["nDCG@10"]) for row in state.curve].count(False) == 3
    assert_selected(state, 6, 0.5)  # better epochs were not evaluated; 8 is as good, but later


def test_users_without_a_test_item_do_not_count():
    test = [20, -1, 22, -1]
    state = select(ScriptedBackend([1, 3]), "best-on-test", test=test)
    assert [row["HR@10"] for row in state.curve] == [0.5, 1]
    assert_selected(state, 2, 1.0)


def test_users_with_several_test_items_select_by_any_hit_and_by_the_ideal():
    class Descending(ScriptedBackend):
        def train_epoch(self, factors, triples, settings):
            factors.user_factors[:] = [1, 0, 0, 0]
            factors.item_factors[:, 0] = -np.arange(30)  # item 0 is in train: item n has rank n
            return 0.5

    test = [[1, 3, 20], [11, 12], -1, 2]
    # Validation items that all have too low a score to change the ranks.
    state = select(
        Descending([0]), "best-on-validation", test=test, validation=[[28, 29], 27, 5, 28]
    )
    row, second = state.curve[0], 1 / math.log2(3)
    assert row["HR@10"] == pytest.approx(2 / 3)
    assert row["nDCG@10"] == pytest.approx((1.5 / (1 + second + 0.5) + 0 + second) / 3)
    assert (
        state.selected_score == 0.25
    )  # one user of four has a validation item among the first ten


def test_a_hit_is_a_rank_of_ten_at_most():
    class Descending(ScriptedBackend):
        def train_epoch(self, factors, triples, settings):
            factors.user_factors[:] = [1, 0, 0, 0]
            factors.item_factors[:, 0] = -np.arange(30)  # item 0 is in train: item n has rank n
            return 0.5

    test = [1, 10, 11, 29]
    state = select(Descending([0]), "best-on-test", test=test)
    assert state.selected_score == state.curve[0]["HR@10"] == 0.5
    assert state.curve[0]["nDCG@10"] == pytest.approx((1 + 1 / math.log2(11)) / 4)


def test_another_criterion_selects_and_names_the_curve(blocks, tmp_path):
    settings = replace(SETTINGS, criterion="nDCG@3", evaluate_every=1)
    state = run(blocks, settings, epochs=8)
    assert list(state.curve[0])[:5] == ["epoch", "loss", "HR@3", "nDCG@3", "selection"]
    scores = [row["nDCG@3"] for row in state.curve]
    assert [row["selection"] for row in state.curve] == scores
    assert state.selected_score == max(scores)
    assert state.selected_epoch == 1 + scores.index(max(scores))
    positives, test, validation = blocks
    lists = measures.Lists(
        *top_items(CpuBackend(), *state.selected, positives.including(validation), 5)
    )
    assert state.selected_score == pytest.approx(
        measures.ndcg(lists, test, positives.item_counts(), 3), rel=1e-12
    )
    assert pq.read_table(written(state, tmp_path)[3]).column_names == list(state.curve[0])


def test_the_curve_agrees_with_the_measures(blocks):
    positives, test, _ = blocks
    state = run((positives, test, NOBODY), epochs=6)
    factors = state.factors
    lists = measures.Lists(
        *top_items(CpuBackend(), factors.user_factors, factors.item_factors, positives, 10)
    )
    counts = positives.item_counts()
    expected = {
        metric: value
        for _, metric, value in measures.evaluate(lists, test, counts, [10], ["RE", "nDCG"])
    }
    assert 0 < expected["nDCG"] < expected["RE"]
    assert state.curve[-1]["HR@10"] == pytest.approx(expected["RE"], rel=1e-12)
    assert state.curve[-1]["nDCG@10"] == pytest.approx(expected["nDCG"], rel=1e-12)


def test_training_learns_the_blocks(blocks):
    # By chance, a test item would be among 10 of 47 candidates in a fifth of the cases.
    state = run(blocks, replace(SETTINGS, evaluate_every=20), epochs=20)
    assert state.curve[-1]["HR@10"] > 0.95
    assert state.curve[0]["loss"] == pytest.approx(math.log(2), abs=0.02)
    assert state.curve[-1]["loss"] < 0.1


def test_amf_stays_accurate_and_loses_less_under_a_perturbation(blocks):
    def loss_under_fgsm(state):
        loss = PairwiseLoss(CpuBackend(), state.selected, blocks[0], seed=0)
        delta = perturb(loss, "fgsm", epsilon=0.5, iterations=1, seed=0)
        users, items = loss.perturbed(delta)
        owners = np.repeat(np.arange(N_USERS), np.diff(blocks[0].indptr))
        negatives = draw_negatives(
            blocks[0].indptr, blocks[0].indices, N_ITEMS, np.random.SeedSequence([9])
        )
        differences = (users[owners] * (items[blocks[0].indices] - items[negatives])).sum(1)
        return np.logaddexp(0, -differences).mean()

    start = run(blocks, epochs=20)
    amf, bpr_mf = (
        run(blocks, replace(settings, selection="last"), epochs=40, start=start)
        for settings in (AMF, SETTINGS)
    )
    assert amf.curve[-1]["HR@10"] > 0.95
    assert loss_under_fgsm(amf) < 0.8 * loss_under_fgsm(bpr_mf)


def test_every_model_has_a_registered_loss():
    assert {model.loss for model in MODELS.values()} <= set(LOSSES)


def test_training_lowers_the_loss_of_its_settings(blocks, monkeypatch):
    used = []
    plain = CpuBackend.train_epoch

    def recording(backend, factors, triples, settings):
        used.append(settings.loss)
        return plain(backend, factors, triples, replace(settings, loss="bpr"))

    monkeypatch.setattr(CpuBackend, "train_epoch", recording)
    run(blocks, replace(SETTINGS, loss="another"), epochs=2)
    assert used == ["another", "another"]


# --- Errors -------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_ends_training_with_what_to_change(blocks):
    with pytest.raises(TrainingError, match=r"BPR-MF is \w+ at epoch \d.*training\.learning_rate"):
        # 64 factors, because a short sum of fused multiplications stays infinite where a long one is NaN.
        run(blocks, replace(SETTINGS, factors=64, learning_rate=1e30))


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_the_epoch_and_seed_of_a_divergence_are_named(loss):
    with pytest.raises(TrainingError, match=rf"is {loss} at epoch 2 \(seed 0\)"):
        select(ScriptedBackend([1, 1, 1], losses=[0.5, loss, 0.5]), "last")


@pytest.mark.parametrize("epochs", [3, 4])
def test_a_start_that_is_not_before_the_end_is_an_error(blocks, epochs):
    start = run(blocks, epochs=4)
    with pytest.raises(
        TrainingError, match=rf"AMF starts at epoch 4, so it cannot end at epoch {epochs}\."
    ):
        run(blocks, AMF, epochs=epochs, start=start)


def test_a_batch_larger_than_the_data_is_an_error(blocks):
    n_positives = len(blocks[0].indices)
    run(blocks, replace(SETTINGS, batch_size=n_positives), epochs=1)
    with pytest.raises(TrainingError, match=r"training\.batch_size is 781.*only 780 training"):
        run(blocks, replace(SETTINGS, batch_size=n_positives + 1))


def test_nobody_to_select_by_is_an_error(blocks):
    positives, test, validation = blocks
    settings = replace(SETTINGS, selection="best-on-validation")
    with pytest.raises(
        TrainingError, match=r"No user has a held-out item .*\(best-on-validation\)"
    ):
        run((positives, test, NOBODY), settings)
    with pytest.raises(TrainingError, match=r"No user has a held-out item .*\(best-on-test\)"):
        run((positives, NOBODY, validation))
    # "last" needs no held-out items; the curve is then NaN.
    state = run((positives, NOBODY, NOBODY), replace(SETTINGS, selection="last"), epochs=2)
    assert math.isnan(state.curve[-1]["HR@10"])
