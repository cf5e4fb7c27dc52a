"""LightGCN against a dense version, its training against torch's Adam, and killed trainings."""

import math

import numpy as np
import pytest
import torch

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.numba_graph import Graph, batch_kernel
from embrittle.kernels.sampling import TripleSampler
from embrittle.models import light_gcn
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.light_gcn import TrainingSettings, initial_embeddings
from embrittle.rng import Stream, seeds
from held_out import held_out

N_USERS, N_ITEMS, N_BLOCKS, D = 30, 24, 3, 6
N_NODES = N_USERS + N_ITEMS
SETTINGS = TrainingSettings(
    model="LightGCN",
    factors=D,
    selection="best-on-test",
    criterion="HR@10",
    evaluate_every=2,
    batch_size=64,
    learning_rate=0.01,
    init_scale=0.1,
    layers=3,
    regularisation=0.01,
)


@pytest.fixture(scope="module")
def blocks():
    """Training items, test and validation items: users like the items of one block. One user and item have none."""
    rng = np.random.default_rng(3)
    pairs, kept = [], np.full((N_USERS, 2), -1, np.int32)
    for user in range(N_USERS - 1):
        liked = rng.permutation(np.arange(user % N_BLOCKS, N_ITEMS - 1, N_BLOCKS))
        kept[user] = liked[:2]
        pairs += [(user, item) for item in liked[2 : 4 + user % 4]]
    test, validation = (held_out(items, N_ITEMS) for items in kept.T)
    return UserItems.from_pairs(*np.array(pairs).T, N_USERS, N_ITEMS), test, validation


def dense_map(train, n_layers=3):
    """The mean of the powers 0 ... n_layers of D^-1/2 A D^-1/2, float64 (n_nodes, n_nodes)."""
    interactions = np.zeros((N_USERS, N_ITEMS))
    users = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    interactions[users, train.indices] = 1
    adjacency = np.block(
        [
            [np.zeros((N_USERS, N_USERS)), interactions],
            [interactions.T, np.zeros((N_ITEMS, N_ITEMS))],
        ]
    )
    degrees = adjacency.sum(1)
    roots = np.where(degrees > 0, np.maximum(degrees, 1) ** -0.5, 0)
    normalised = roots[:, None] * adjacency * roots
    powers = [np.linalg.matrix_power(normalised, n) for n in range(n_layers + 1)]
    return np.mean(powers, axis=0)


def loss_of(base, mapped, triples):
    """The mean BPR loss of a batch, from the rows before propagation, float64."""
    final = mapped @ base
    user, positive, negative = triples[:, 0], N_USERS + triples[:, 1], N_USERS + triples[:, 2]
    difference = (final[user] * (final[positive] - final[negative])).sum(1)
    return np.log1p(np.exp(-difference)).mean()


def triples_of(train, n=40):
    sampler = TripleSampler(train.indptr, train.indices, N_ITEMS)
    return sampler.draw(seeds(Stream.LIGHT_GCN_TRIPLES, 0, 1))[:n].copy()


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
def test_propagation_is_the_mean_of_the_layers(blocks, n_layers):
    train, *_ = blocks
    rows = np.random.default_rng(0).standard_normal((N_NODES, D), dtype=np.float32)
    before = rows.copy()
    found = Graph.of(train).mean_of_layers(rows, n_layers)
    np.testing.assert_allclose(found, dense_map(train, n_layers) @ before, atol=1e-6)
    np.testing.assert_array_equal(rows, before)
    # A user without interactions has no neighbours: of its layers only the first is not zero.
    np.testing.assert_allclose(found[N_USERS - 1], before[N_USERS - 1] / (n_layers + 1), rtol=1e-6)


def test_the_gradient_is_that_of_a_dense_backward_pass_and_of_finite_differences(blocks):
    train, *_ = blocks
    mapped, triples = dense_map(train), triples_of(train)
    base = np.random.default_rng(0).standard_normal((N_NODES, D)).astype(np.float32)
    graph = Graph.of(train)
    gradient, counts = np.full_like(base, np.nan), np.full(N_NODES, np.nan, np.float32)
    final = graph.mean_of_layers(base, 3)
    loss = batch_kernel(D)(final, triples, N_USERS, gradient, counts)
    found = graph.mean_of_layers(gradient, 3)
    assert loss / len(triples) == pytest.approx(loss_of(base, mapped, triples), rel=1e-6)
    nodes = np.concatenate([triples[:, 0], N_USERS + triples[:, 1], N_USERS + triples[:, 2]])
    np.testing.assert_array_equal(counts, np.bincount(nodes, minlength=N_NODES))

    # Backward by hand: the slope of each triple at its three final rows, then the transposed map.
    rows, by_hand = mapped @ base, np.zeros((N_NODES, D))
    for user, positive, negative in triples + np.array([0, N_USERS, N_USERS]):
        spread = rows[positive] - rows[negative]
        slope = -1 / (1 + math.exp(rows[user] @ spread)) / len(triples)
        by_hand[user] += slope * spread
        by_hand[positive] += slope * rows[user]
        by_hand[negative] -= slope * rows[user]
    np.testing.assert_allclose(found, mapped.T @ by_hand, atol=1e-7)

    step = 1e-5
    for node, k in [(0, 0), (N_USERS - 1, 2), (7, 3), (N_USERS, 1), (N_NODES - 2, 5)]:
        moved = np.zeros((N_NODES, D))
        moved[node, k] = step
        ends = (loss_of(base + sign * moved, mapped, triples) for sign in (1, -1))
        difference = next(ends) - next(ends)
        assert found[node, k] == pytest.approx(difference / (2 * step), abs=1e-7)


def run(blocks, settings=SETTINGS, seed=0, epochs=6, checkpoint=None):
    train, test, validation = blocks
    return light_gcn.train(
        CpuBackend(), train, test, validation, settings, seed, epochs, checkpoint
    )


def test_training_takes_the_steps_of_torchs_adam(blocks):
    train, *_ = blocks
    state = run(blocks, epochs=3)
    start = initial_embeddings(N_NODES, SETTINGS, 0).embeddings.astype(np.float64)
    base = torch.tensor(start, requires_grad=True)
    mapped = torch.tensor(dense_map(train))
    adam = torch.optim.Adam([base], lr=SETTINGS.learning_rate)
    sampler, losses = TripleSampler(train.indptr, train.indices, N_ITEMS), []
    for epoch in (1, 2, 3):
        drawn = sampler.draw(seeds(Stream.LIGHT_GCN_TRIPLES, 0, epoch)).astype(np.int64)
        of_epoch = 0.0
        for batch in torch.tensor(drawn).split(SETTINGS.batch_size):  # the last one is shorter
            nodes = batch + torch.tensor([0, N_USERS, N_USERS])
            user, positive, negative = (mapped @ base)[nodes].unbind(1)
            difference = (user * (positive - negative)).sum(1)
            bpr = torch.nn.functional.softplus(-difference).mean()
            norm = base[nodes].square().sum() / (2 * len(batch))
            of_epoch += bpr.item() * len(batch)
            adam.zero_grad()
            (bpr + SETTINGS.regularisation * norm).backward()
            adam.step()
        losses.append(of_epoch / len(drawn))
    assert len(drawn) % SETTINGS.batch_size > 0
    assert [row["loss"] for row in state.curve] == pytest.approx(losses, rel=1e-5)
    np.testing.assert_allclose(state.factors.embeddings, base.detach(), atol=2e-5)
    np.testing.assert_allclose(np.concatenate(state.last), mapped @ base.detach(), atol=2e-5)
    assert np.abs(start - base.detach().numpy()).max() > 0.03


def test_it_learns_the_blocks_and_keeps_the_best_epoch(blocks):
    settings = TrainingSettings(**{**vars(SETTINGS), "learning_rate": 0.05, "criterion": "HR@6"})
    state = run(blocks, settings, epochs=40)
    scores = [row["HR@6"] for row in state.curve if not math.isnan(row["HR@6"])]
    assert len(scores) == 20
    assert state.selected_score == max(scores) > 0.9
    assert state.curve[-1]["loss"] < 0.1
    best = [row["epoch"] for row in state.curve if row["HR@6"] == max(scores)]
    assert state.selected_epoch == best[0]
    assert [rows.shape for rows in state.selected] == [(N_USERS, D), (N_ITEMS, D)]


def test_seeds_decide(blocks):
    first, again, other = run(blocks, seed=1), run(blocks, seed=1), run(blocks, seed=2)
    np.testing.assert_array_equal(first.factors.embeddings, again.factors.embeddings)
    assert (first.factors.embeddings != other.factors.embeddings).mean() > 0.99


def written(state, folder):
    names = ("state.safetensors", "best.safetensors", "last.safetensors", "curve.parquet")
    state.write(*(folder / name for name in names))
    return {name: (folder / name).read_bytes() for name in names}


class Killed(Exception):
    """Stands for a signal."""


@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_killed_training_ends_with_the_same_bytes(blocks, tmp_path, monkeypatch, after):
    whole = written(run(blocks, epochs=8), tmp_path / "whole")

    def checkpoint():
        return Checkpoint(tmp_path / "killed" / "state.safetensors", 0, [], ["LightGCN"])

    save = Checkpoint.save

    def save_and_die(self, state):
        save(self, state)
        if state.epoch == after:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012
        patch.setattr(Checkpoint, "save", save_and_die)
        run(blocks, epochs=8, checkpoint=checkpoint())
    resumed = run(blocks, epochs=8, checkpoint=checkpoint())
    assert [row["epoch"] for row in resumed.curve] == list(range(1, 9))
    assert written(resumed, tmp_path / "killed") == whole


def test_a_training_that_diverges_says_what_to_lower(blocks):
    settings = TrainingSettings(**{**vars(SETTINGS), "learning_rate": 1e30})
    with pytest.raises(TrainingError, match=r"loss of LightGCN is .*light_gcn\.learning_rate"):
        run(blocks, settings)
