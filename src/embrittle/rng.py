"""Named streams of random numbers, which are independent of each other under the same seed.

A stream is a NumPy SeedSequence with the seed as entropy. Its spawn key is the stream's number, followed by further
integers, such as the epoch, for draws within the stream. The integers are not part of the entropy, because
SeedSequence ignores trailing zeros there: the streams [seed] and [seed, 0] would be the same (NumPy's documentation of
SeedSequence).
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The streams; comments name the further integers. Numbers may be added, but never changed."""

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
    LIGHT_GCN_EMBEDDINGS = 20
    LIGHT_GCN_TRIPLES = 21  # epoch
    ALS_FACTORS = 22
    PURE_SVD_START = 23


def seeds(stream: Stream, seed: int, *place: int) -> np.random.SeedSequence:
    """Return the SeedSequence of a stream under a seed, at a place in the stream such as an epoch."""
    return np.random.SeedSequence(seed, spawn_key=(stream, *place))


def generator(stream: Stream, seed: int, *place: int) -> np.random.Generator:
    """Return a NumPy generator for a stream; arguments as in `seeds`."""
    return np.random.default_rng(seeds(stream, seed, *place))


def torch_seed(stream: Stream, seed: int, *place: int) -> int:
    """Return a 63-bit seed of a stream for `torch.manual_seed`; arguments as in `seeds`."""
    return int(seeds(stream, seed, *place).generate_state(1, np.uint64)[0] >> 1)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw float32 values from normal(0, 1) truncated at two standard deviations, by redrawing (as TensorFlow does)."""
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
    return values
