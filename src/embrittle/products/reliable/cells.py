"""What attacks leave of nDCG at each epsilon, how much more damage than a reference they do, and warnings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.attacks.norms import MEAN_NORM_METRIC, RELATIVE_NORM_METRIC, SHORT_METRIC
from embrittle.metrics.tidy import is_epsilon, metrics_at, robustness, spread_over_seeds
from embrittle.stats import over_seeds, ratio_interval

LEFT = "left"
ABOUT = ["loss", "knows", "rows", "budget"]
LONG_COLUMNS = [
    *("dataset", "model", "attack", *ABOUT, "epsilon", "iterations", "metric", "value", "seed"),
]
CELL = ["dataset", "model", "attack", "budget", "epsilon"]
CURVE_COLUMNS = [*CELL, "mean", "sd", "low", "high", "n_seeds"]
DAMAGE_COLUMNS = [
    *CELL,
    "knows",
    "left",
    "low",
    "high",
    "ratio",
    "ratio_low",
    "ratio_high",
    "n_seeds",
]
WARNING_COLUMNS = ["dataset", "model", "attack", "budget", "epsilon", "kind", "warning"]
# A mean over users differs by so much by chance; percentage points of what is left.
TOLERANCE = 1.0
INSIDE = 0.99
"""An attack whose rows have less than this share of epsilon, in the mean, ends inside its ball."""

Attacks = Mapping[str, Mapping[str, Any]]
"""Attack -> loss, knows, rows, budget, iterations; whether it is shown (members of ensembles may not be); its
members, or the attack that is transferred; the model that it is transferred from ("" for others)."""


def long_form(
    metrics: pd.DataFrame,
    attacks: Attacks,
    epsilon: Mapping[str, Sequence[float]],
    datasets: Sequence[str],
    k: int,
) -> pd.DataFrame:
    """Return nDCG without attack and after each attack, what is left of it, and the mean row norm of the perturbation.

    Args:
        metrics: the tidy metrics.
        attacks: what is known of each attack.
        epsilon: budget ("absolute", "relative") -> its epsilons.
        datasets: the data sets to show.
        k: length of the lists.

    Returns:
        Columns `LONG_COLUMNS`; metric is nDCG@k, "initial nDCG@k", "left" in percent, "norm", the mean L2 norm of the
        perturbation's rows in the unit of epsilon, or "short", the share of rows that are shorter (`norms.SHORT`).

    Raises:
        DataError: as in `tidy.metrics_at`.
    """
    same = {name: name for name in (LEFT, "norm", "short")}
    kinds = {"initial": f"initial nDCG@{k}", "value": f"nDCG@{k}", **same}
    rows = robustness(metrics, k)
    rows = rows[rows["dataset"].isin(datasets)].assign(left=lambda table: 100 - table["rho"])
    rows = rows.merge(_norms(metrics, k), how="left", validate="one_to_one")
    found = []
    for name, about in attacks.items():
        here = rows[(rows["attack"] == name) & (rows["iterations"] == about["iterations"])]
        wanted = pd.Series(False, index=here.index)
        for budget in epsilon[about["budget"]]:
            wanted |= is_epsilon(here["epsilon"], budget)
        norm = here[f"{about['budget']} norm"]
        found.append(here[wanted].assign(norm=norm, **{key: about[key] for key in ABOUT}))
    table = pd.concat(found, ignore_index=True).rename(columns=kinds)
    identified = [column for column in LONG_COLUMNS if column not in ("metric", "value")]
    return table.melt(identified, list(kinds.values()), "metric", "value")[LONG_COLUMNS]


def _norms(metrics: pd.DataFrame, k: int) -> pd.DataFrame:
    """The mean row norms of perturbations, absolute and relative, and the share of short rows, in columns."""
    run = ["dataset", "model", "seed", "attack", "epsilon", "iterations"]
    rows = metrics_at(metrics, k)
    names = {
        MEAN_NORM_METRIC: "absolute norm",
        RELATIVE_NORM_METRIC: "relative norm",
        SHORT_METRIC: "short",
    }
    rows = rows[rows["metric"].isin(list(names))]
    table = rows.pivot_table("value", run, "metric", dropna=False).rename(columns=names)
    return table.reindex(columns=list(names.values())).reset_index()


def curves(long: pd.DataFrame, attacks: Attacks) -> pd.DataFrame:
    """Return what is left after each attack that is shown, over the seeds: mean, standard deviation and range.

    Returns:
        Columns `CURVE_COLUMNS`, ascending in epsilon.
    """
    table = spread_over_seeds(_left(long, attacks), CELL)
    order = {name: n for n, name in enumerate(attacks)}
    table = table.sort_values("epsilon", kind="stable")
    return table.sort_values("attack", key=lambda names: names.map(order), kind="stable")[
        CURVE_COLUMNS
    ]


def damage(long: pd.DataFrame, attacks: Attacks, reference: str) -> pd.DataFrame:
    """Return what is left after each attack that is shown, and its damage as a multiple of the reference's.

    Args:
        long: from `long_form`.
        attacks: what is known of each attack.
        reference: the attack of an absolute epsilon that the others are compared with.

    Returns:
        Columns `DAMAGE_COLUMNS`: the mean with its 95 % interval over the seeds, and the ratio of the mean damages
        (100 - left) with Fieller's interval; NaN for the reference itself, at relative epsilons, and where the damage
        of the reference may be 0.
    """
    rows = _left(long, attacks)
    rows = rows.assign(damage=100 - rows["value"])
    table = over_seeds(rows, "value", [*CELL, "knows"]).rename(columns={"mean": LEFT})
    at = ["dataset", "model", "budget", "epsilon", "seed"]
    base = rows.loc[rows["attack"] == reference, [*at, "damage"]].rename(columns={"damage": "base"})
    both = rows[rows["attack"] != reference].merge(base, on=at, validate="many_to_one")
    ratios = [
        dict(zip(CELL, cell, strict=True)) | dict(zip(RATIO, _ratio(of), strict=True))
        for cell, of in both.groupby(CELL, sort=False)
    ]
    if not ratios:
        return table.reindex(columns=DAMAGE_COLUMNS)
    return table.merge(pd.DataFrame(ratios), on=CELL, how="left")[DAMAGE_COLUMNS]


RATIO = ("ratio", "ratio_low", "ratio_high")


def _ratio(rows: pd.DataFrame) -> tuple[float, float, float]:
    low, high = ratio_interval(rows["damage"], rows["base"])
    ratio = rows["damage"].mean() / rows["base"].mean() if rows["base"].mean() > 0 else np.nan
    return (ratio, low, high) if len(rows) == 1 or not np.isnan(low) else (np.nan,) * 3


def _left(long: pd.DataFrame, attacks: Attacks) -> pd.DataFrame:
    """What is left after the attacks that are shown; on the model that it comes from, a transfer is another attack."""
    shown = [name for name, about in attacks.items() if about["shown"]]
    rows = long[(long["metric"] == LEFT) & long["attack"].isin(shown)]
    return rows[
        rows["model"] != rows["attack"].map({name: attacks[name]["model"] for name in shown})
    ]


def warnings(long: pd.DataFrame, attacks: Attacks, reference: str) -> pd.DataFrame:
    """Return signs that an attack is weaker than its number suggests, in the mean over the seeds.

    - "more left at a larger epsilon": a larger budget holds all perturbations of a smaller one.
    - "weaker than the reference": an attack on the ranking leaves more than the papers' attack of the same budget.
    - "inside the ball": the perturbation's rows are shorter than the budget allows, in the mean, because the gradient
      of many rows is zero or too short to have a direction. Not of "margin", which leaves rows alone that no list
      needs, and not of ensembles, whose members are judged.
    - "weaker than a transfer": the perturbation that the same attack has found on another model leaves less. The
      gradient of this model then leads the attack astray, and what looks like a defence is none.

    Returns:
        Columns `WARNING_COLUMNS`.
    """
    means = (
        long.groupby([*CELL, "metric"], sort=False)["value"].mean().unstack("metric").reset_index()
    )
    found = [
        *_more_at_larger(means),
        *_weaker(means, attacks, reference),
        *_inside(means, attacks),
        *_weaker_than_transfer(means, attacks),
    ]
    return pd.DataFrame(found, columns=WARNING_COLUMNS)


Warned = tuple[str, str, str, str, float, str, str]


def _more_at_larger(means: pd.DataFrame) -> Iterator[Warned]:
    for cell, rows in means.groupby(CELL[:-1], sort=False):
        rows = rows.sort_values("epsilon")
        least = rows[LEFT].cummin().shift()
        for row, before in zip(rows.to_dict("records"), least, strict=True):
            if row[LEFT] > before + TOLERANCE:
                text = f"leaves {row[LEFT]:.1f} %, and only {before:.1f} % at a smaller ε"
                yield *cell, row["epsilon"], "more left at a larger epsilon", text


def _weaker(means: pd.DataFrame, attacks: Attacks, reference: str) -> Iterator[Warned]:
    at = ["dataset", "model", "budget", "epsilon"]
    base = means.loc[means["attack"] == reference, [*at, LEFT]].rename(columns={LEFT: "base"})
    for row in means.merge(base, on=at).to_dict("records"):
        if (
            attacks[row["attack"]]["knows"] in ("nothing", "train", "model")
            or row[LEFT] <= row["base"] + TOLERANCE
        ):
            continue
        text = f"leaves {row[LEFT]:.1f} %, more than {reference} ({row['base']:.1f} %)"
        yield *(row[name] for name in CELL), "weaker than the reference", text


def _inside(means: pd.DataFrame, attacks: Attacks) -> Iterator[Warned]:
    for row in means.to_dict("records"):
        if attacks[row["attack"]]["loss"] in ("", "margin"):
            continue
        share = row["norm"] / row["epsilon"]
        if share < INSIDE:
            text = f"moves rows by {100 * share:.0f} % of ε in the mean"
            if row["short"] > 0:
                text += f", {100 * row['short']:.2g} % of them by less than the others"
            yield *(row[name] for name in CELL), "inside the ball", text


def _weaker_than_transfer(means: pd.DataFrame, attacks: Attacks) -> Iterator[Warned]:
    at = ["dataset", "model", "budget", "epsilon"]
    for name, about in attacks.items():
        if not (source := about["model"]):
            continue
        of = means.loc[means["attack"] == name, [*at, LEFT]].rename(columns={LEFT: "transferred"})
        same = [
            other
            for other, its in attacks.items()
            if not its["model"] and set(about["members"]) <= set(its["members"])
        ]
        both = means[means["attack"].isin(same) & (means["model"] != source)].merge(of, on=at)
        for row in both[both[LEFT] > both["transferred"] + TOLERANCE].to_dict("records"):
            text = (
                f"leaves {row[LEFT]:.1f} %, and only {row['transferred']:.1f} % is left by the perturbation found on "
                f"{source} ({name})"
            )
            yield *(row[column] for column in CELL), "weaker than a transfer", text
