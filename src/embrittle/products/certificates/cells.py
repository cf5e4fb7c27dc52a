"""What is certain of each model over seeds: curves, the gap between proof and attack, differences of models, groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.certificates.threats import THREATS, Threat
from embrittle.metrics.tidy import is_epsilon, spread_over_seeds
from embrittle.products.certificates.evaluate import (
    ATTACK,
    CERTIFIED,
    CURVE_COLUMNS,
    FOUND,
    GROUP_COLUMNS,
    INITIAL,
    PROVED,
)
from embrittle.stats import over_seeds

THREAT = ["rows", "norm", "budget"]
RUN = ["dataset", "model", "seed"]
LONG_COLUMNS = ["dataset", "model", *CURVE_COLUMNS, "seed"]
LEFT = "left"
# Bounds of the worst case from below and from above.
PROOFS, BREAKS = (CERTIFIED, PROVED), (FOUND, ATTACK)
CURVE = ["dataset", "model", *THREAT, "epsilon", "kind", "attack"]
SPREAD_COLUMNS = [*CURVE, "mean", "sd", "low", "high", "n_seeds"]
SANDWICH_COLUMNS = [
    *("dataset", "model", *THREAT, "epsilon"),
    *("certified", "certified_low", "certified_high", "proved", "found"),
    *("strongest", "knows", "attacked", "attacked_low", "attacked_high", "gap", "n_seeds"),
]
SEED_COLUMNS = [
    *("dataset", "model", "compared_with", *THREAT, "epsilon", "seed"),
    *("of_model", "of_other", "difference", "at_least", "at_most"),
]
DIFFERENCE_COLUMNS = [
    *("dataset", "model", "compared_with", *THREAT, "epsilon"),
    *("of_model", "of_other", "difference", "low", "high"),
    *("at_least", "at_least_low", "at_least_high"),
    *("at_most", "at_most_low", "at_most_high", "n_seeds"),
]

Attacks = Mapping[str, Mapping[str, Any]]
"""Attack -> "threat", what it may perturb, "knows", and "shown", which is false for members of ensembles."""


def long_form(curves: Mapping[tuple[str, str, int], pd.DataFrame], k: int) -> pd.DataFrame:
    """Return every value of the study, with what is left of nDCG in percent of the unperturbed model's.

    Args:
        curves: (data set, model, seed) -> the results of `evaluate.curves` and `evaluate.beside_attacks`.
        k: the length of the lists of which "left" is computed.

    Returns:
        Columns `LONG_COLUMNS`; the metric "left" is nDCG@k in percent of the same seed's without perturbation.
    """
    tables = []
    for run, table in curves.items():
        rows = table[table["metric"] == f"nDCG@{k}"]
        initial = rows.loc[rows["kind"] == INITIAL, "value"]
        unperturbed = initial.iloc[0] if len(initial) else np.nan
        share = 100 * rows["value"] / (unperturbed or np.nan)
        left = rows[rows["kind"] != INITIAL].assign(metric=LEFT, value=share)
        both = pd.concat([table, left], ignore_index=True)
        tables.append(both.assign(**dict(zip(RUN, run, strict=True))))
    return pd.concat(tables, ignore_index=True)[LONG_COLUMNS]


def _left(long: pd.DataFrame, attacks: Attacks) -> pd.DataFrame:
    """What is left, for certain and after the attacks that are shown."""
    shown = [name for name, about in attacks.items() if about["shown"]]
    return long[(long["metric"] == LEFT) & ((long["kind"] != ATTACK) | long["attack"].isin(shown))]


def curves(long: pd.DataFrame, attacks: Attacks) -> pd.DataFrame:
    """Return what is left over seeds, without attacks that are not shown.

    Returns:
        Columns `SPREAD_COLUMNS`, ascending in epsilon.
    """
    rows = _left(long, attacks).sort_values("epsilon", kind="stable")
    return spread_over_seeds(rows, CURVE)[SPREAD_COLUMNS]


def sandwich(long: pd.DataFrame, attacks: Attacks) -> pd.DataFrame:
    """Return proof and strongest attack at each epsilon that has an attack.

    Args:
        long: from `long_form`.
        attacks: what is known of each attack; of those shown, the strongest one of the same threat and epsilon counts.

    Returns:
        Columns `SANDWICH_COLUMNS`: what is left, in percent, with 95 % intervals over seeds; "proved" and "found" are
        the exact worst case from below and from above, where it was searched for; "gap" is the difference between the
        strongest attack (or the search, if it found more) and the strongest proof, in points. The rows of a model are
        in the order of `THREATS`.
    """
    left = _left(long, attacks)
    attacked = left[left["kind"] == ATTACK]
    by = ["dataset", "model", *THREAT, "epsilon"]
    rows = []
    for cell, of in attacked.groupby(by, sort=False):
        here = left
        for column, value in zip(by[:-1], cell[:-1], strict=True):
            here = here[here[column] == value]
        here = here[is_epsilon(here["epsilon"], cell[-1])]
        certified = _mean(here[here["kind"] == CERTIFIED])
        proved, found = (_mean(here[here["kind"] == kind])["mean"] for kind in (PROVED, FOUND))
        strongest = of.groupby("attack", sort=False)["value"].mean().idxmin()
        best = _mean(of[of["attack"] == strongest])
        proof, attack = np.nanmax([certified["mean"], proved]), np.nanmin([best["mean"], found])
        rows.append(
            (
                *cell,
                *(certified[c] for c in ("mean", "low", "high")),
                *(proved, found, strongest, attacks[strongest]["knows"]),
                *(best[c] for c in ("mean", "low", "high")),
                *(attack - proof, best["n_seeds"]),
            )
        )
    table = pd.DataFrame(rows, columns=SANDWICH_COLUMNS)
    places = {threat: place for place, threat in enumerate(THREATS)}
    order = pd.DataFrame(
        {
            "model": pd.factorize(pd.MultiIndex.from_frame(table[["dataset", "model"]]))[0],
            "threat": [places[Threat(*of)] for of in table[THREAT].itertuples(index=False)],
            "epsilon": table["epsilon"],
        }
    )
    return table.loc[order.sort_values(list(order)).index].reset_index(drop=True)


def _mean(rows: pd.DataFrame) -> Mapping[str, Any]:
    """The mean over seeds and its interval; NaN without rows."""
    if rows.empty:
        return {"mean": np.nan, "low": np.nan, "high": np.nan, "n_seeds": 0}
    return over_seeds(rows, "value", ["dataset"]).iloc[0].to_dict()


def per_seed(long: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return how much more is certain of each model than of `model` in each seed.

    Returns:
        Columns `SEED_COLUMNS`: certified nDCG left of both, in percent, and the difference in points, at every
        epsilon. A certificate may be further from the worst case for one model than for another, so its lead proves
        nothing about the worst cases. They differ by `at_least` (the best proof for the model less what the search for
        the exact worst case, or any attack, leaves of `model`) and by `at_most` (the other way round); NaN where
        neither search nor attack was run.
    """
    left = long[long["metric"] == LEFT]
    on = ["dataset", *THREAT, "epsilon", "seed"]

    def of_each(name: str, kinds: Sequence[str], best: str) -> pd.DataFrame:
        values = left[left["kind"].isin(kinds)].groupby(["model", *on], sort=False)["value"]
        return values.agg(best).rename(name).reset_index()

    bounds = of_each("certified", (CERTIFIED,), "max")
    bounds = bounds.merge(of_each("lowest", PROOFS, "max"), on=["model", *on])
    bounds = bounds.merge(of_each("highest", BREAKS, "min"), on=["model", *on], how="left")
    of_other = bounds[bounds["model"] == model].drop(columns="model")
    both = bounds[bounds["model"] != model].merge(
        of_other, on=on, suffixes=("", "_other"), validate="many_to_one"
    )
    both = both.assign(
        of_model=both["certified"],
        of_other=both["certified_other"],
        difference=both["certified"] - both["certified_other"],
        at_least=both["lowest"] - both["highest_other"],
        at_most=both["highest"] - both["lowest_other"],
        compared_with=model,
    )
    return both[SEED_COLUMNS]


def differences(seeds: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of `per_seed` over the seeds.

    Returns:
        Columns `DIFFERENCE_COLUMNS`: means, and the 95 % intervals of the difference, of `at_least` and of `at_most`.
    """
    if seeds.empty:
        return pd.DataFrame(columns=DIFFERENCE_COLUMNS)
    by = ["dataset", "model", "compared_with", *THREAT, "epsilon"]
    table = over_seeds(seeds, "difference", by).rename(columns={"mean": "difference"})
    for column in ("of_model", "of_other"):
        table[column] = over_seeds(seeds, column, by)["mean"]
    for column in ("at_least", "at_most"):
        bound = over_seeds(seeds, column, by)
        for name, of in ((column, "mean"), (f"{column}_low", "low"), (f"{column}_high", "high")):
            table[name] = bound[of]
    return table[DIFFERENCE_COLUMNS]


def groups(tables: Mapping[tuple[str, str, int], pd.DataFrame]) -> pd.DataFrame:
    """Return the radii of groups, means over the seeds: dataset, model, then `GROUP_COLUMNS`, n_seeds."""
    rows = pd.concat(
        [of.assign(**dict(zip(RUN, run, strict=True))) for run, of in tables.items()],
        ignore_index=True,
    )
    numbers = ["members", "hits", "q25", "median", "q75"]
    by = ["dataset", "model", *(name for name in GROUP_COLUMNS if name not in numbers)]
    found = rows.groupby(by, sort=False)
    table = found[numbers].mean().assign(n_seeds=found.size()).reset_index()
    return table[["dataset", "model", *GROUP_COLUMNS, "n_seeds"]]


def at(table: pd.DataFrame, epsilon: float, **where: str | Sequence[str]) -> pd.DataFrame:
    """Return the rows of a table at an epsilon, with these values in its other columns."""
    rows = table[is_epsilon(table["epsilon"], epsilon)]
    for column, values in where.items():
        rows = rows[rows[column].isin([values] if isinstance(values, str) else list(values))]
    return rows
