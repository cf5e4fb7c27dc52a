"""Measuring several things in turn, so that a machine that gets slower or faster changes them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

Measurement = Callable[[], float]  # does its work once and returns the seconds that count
Seconds = tuple[float, ...]  # one figure a round


def seconds_of(work: Callable[[], object], times: int = 1) -> float:
    """Wall-clock seconds of one call of `work`, as the mean of `times` calls."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def side_by_side(measurements: Mapping[str, Measurement], repeats: int) -> dict[str, Seconds]:
    """Measure all, round by round: forwards in the odd rounds, backwards in the even ones (A B, B A, A B, ...).

    A first round, which compiles and fills the caches, does not count.

    Args:
        measurements: what to measure, by name.
        repeats: number of rounds that count.

    Returns:
        The seconds of every round, by name.
    """
    for measure in measurements.values():
        measure()
    seconds: dict[str, list[float]] = {name: [] for name in measurements}
    for number in range(repeats):
        in_turn = list(measurements.items())
        for name, measure in in_turn if number % 2 == 0 else reversed(in_turn):
            seconds[name].append(measure())
    return {name: tuple(values) for name, values in seconds.items()}


def ratios(numerators: Seconds, denominators: Seconds) -> Seconds:
    """Quotients round by round: what drifts over the rounds is in both and cancels.

    Raises:
        ValueError: the two were not measured in the same number of rounds.
    """
    return tuple(a / b for a, b in zip(numerators, denominators, strict=True))
