"""The notes on missing recommendation lists in captions. Light: imported whenever the Snakefile is parsed."""

from collections import Counter
from collections.abc import Iterable

Cell = tuple[str, str, int, str, str, int]
"""Data set, model, seed, attack ("initial" for the unperturbed model), epsilon, iterations."""

COLUMNS = ("dataset", "model", "seed", "attack", "epsilon", "iterations")
FILE = "missing.csv"
_NAMED = 4  # trainings that a note names; missing.csv names all


def notes(cells: Iterable[Cell]) -> list[str]:
    """Return the sentence on missing lists for a caption, in a list that is empty if none is missing."""
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
    return [f"{lists} missing (all are named in {FILE}): {'; '.join(named)}."]
