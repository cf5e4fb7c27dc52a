"""Attacks that continue from a perturbation, its file, and the lists of the perturbed model."""

import numpy as np
import pytest

from attack_problem import N_USERS, RecordedLoss, assert_close, assert_equal, norms_of, run
from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.run import Attacked, Perturbation, attack_model, perturb
from embrittle.errors import ConfigError, DataError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend
from embrittle.kernels.ranking import lists_to_columns, top_items
from embrittle.kernels.sampling import draw_negatives
from held_out import held_out

# --- Along the way ------------------------------------------------------------------------------------


def plain_run(loss, method, iterations, norm, negatives):
    """Delta after all steps of an attack, in a single plain loop."""
    delta = loss.no_change()
    if method == "pgd":
        delta = loss.uniform_in_ball(0.5, 5) if norm == "l2" else loss.uniform_change(0.05, 5)
    for step in range(iterations):
        if negatives == "resampled" and step > 0:
            loss.draw_negatives(5, step)
        delta = loss.ascent_step(delta, 0.25 * 0.5, 0.5, norm)
    return [loss.backend.get(array) for array in delta]


# Not on a GPU, where sums are taken in no fixed order.
@pytest.mark.parametrize(
    "make", [CpuBackend, lambda: CudaBackend("cpu")], ids=["compiled", "torch"]
)
@pytest.mark.parametrize("method", ["bim", "pgd"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("negatives", ["fixed", "resampled"])
def test_a_chain_of_attacks_ends_in_what_one_attack_ends_in(
    factors, train, tmp_path, make, method, norm, negatives
):
    """Every part is as a job of its own: another loss, and the perturbation from the file of the part before."""
    settings = {"epsilon": 0.5, "seed": 5, "norm": norm, "negatives": negatives}
    parent = None
    for iterations in (1, 2, 5, 9):
        loss = RecordedLoss(make(), factors, train, seed=5)
        delta = perturb(loss, method, iterations=iterations, parent=parent, **settings)
        assert len(loss.deltas) == iterations - (parent.iterations if parent else 0)
        found = [loss.backend.get(array) for array in delta]
        alone = PairwiseLoss(make(), factors, train, seed=5)
        assert_equal(found, plain_run(alone, method, iterations, norm, negatives))
        Perturbation(iterations, *found).write(tmp_path / f"{iterations}.safetensors")
        parent = Perturbation.read(tmp_path / f"{iterations}.safetensors")


def test_a_perturbation_is_read_as_it_was_written_and_damage_is_named(tmp_path):
    path = tmp_path / "bim.safetensors"
    model = {name: np.ones((2, 2), np.float32) for name in ("user_factors", "item_factors")}
    users = np.array([[-0.0, 1e-42], [np.float32(0.1), -3]], np.float32)
    Perturbation(7, users, users[:1]).write(path)
    read = Perturbation.read(path)
    assert read.iterations == 7
    assert (read.users.tobytes(), read.items.tobytes()) == (users.tobytes(), users[:1].tobytes())
    assert read.norms(model)["items Linf max"] == pytest.approx(0, abs=1e-40)
    assert read.norms(model)["users Linf max"] == 3
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match=r"bim\.safetensors is damaged"):
        Perturbation.read(path)


def test_an_attack_without_gradient_draws_no_negatives(factors, train, monkeypatch):
    def forbidden(*arguments):
        raise AssertionError

    monkeypatch.setattr(PairwiseLoss, "draw_negatives", forbidden)
    perturb(PairwiseLoss(CpuBackend(), factors, train, 5), "noise", epsilon=1, iterations=1, seed=5)


@pytest.mark.parametrize("iterations", [0, 2])
def test_fgsm_takes_one_iteration(loss, iterations):
    with pytest.raises(ConfigError, match=f"fgsm takes a single step, but {iterations} iterations"):
        perturb(loss, "fgsm", epsilon=0.5, iterations=iterations, seed=0)
    assert loss.deltas == []


@pytest.mark.parametrize(("taken", "iterations"), [(0, 0), (3, 3), (3, 2)])
def test_a_step_must_be_left_to_take(loss, factors, taken, iterations):
    parent = Perturbation(taken, *factors) if taken else None
    with pytest.raises(ConfigError, match=f"{iterations} iterations .* {taken} have been taken"):
        perturb(loss, "bim", epsilon=0.5, iterations=iterations, seed=0, parent=parent)
    assert loss.deltas == []


# --- Lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fgsm", "bim", "pgd", "noise"])
def test_attacked_lists_are_those_of_the_perturbed_factors_without_training_items(
    backend, factors, train, method
):
    model = dict(zip(("user_factors", "item_factors"), factors, strict=True))
    # A validation item of every other user: seen, so not recommended, but not trained on either.
    validation = draw_negatives(
        train.indptr, train.indices, train.n_items, np.random.SeedSequence([1])
    )[train.indptr[:-1]]
    validation[1::2] = -1
    seen_items = train.including(held_out(validation, train.n_items))
    perturbation, lists = attack_model(
        Attacked(backend, factors, train, seen_items, seed=5),
        attack={"method": method},
        epsilon=0.5,
        iterations=1,
        length=7,
    )
    owners = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    positives = set(zip(owners.tolist(), train.indices.tolist(), strict=True))
    recommended = list(zip(lists["user"].tolist(), lists["item"].tolist(), strict=True))
    assert positives.isdisjoint(recommended)
    assert set(enumerate(validation.tolist())).isdisjoint(recommended)
    assert len(set(recommended)) == len(recommended) == 7 * N_USERS
    delta = run(PairwiseLoss(CpuBackend(), factors, train, 5), method)
    perturbed = [f + d for f, d in zip(factors, delta, strict=True)]
    scores = np.einsum("nk,nk->n", perturbed[0][lists["user"]], perturbed[1][lists["item"]])
    np.testing.assert_allclose(lists["score"], scores, rtol=1e-3, atol=1e-4)
    clean = lists_to_columns(
        *top_items(CpuBackend(), *factors, train.including(held_out(validation, train.n_items)), 7)
    )
    assert (lists["item"] != clean["item"]).any()
    assert_close([perturbation.users, perturbation.items], delta)
    assert perturbation.iterations == 1
    assert perturbation.norms(model)["all L2 mean"] == pytest.approx(
        norms_of(delta).mean(), rel=1e-4
    )


def test_options_of_the_definition_reach_the_attack(factors, train):
    def scores(**options):
        attack = {"method": "pgd", **options}
        settings = {"epsilon": 0.5, "iterations": 2, "length": 5}
        model = Attacked(CpuBackend(), factors, train, train, seed=5)
        _, lists = attack_model(model, attack=attack, **settings)
        return lists["score"]

    np.testing.assert_array_equal(scores(), scores(step_size=0.25, start=0.05))
    assert (scores() != scores(step_size=0.5)).any()
    assert (scores() != scores(start=0.1)).any()
