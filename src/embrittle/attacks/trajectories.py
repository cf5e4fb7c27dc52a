"""Files of lists: one of the unperturbed model, and one for each trajectory, which is an attack at one epsilon.

What an attack in steps reaches after L of them lies on its way to any larger number, so it runs once, as far as the
study needs it, and its lists after each number of iterations asked for are one row group of one file.

Light: the rules ask which files there are when the Snakefile is parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

Condition = tuple[str, float, int]
"""Attack, epsilon, iterations; ("initial", 0, 0) is the unperturbed model. Epsilon may be text, as in file names."""


class Snapshot(NamedTuple):
    """What an attack has come to after some of its steps.

    Attributes:
        iterations: the number of steps.
        lists: the model's lists then, as columns (`ranking.lists_to_columns`).
        spent: what the perturbation has spent (`spent.spent_norms`).
    """

    iterations: int
    lists: Mapping[str, np.ndarray]
    spent: Mapping[str, float]


def trajectories(conditions: Iterable[Condition]) -> list[tuple[str, float]]:
    """Return (attack, epsilon) of the files that hold `conditions`: each once, in the order of their first mention."""
    return list(dict.fromkeys((attack, epsilon) for attack, epsilon, _ in conditions))


def located(
    paths: Sequence[str | PathLike], conditions: Sequence[Condition]
) -> list[tuple[str | PathLike, Condition]]:
    """Say of each condition which file holds it.

    Args:
        paths: the files of `trajectories(conditions)`, in that order.
        conditions: in any order.

    Raises:
        ValueError: there are more or fewer files than that.
    """
    files = dict(zip(trajectories(conditions), paths, strict=True))
    return [(files[condition[:2]], condition) for condition in map(tuple, conditions)]


def write_snapshots(snapshots: Iterable[Snapshot], path: str | PathLike) -> None:
    """Write a trajectory, a row group as each snapshot comes.

    The columns are those of the lists and `iterations`, int32; the metadata "spent" has what each has spent.
    """
    import numpy as np

    from embrittle.files import written_in_groups

    with written_in_groups(path) as file:

        def write(snapshot: Snapshot) -> tuple[int, Mapping[str, float]]:
            iterations = np.full(len(snapshot.lists["user"]), snapshot.iterations, np.int32)
            file.write({**snapshot.lists, "iterations": iterations})
            return snapshot.iterations, snapshot.spent

        # Unlike a loop, map lets go of each snapshot before it asks for the next: one is in memory at a time.
        file.describe({"spent": dict(map(write, snapshots))})


def spent_by_iterations(path: str | PathLike) -> dict[int, dict[str, float]]:
    """Read, from its footer alone, which numbers of iterations a trajectory's file holds, and what each has spent.

    Raises:
        DataError: the file is damaged.
    """
    from embrittle.files import read_metadata

    spent = read_metadata(path).get("spent", {})
    return {int(iterations): norms for iterations, norms in spent.items()}
