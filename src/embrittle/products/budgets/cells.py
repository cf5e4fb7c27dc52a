"""The budgets of all models over seeds, and what they say about many steps and one."""

from collections.abc import Mapping, Sequence

import pandas as pd

from embrittle.metrics.tidy import metrics_at
from embrittle.products.budgets.evaluate import steps_of
from embrittle.render.labels import condition_label
from embrittle.render.statements import Case, judge, side
from embrittle.stats import over_seeds
from embrittle.vocabulary import RANDOM, UNPERTURBED

CELL = ["dataset", "model", "attack", "spent_norm"]
EQUAL_EPSILON = "many steps take more than one at equal \N{GREEK SMALL LETTER EPSILON}"
EQUAL_NORM = "many steps take more than one at equal norm"


def matched_over_seeds(matched: pd.DataFrame) -> pd.DataFrame:
    """Mean nDCG over seeds after attacks at equal norms.

    Args:
        matched: `evaluate.MATCHED_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, spent_norm, value, difference, low, high, n_seeds. The interval of the mean
        difference is over seeds; with a single seed, over its users.
    """
    cells = over_seeds(matched, "difference", CELL).rename(columns={"mean": "difference"})
    cells.insert(len(CELL), "value", over_seeds(matched, "value", CELL)["mean"])
    of_users = matched.drop_duplicates(CELL)
    for end in ("low", "high"):
        cells[end] = cells[end].where(cells["n_seeds"] > 1, of_users[end].to_numpy(dtype=float))
    return cells


def shares_over_seeds(shares: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of the papers' comparison at equal epsilon.

    Args:
        shares: `evaluate.SHARE_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, spent_norm, single_step, single_step_at_norm, value, gap (value - single_step)
        with gap_low and gap_high, share with share_low and share_high, n_seeds: 95 % intervals over seeds, NaN for one.
    """
    rows, by = shares.assign(gap=shares["value"] - shares["single_step"]), CELL[:-1]
    table = over_seeds(rows, "value", by)[[*by, "n_seeds"]]
    for column in ("spent_norm", "single_step", "single_step_at_norm", "value"):
        table[column] = over_seeds(rows, column, by)["mean"]
    for column in ("gap", "share"):
        names = [column, f"{column}_low", f"{column}_high"]
        table[names] = over_seeds(rows, column, by)[["mean", "low", "high"]]
    table["n_seeds"] = table.pop("n_seeds")
    return table


def statements(
    matched: pd.DataFrame, shares: pd.DataFrame, multi_step: Sequence[str]
) -> pd.DataFrame:
    """Whether many steps take more than one, at equal epsilon and at equal norm, for each data set and model.

    Args:
        matched: from `matched_over_seeds`.
        shares: from `shares_over_seeds`.
        multi_step: the attacks of several steps; a case is one of them, and at equal norm one of them at one norm.

    Returns:
        Columns dataset, model, statement, and those of `statements.judge`.
    """
    found, run = [], ["dataset", "model"]
    gaps = shares[shares["attack"].isin(multi_step)]
    cells = matched[matched["attack"].isin(multi_step) & matched["difference"].notna()]
    for dataset, model in matched[run].drop_duplicates().itertuples(index=False):
        about = {"dataset": dataset, "model": model}
        here, there = (
            rows[(rows["dataset"] == dataset) & (rows["model"] == model)].itertuples(index=False)
            for rows in (gaps, cells)
        )
        cases = {
            EQUAL_EPSILON: [
                Case(condition_label(row.attack), side(row.gap_low, row.gap_high, -1))
                for row in here
            ],
            EQUAL_NORM: [
                Case(
                    f"{condition_label(row.attack)} at {row.spent_norm:g}",
                    side(row.low, row.high, -1),
                )
                for row in there
            ],
        }
        found += [{**about, "statement": name, **judge(of)} for name, of in cases.items()]
    judged = ["verdict", "evidence", "n_for", "n_against", "n_open"]
    return pd.DataFrame(found, columns=[*run, "statement", *judged])


def curve_points(points: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of the perturbation norm and nDCG of each condition.

    Args:
        points: the long form of all runs (`evaluate.POINT_COLUMNS`).

    Returns:
        Columns dataset, model, attack, norm, epsilon, iterations, spent_norm, value, sd, low, high, n_seeds.
    """
    by = ["dataset", "model", "attack", "norm", "epsilon", "iterations"]
    groups = points.groupby(by, sort=False, dropna=False)
    return groups.agg(
        spent_norm=("spent_norm", "mean"),
        value=("value", "mean"),
        sd=("value", "std"),
        low=("value", "min"),
        high=("value", "max"),
        n_seeds=("seed", "nunique"),
    ).reset_index()


def curve_of(rows: pd.DataFrame, attack: str, iterations: int) -> pd.DataFrame:
    """The curve of one attack over epsilon, from the unperturbed model on, by perturbation norm.

    Args:
        rows: from `curve_points`, of one data set and model.
        attack: whose curve.
        iterations: of the multi-step attacks.
    """
    mine = rows[rows["attack"] == attack]
    here = mine[mine["iterations"] == steps_of(mine["iterations"], iterations)]
    initial = rows[rows["attack"] == UNPERTURBED]
    return pd.concat([initial, here]).sort_values("spent_norm")


def levels(rows: pd.DataFrame, metrics: pd.DataFrame, k: int) -> dict[str, float]:
    """Mean nDCG@k without perturbation ("initial") and of the random recommender ("random").

    Args:
        rows: from `curve_points`, of one data set and model.
        metrics: the tidy metrics.
        k: length of the lists.
    """
    initial = rows.loc[rows["attack"] == UNPERTURBED, "value"].mean()
    of_dataset = metrics_at(metrics, k)
    of_dataset = of_dataset[of_dataset["dataset"].isin(rows["dataset"])]
    random = of_dataset[(of_dataset["model"] == RANDOM) & (of_dataset["metric"] == "nDCG")]
    return {UNPERTURBED: initial, RANDOM.lower(): float(random["value"].mean())}


def line_numbers(methods: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Which line each attack has among those of its method, from 0, and which method that is, from 1."""
    attacks, distinct = list(methods), list(dict.fromkeys(methods.values()))
    return {
        attack: (
            [methods[before] for before in attacks[:place]].count(methods[attack]),
            distinct.index(methods[attack]) + 1,
        )
        for place, attack in enumerate(attacks)
    }
