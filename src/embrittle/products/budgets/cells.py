"""Attacks at equal perturbation norm, over seeds, and verdicts on multi-step against single-step attacks."""

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
    """Average nDCG after attacks at equal norm over seeds.

    Args:
        matched: columns `evaluate.MATCHED_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, spent_norm, value, difference (to the reference), low, high, n_seeds. low and
        high are the 95 % interval of the mean difference over seeds; with a single seed, over its users.
    """
    cells = over_seeds(matched, "difference", CELL).rename(columns={"mean": "difference"})
    cells.insert(len(CELL), "value", over_seeds(matched, "value", CELL)["mean"])
    of_users = matched.drop_duplicates(CELL)
    for end in ("low", "high"):
        cells[end] = cells[end].where(cells["n_seeds"] > 1, of_users[end].to_numpy(dtype=float))
    return cells


def shares_over_seeds(shares: pd.DataFrame) -> pd.DataFrame:
    """Average the papers' comparison at equal epsilon over seeds.

    Args:
        shares: columns `evaluate.SHARE_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, spent_norm, single_step, single_step_at_norm, value, gap (value - single_step)
        with gap_low and gap_high, share with share_low and share_high, n_seeds. The intervals are 95 % intervals over
        seeds, NaN for a single seed.
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
    """Judge for each data set and model whether multi-step attacks lower nDCG more than the single step.

    At equal epsilon, a case is a multi-step attack; at equal norm, a multi-step attack at one norm.

    Args:
        matched: from `matched_over_seeds`.
        shares: from `shares_over_seeds`.
        multi_step: the multi-step attacks.

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
    """Average the perturbation norm and nDCG of each condition over seeds.

    Args:
        points: columns `evaluate.POINT_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, norm, epsilon, iterations, spent_norm (mean), value, sd, low and high (mean,
        standard deviation, smallest and largest nDCG), n_seeds.
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
    """Return the curve of an attack over epsilon, sorted by perturbation norm, with the unperturbed model first.

    Args:
        rows: from `curve_points`, of one data set and model.
        attack: the name of the attack.
        iterations: the number of iterations of multi-step attacks.
    """
    mine = rows[rows["attack"] == attack]
    here = mine[mine["iterations"] == steps_of(mine["iterations"], iterations)]
    initial = rows[rows["attack"] == UNPERTURBED]
    return pd.concat([initial, here]).sort_values("spent_norm")


def levels(rows: pd.DataFrame, metrics: pd.DataFrame, k: int) -> dict[str, float]:
    """Return mean nDCG@k of the unperturbed model ("initial") and of the random recommender ("random").

    Args:
        rows: from `curve_points`, of one data set and model.
        metrics: the tidy metrics.
        k: the length of the lists.
    """
    initial = rows.loc[rows["attack"] == UNPERTURBED, "value"].mean()
    of_dataset = metrics_at(metrics, k)
    of_dataset = of_dataset[of_dataset["dataset"].isin(rows["dataset"])]
    random = of_dataset[(of_dataset["model"] == RANDOM) & (of_dataset["metric"] == "nDCG")]
    return {UNPERTURBED: initial, RANDOM.lower(): float(random["value"].mean())}


def line_numbers(methods: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Attack -> (its position among the attacks of its method, from 0; the position of its method, from 1)."""
    attacks, distinct = list(methods), list(dict.fromkeys(methods.values()))
    return {
        attack: (
            [methods[before] for before in attacks[:place]].count(methods[attack]),
            distinct.index(methods[attack]) + 1,
        )
        for place, attack in enumerate(attacks)
    }
