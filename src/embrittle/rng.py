"""Random numbers that more than one stage draws."""

import numpy as np


def truncated_normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw float32 from normal(0, 1), values beyond two standard deviations drawn again (TensorFlow's)."""
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
    return values
