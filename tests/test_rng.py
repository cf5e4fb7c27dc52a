"""Streams of random numbers: each its own, under any seed, and nobody draws outside them."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from embrittle.rng import Stream, generator, seeds, torch_seed, truncated_normal

ROOT = Path(__file__).parents[1]
PLACES = [(), (0,), (1,), (0, 0), (0, 1), (1, 0)]


def test_no_two_streams_draw_the_same_numbers():
    """Also where a seed or a place is 0, which a list of integers as entropy would not tell from nothing."""
    drawn = {
        (stream, seed, place): generator(stream, seed, *place).integers(2**63)
        for stream, seed, place in product(Stream, (0, 1, 2, 3, 2**32 - 1), PLACES)
    }
    assert len(set(drawn.values())) == len(drawn) == len(Stream) * 5 * len(PLACES)
    plain = {np.random.default_rng([0] * n).integers(2**63) for n in range(1, 5)}
    assert len(plain) == 1  # what this guards against
    assert not plain & set(drawn.values())


def test_a_stream_is_the_same_again_and_on_every_machine():
    first, again = (generator(Stream.TRIPLES, 7, 3).integers(1000, size=4) for _ in range(2))
    assert first.tolist() == again.tolist() == [913, 460, 32, 736]
    assert seeds(Stream.TRIPLES, 7, 3).spawn_key == (4, 3)


def test_seeds_of_torch_fit_it_and_differ():
    drawn = {torch_seed(stream, seed) for stream in Stream for seed in range(20)}
    assert len(drawn) == 20 * len(Stream)
    assert all(0 <= number < 2**63 for number in drawn)


def test_nobody_draws_outside_the_streams():
    own = re.compile(r"default_rng\(|SeedSequence\(|manual_seed\(seed|np\.random\.(seed|rand)")
    found = [
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if own.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["rng.py"]


def test_truncated_normals_have_no_tails():
    values = truncated_normal(generator(Stream.INITIAL_FACTORS, 0), (200, 50))
    assert values.dtype == np.float32
    assert np.abs(values).max() <= 2
    # The standard deviation of a normal cut at two of its own.
    assert values.std() == pytest.approx(0.8796, abs=0.02)
