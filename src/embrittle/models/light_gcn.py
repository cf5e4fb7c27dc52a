"""Training of LightGCN (docs/method.md, "Further models")."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import Backend
from embrittle.kernels.numba_graph import (
    FIRST_DECAY,
    SECOND_DECAY,
    Graph,
    adam_step,
    batch_kernel,
)
from embrittle.kernels.sampling import TripleSampler
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.epochs import run_epochs
from embrittle.models.selection import EpochSelection
from embrittle.models.state import TrainedState
from embrittle.rng import Stream, generator, seeds


@dataclass(frozen=True)
class TrainingSettings:
    """The settings that decide a training's result, besides data and seed (explained in config/README.md)."""

    model: str
    factors: int
    selection: str
    criterion: str
    evaluate_every: int
    batch_size: int
    learning_rate: float
    init_scale: float
    layers: int
    regularisation: float


@dataclass
class Embeddings:
    """The learned parameters and the state of Adam; training changes the arrays in place.

    Attributes:
        embeddings: float32 (n_users + n_items, factors), rows before propagation, users first.
        first_moments, second_moments: Adam's running means of gradients and of their squares, in the same shape.
    """

    embeddings: np.ndarray
    first_moments: np.ndarray
    second_moments: np.ndarray

    def copy(self) -> Embeddings:
        """Return a copy with arrays of its own."""
        return Embeddings(*(array.copy() for array in vars(self).values()))


class LightGcn:
    """LightGCN in training (`epochs.Learner`)."""

    advice = "Choose a lower light_gcn.learning_rate."

    def __init__(self, train: UserItems, start: Embeddings, settings: TrainingSettings, seed: int):
        """Build the graph of the training positives, and copy the start."""
        self._n_users, self._seed, self._settings = train.n_users, seed, settings
        self._sampler = TripleSampler(train.indptr, train.indices, train.n_items)
        self._graph, self._state = Graph.of(train), start.copy()
        self._gradient = np.empty_like(start.embeddings)
        self._counts = np.empty(len(start.embeddings), np.float32)

    def train_epoch(self, epoch: int) -> float:
        """Take a step for each batch of the epoch's triples, the last one with the triples that are left."""
        triples = self._sampler.draw(seeds(Stream.LIGHT_GCN_TRIPLES, self._seed, epoch))
        size = self._settings.batch_size
        n_steps, total = math.ceil(len(triples) / size), 0.0
        for step in range(n_steps):
            batch = triples[step * size : (step + 1) * size]
            total += self._take_step(batch, (epoch - 1) * n_steps + step + 1)
        return total / len(triples)

    def _take_step(self, triples: np.ndarray, number: int) -> float:
        """Take the step of this number, counted from 1; return the sum of the losses before it."""
        embeddings, rate = self._state.embeddings, self._settings.learning_rate
        gradient_of = batch_kernel(embeddings.shape[1])
        loss = gradient_of(self._final(), triples, self._n_users, self._gradient, self._counts)
        gradient = self._graph.mean_of_layers(self._gradient, self._settings.layers)
        adam_step(
            embeddings, self._state.first_moments, self._state.second_moments, gradient,
            self._counts * np.float32(self._settings.regularisation / len(triples)),
            np.float32(rate / (1 - FIRST_DECAY**number)),
            np.float32(1 / math.sqrt(1 - SECOND_DECAY**number)),
        )  # fmt: skip
        return loss

    def _final(self) -> np.ndarray:
        return self._graph.mean_of_layers(self._state.embeddings, self._settings.layers)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows after propagation."""
        final = self._final()
        return final[: self._n_users], final[self._n_users :]

    def parameters(self) -> Embeddings:
        """Return a copy of the rows before propagation and of Adam's state."""
        return self._state.copy()


def initial_embeddings(n_nodes: int, settings: TrainingSettings, seed: int) -> Embeddings:
    """Return rows drawn from normal(0, init_scale), with Adam's state of zeros."""
    rng = generator(Stream.LIGHT_GCN_EMBEDDINGS, seed)
    drawn = rng.standard_normal((n_nodes, settings.factors), dtype=np.float32)
    drawn *= np.float32(settings.init_scale)
    return Embeddings(drawn, np.zeros_like(drawn), np.zeros_like(drawn))


def train(
    backend: Backend,
    train: UserItems,
    test: UserItems,
    validation: UserItems,
    settings: TrainingSettings,
    seed: int,
    epochs: int,
    checkpoint: Checkpoint | None = None,
) -> TrainedState:
    """Train LightGCN from random rows until epoch number `epochs`; arguments and errors as in `training.train`.

    Args:
        backend: makes the lists of evaluated epochs, on the CPU; propagation and gradients run on the CPU as well.
        train, test, validation, settings, seed, epochs, checkpoint: as in `training.train`.
    """
    selection = EpochSelection(settings.selection, settings.criterion, train, test, validation)
    start = initial_embeddings(train.n_users + train.n_items, settings, seed)
    state = TrainedState(settings.model, seed, 0, start)

    def learner(state: TrainedState) -> LightGcn:
        return LightGcn(train, state.factors, settings, seed)

    every = settings.evaluate_every
    return run_epochs(learner, state, backend, selection, every, epochs, checkpoint)
