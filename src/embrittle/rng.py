"""Every stream of random numbers by name: no two draw the same numbers under one seed.

A stream is numpy's SeedSequence with the seed as entropy and the stream's number, then what else tells its draws apart
(an epoch, say), as spawn key. A list of integers as entropy would not do: zeros at its end do not count, so that the
streams [seed] and [seed, 0] are one (numpy's documentation of SeedSequence).
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """Who draws, and what beside the seed tells the draws apart. Numbers may be added, never changed."""

    TEST_SPLIT = 1
    VALIDATION_SPLIT = 2
    INITIAL_FACTORS = 3
    TRIPLES = 4  # epoch
    ATTACK_NEGATIVES = 5  # iteration
    START_IN_BOX = 6
    START_IN_BALL = 7
    NOISE = 8
    RANDOM_LISTS = 9
    CDAE = 10
    CDAE_NEGATIVES = 11  # epoch, number of the negative
    CDAE_WEIGHTS = 12
    IRGAN = 13
    IRGAN_INITIAL_FACTORS = 14
    IRGAN_TRIPLES = 15  # epoch
    IRGAN_WEIGHTS = 16
    NEUMF_ORDER = 17  # epoch
    NEUMF_NEGATIVES = 18  # epoch, number of the negative
    NEUMF_WEIGHTS = 19


def seeds(stream: Stream, seed: int, *place: int) -> np.random.SeedSequence:
    """The seeds of a stream under a seed, at a place in it."""
    return np.random.SeedSequence(seed, spawn_key=(stream, *place))


def generator(stream: Stream, seed: int, *place: int) -> np.random.Generator:
    """A numpy generator of a stream."""
    return np.random.default_rng(seeds(stream, seed, *place))


def torch_seed(stream: Stream, seed: int, *place: int) -> int:
    """What `torch.manual_seed` takes for a stream: 63 bits."""
    return int(seeds(stream, seed, *place).generate_state(1, np.uint64)[0] >> 1)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw float32 from normal(0, 1), values beyond two standard deviations drawn again (TensorFlow's)."""
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
    return values
