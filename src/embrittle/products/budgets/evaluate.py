"""Compare attacks at equal perturbation norm, not at equal epsilon (docs/budgets.md).

At equal epsilon the papers' perturbations differ in size: a row of FGSM's Delta has the L2 norm epsilon, a row of BIM's
or PGD's up to epsilon times the square root of the number of factors. The perturbation norm is the mean L2 norm of the
rows of Delta, users and items together (`norms.perturbation_norms`). Between two budgets that were run, the nDCG of
each user is interpolated linearly over the perturbation norm.

A point is a dictionary of one condition: attack, epsilon, iterations, spent_norm (the perturbation norm) and ndcg, the
nDCG of each user. A curve is a list of points of one attack and of the unperturbed model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from embrittle.attacks.norms import MEAN_NORM
from embrittle.data.interactions import UserItems
from embrittle.metrics.evaluation import read_lists, read_norms
from embrittle.metrics.measures import ndcg_per_user
from embrittle.stats import interval
from embrittle.vocabulary import UNPERTURBED

RUN = ["dataset", "model", "seed"]
POINT_COLUMNS = [*RUN, "attack", "norm", "epsilon", "iterations", "spent_norm", "metric", "value"]
MATCHED_COLUMNS = [*RUN, "attack", "spent_norm", "value", "difference", "low", "high", "n_users"]
SHARE_COLUMNS = [
    *RUN,
    "attack",
    "spent_norm",
    "single_step",
    "single_step_at_norm",
    "value",
    "share",
]


def read_points(
    paths: Sequence[str | PathLike],
    conditions: Sequence[tuple[str, float, int]],
    test_items: UserItems,
    k: int,
    length: int,
) -> list[dict[str, Any]]:
    """Read the perturbation norm of each condition, and compute the nDCG of each user.

    Args:
        paths: the files of lists, one per condition.
        conditions: (attack, epsilon, iterations), the unperturbed model first.
        test_items: test items of each user.
        k: the length of the lists to measure.
        length: the length of the stored lists.

    Returns:
        One point per condition; ndcg is float64 (n_users,), NaN for users without a test item.

    Raises:
        DataError: a file is damaged.
    """
    points = []
    for path, (attack, epsilon, iterations) in zip(paths, conditions, strict=True):
        point = {"attack": attack, "epsilon": float(epsilon), "iterations": iterations}
        ndcg = ndcg_per_user(read_lists(path, test_items.n_users, length), test_items, k)
        points.append({**point, "spent_norm": read_norms(path)[MEAN_NORM], "ndcg": ndcg})
    return points


def ndcg_at(points: Sequence[Mapping[str, Any]], norm: float) -> np.ndarray | None:
    """Return the nDCG of each user at a perturbation norm, interpolated between the two nearest points of a curve.

    Args:
        points: a curve; of two points with equal norm the first counts.
        norm: the perturbation norm.

    Returns:
        float64 (n_users,); None if the norm is outside the curve.
    """
    curve = sorted(points, key=lambda point: point["spent_norm"])
    norms = np.array([point["spent_norm"] for point in curve])
    if len(curve) < 2 or not norms[0] <= norm <= norms[-1]:
        return None
    above = max(1, int(np.searchsorted(norms, norm)))
    low, high = curve[above - 1], curve[above]
    width = high["spent_norm"] - low["spent_norm"]
    weight = (norm - low["spent_norm"]) / width if width > 0 else 0.0
    return (1 - weight) * low["ndcg"] + weight * high["ndcg"]


def curves_of(points: Sequence[Mapping[str, Any]], iterations: int) -> dict[str, list]:
    """Attack -> its curve over epsilon, the unperturbed model first, after `iterations` or a single step."""
    initial = [point for point in points if point["attack"] == UNPERTURBED]
    attacks = dict.fromkeys(point["attack"] for point in points if point["attack"] != UNPERTURBED)
    curves = {}
    for attack in attacks:
        mine = [point for point in points if point["attack"] == attack]
        steps = steps_of((point["iterations"] for point in mine), iterations)
        curves[attack] = [*initial, *(point for point in mine if point["iterations"] == steps)]
    return curves


def steps_of(available: Iterable[int], iterations: int) -> int:
    """Return the number of steps in an attack's curve over epsilon: `iterations` if it is available, else 1."""
    return iterations if iterations in set(available) else 1


def long_form(
    points: Sequence[Mapping[str, Any]], about: Mapping[str, Any], norms: Mapping[str, str]
) -> pd.DataFrame:
    """Return the perturbation norm and mean nDCG of every condition, in the columns `POINT_COLUMNS`.

    Args:
        points: from `read_points`.
        about: dataset, model, seed, and metric, such as "nDCG@10".
        norms: attack -> the norm that its epsilon limits.
    """
    rows = [
        (
            *_run(about), p["attack"], norms.get(p["attack"], ""), p["epsilon"], p["iterations"],
            p["spent_norm"], about["metric"], float(np.nanmean(p["ndcg"])),
        )
        for p in points
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=POINT_COLUMNS)


def matched(
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    reference: str,
    norms: Sequence[float],
    about: Mapping[str, Any],
) -> pd.DataFrame:
    """Compare every attack with a reference attack at equal perturbation norms, user by user.

    Args:
        curves: attack -> its curve.
        reference: the attack that the others are compared with.
        norms: the perturbation norms to compare at.
        about: dataset, model, seed.

    Returns:
        Columns `MATCHED_COLUMNS`: value is the mean nDCG, difference the mean over users of the difference to the
        reference, with its 95 % interval over the users of this seed; NaN if an attack was not run up to the norm.
    """
    rows = []
    for norm in norms:
        theirs = ndcg_at(curves.get(reference, ()), norm)
        for attack, points in curves.items():
            ours = ndcg_at(points, norm)
            rows.append((*_run(about), attack, norm, *_compared(ours, theirs)))
    return pd.DataFrame(rows, columns=MATCHED_COLUMNS)


def compare(
    points: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
    norms_of: Mapping[str, str],
    *,
    reference: str,
    iterations: int,
    compare_at: float,
    norms: Sequence[float],
    k: int,
) -> dict[str, pd.DataFrame]:
    """Compare the attacks on one model and seed.

    Args:
        points: from `read_points`.
        about: dataset, model, seed.
        norms_of: attack -> the norm that its epsilon limits.
        reference: the single-step attack that the others are compared with.
        iterations: the number of iterations of multi-step attacks in the curves over epsilon.
        compare_at: the epsilon of the papers' comparison.
        norms: the perturbation norms to compare at.
        k: the length of the measured lists.

    Returns:
        "points" (`long_form`), "matched" (`matched`) and "shares" (`explained_shares`).
    """
    curves = curves_of(points, iterations)
    return {
        "points": long_form(points, {**about, "metric": f"nDCG@{k}"}, norms_of),
        "matched": matched(curves, reference, norms, about),
        "shares": explained_shares(points, curves, reference, compare_at, iterations, about),
    }


def _run(about: Mapping[str, Any]) -> tuple[str, str, int]:
    return about["dataset"], about["model"], int(about["seed"])


def _compared(
    ours: np.ndarray | None, theirs: np.ndarray | None
) -> tuple[float, float, float, float, int]:
    """Return mean nDCG, the mean difference with its interval over users, and the number of users."""
    if ours is None:
        return np.nan, np.nan, np.nan, np.nan, 0
    value, n_users = float(np.nanmean(ours)), int(np.isfinite(ours).sum())
    if theirs is None or n_users < 2:
        return value, np.nan, np.nan, np.nan, n_users
    difference = (ours - theirs)[np.isfinite(ours)]
    return value, float(difference.mean()), *interval(difference), n_users


def explained_shares(
    points: Sequence[Mapping[str, Any]],
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    reference: str,
    epsilon: float,
    iterations: int,
    about: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the share of each attack's gap to the single step at equal epsilon that its larger norm explains.

    With R and A the mean nDCG after the reference and after the attack, the gap is R(epsilon) - A(epsilon). The norm
    explains the part that the reference itself loses if its perturbation norm is the attack's:
    share = (R(epsilon) - R(norm)) / (R(epsilon) - A(epsilon)). Above 1, the reference with this norm lowers nDCG more
    than the attack does.

    Args:
        points: all conditions.
        curves: attack -> its curve.
        reference: the single-step attack.
        epsilon, iterations: the condition of the papers' comparison.
        about: dataset, model, seed.

    Returns:
        One row for each other attack, with columns `SHARE_COLUMNS`; share is NaN if there is no gap or the reference
        was not run up to the norm.
    """

    def at(attack: str, steps: int) -> Mapping[str, Any] | None:
        found = (
            p for p in points
            if p["attack"] == attack and p["iterations"] == steps and np.isclose(p["epsilon"], epsilon)
        )  # fmt: skip
        return next(found, None)

    single = at(reference, 1)
    rows = []
    for attack in curves:
        point = at(attack, iterations)
        if attack == reference or single is None or point is None:
            continue
        before, after = np.nanmean(single["ndcg"]), np.nanmean(point["ndcg"])
        same_norm = ndcg_at(curves[reference], point["spent_norm"])
        level = np.nan if same_norm is None else float(np.nanmean(same_norm))
        share = (before - level) / (before - after) if before > after else np.nan
        rows.append((*_run(about), attack, point["spent_norm"], before, level, after, share))
    return pd.DataFrame(rows, columns=SHARE_COLUMNS)
