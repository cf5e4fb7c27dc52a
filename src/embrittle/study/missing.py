"""What is missing, and what a table says about it. Light: it is looked for when the Snakefile is parsed."""

from collections import Counter
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

Cell = tuple[str, str, int, str, str, int]
"""Data set, model, seed, attack ("initial" for the unperturbed model), epsilon, iterations."""

COLUMNS = ("dataset", "model", "seed", "attack", "epsilon", "iterations")
FILE = "missing.csv"
_NAMED = 4  # trainings; the file has all


def iterations_in(path: str | PathLike) -> list[int]:
    """Return after which numbers of iterations a trajectory's file has lists: none where there is no file.

    The file may be of a study with a smaller grid, so that it is there is not enough.

    Raises:
        DataError: the file is damaged.
    """
    if not Path(path).exists():
        return []
    from embrittle.attacks.trajectories import spent_by_iterations

    return list(spent_by_iterations(path))


def notes(cells: Iterable[Cell]) -> list[str]:
    """Return the sentences for a caption; none if nothing is missing."""
    trainings: dict[tuple, Counter] = {}
    for dataset, model, seed, attack, _, _ in cells:
        trainings.setdefault((dataset, model, seed), Counter())[attack] += 1
    if not trainings:
        return []
    named = [
        f"{model} on {dataset}, seed {seed} ("
        + ", ".join(f"{count} {attack}" for attack, count in sorted(attacks.items()))
        + ")"
        for (dataset, model, seed), attacks in list(trainings.items())[:_NAMED]
    ]
    if len(trainings) > _NAMED:
        named.append(f"{len(trainings) - _NAMED} more trainings")
    total = sum(sum(attacks.values()) for attacks in trainings.values())
    lists = (
        "1 list of recommendations is" if total == 1 else f"{total} lists of recommendations are"
    )
    return [f"{lists} missing, all named in {FILE}: {'; '.join(named)}."]
