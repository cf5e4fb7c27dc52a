"""Table 1 of the MSAP paper from the tidy metrics: cells, shape, and ours beside the published.

The tidy metrics have one row per dataset, model, seed, attack, epsilon, iterations, k and metric,
with a value. A cell that cannot be computed from them, for one seed or for all, is NaN in the long
forms and a dash in the rendered ones; it is never the mean of what happens to be there.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.rendering import LATEX, MARKDOWN, Markup, to_latex, to_markdown
from embrittle.spent import NOTHING_SPENT, SPENT, spent_metric

MODELS = ("BPR-MF", "AMF")
METRICS = ("PR", "RE", "nDCG", "EFD", "SE", "ICov")
# Beside the measures, what the perturbations have spent, in one number; its further statistics are left to the metrics.
SPENT_NORM = spent_metric(SPENT)
LEFT_OUT = {*map(spent_metric, NOTHING_SPENT)} - {SPENT_NORM}
METRIC_LABELS = {SPENT_NORM: "Spent norm"}
# Name -> whether the attack takes a single step, in the order of the published table.
PAPER_ATTACKS: Mapping[str, bool] = MappingProxyType({"fgsm": True, "bim": False, "pgd": False})
CONDITION_LABELS = {"initial": "Initial", "fgsm": "FGSM", "bim": "BIM", "pgd": "PGD"}
RANDOM = (
    "Random"  # the reference recommender; it has no embeddings to attack and no place in Table 1
)
DECIMALS = {"SE": 2, "ICov": 0}
DEFAULT_DECIMALS = 4

KEY = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k", "metric"]
CELL = ["dataset", "model", "condition", "metric"]


def metrics_at(metrics: pd.DataFrame, k: int) -> pd.DataFrame:
    """The rows of the tidy metrics for top-k lists, checked.

    Args:
        metrics: columns dataset, model, seed, attack, epsilon, iterations, k, metric, value.
        k: length of the lists.

    Raises:
        DataError: a column is missing, two rows have the same key, or there is nothing at this k.
    """
    absent = [name for name in [*KEY, "value"] if name not in metrics]
    if absent:
        raise DataError(f"the metrics have no column {', '.join(absent)}")
    repeated = metrics.duplicated(KEY)
    if repeated.any():
        first = metrics.loc[repeated, KEY].iloc[0].to_dict()
        raise DataError(f"the metrics have two rows for {first}")
    rows = metrics[metrics["k"] == k]
    if rows.empty:
        there = ", ".join(str(value) for value in sorted(metrics["k"].unique()))
        raise DataError(f"the metrics have nothing at K = {k}; there is K = {there or 'none'}")
    return rows


def known_first(names: pd.Series, known: Sequence[str]) -> list[str]:
    """The distinct `names`, those in `known` first and in its order, others as they appear."""
    present = list(dict.fromkeys(names))
    return [name for name in known if name in present] + [n for n in present if n not in known]


def models_in(rows: pd.DataFrame) -> list[str]:
    """The attackable models in the metrics, in the paper's order."""
    return known_first(rows.loc[rows["model"] != RANDOM, "model"], MODELS)


def seeds_of(rows: pd.DataFrame, dataset: str) -> list[int]:
    """The seeds that make a complete cell of this data set: all that any trained model has."""
    trained = (rows["dataset"] == dataset) & (rows["model"] != RANDOM)
    return sorted(rows.loc[trained, "seed"].unique())


def is_epsilon(column: pd.Series, epsilon: float) -> pd.Series:
    """Where a column of budgets has this one, give or take the last bits of a float."""
    return pd.Series(np.isclose(column, epsilon, rtol=1e-9, atol=0.0), index=column.index)


def accumulate(iterations: Sequence[float], values: Sequence[float]) -> float:
    """Table 1's "accumulated normalised" value of a metric over a grid of iteration counts.

    The trapezoidal integral of the metric over the iteration counts, divided by the largest one.
    The papers do not define it; with this, their printed cells follow from their printed curves.
    Because the grid starts at 1, a constant c gives c (1 - 1 / largest).

    Args:
        iterations: at least two different iteration counts, in any order.
        values: the metric at each of them; one NaN makes the result NaN.

    Raises:
        DataError: fewer than two points, a repeated iteration count, or unequal lengths.
    """
    x, y = np.asarray(iterations, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if x.shape != y.shape:
        raise DataError(f"{x.size} iteration counts for {y.size} values")
    if x.size < 2:
        raise DataError("the accumulated cells of Table 1 need at least two iteration counts")
    if len(np.unique(x)) != x.size:
        raise DataError("an iteration count is there twice")
    order = np.argsort(x)
    x, y = x[order], y[order]
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() / x[-1])


def table1_seeds(
    metrics: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """Every cell of Table 1 for every seed.

    Args:
        metrics: the tidy metrics.
        epsilon: budget of the perturbations, the same for all.
        iterations: grid over which the multi-step attacks are accumulated.
        k: length of the lists.
        attacks: the attacks to show, in this order: name -> whether it takes a single step. The
            cell of such an attack is the value after that step; those of the others are
            accumulated.

    Returns:
        Columns dataset, model, condition, metric, seed, value, in the order of the published table;
        value is NaN where a needed row is missing. The conditions are "initial" and `attacks`,
        whatever else is in the metrics.

    Raises:
        DataError: the metrics are not usable (see `metrics_at`) or the grid is not (`accumulate`).
    """
    everything = metrics_at(metrics, k)
    if not models_in(everything):
        raise DataError("the metrics have no trained model: Table 1 has no rows")
    everything = everything[~everything["metric"].isin(LEFT_OUT)]
    of_table = (everything["attack"] == "initial") | is_epsilon(everything["epsilon"], epsilon)
    rows = everything[of_table]
    names = ["dataset", "model", "seed", "attack", "iterations", "metric"]
    values = dict(zip(rows[names].itertuples(index=False, name=None), rows["value"], strict=True))
    single = {"initial": 0, **{name: 1 for name, single_step in attacks.items() if single_step}}

    def cell(dataset: str, model: str, condition: str, metric: str, seed: int) -> float:
        grid = (single[condition],) if condition in single else tuple(iterations)
        y = [values.get((dataset, model, seed, condition, x, metric), np.nan) for x in grid]
        return y[0] if condition in single else accumulate(grid, y)

    cells = [(*key, cell(*key)) for key in _cell_keys(everything, ["initial", *attacks])]
    return pd.DataFrame(cells, columns=[*CELL, "seed", "value"])


def _cell_keys(
    rows: pd.DataFrame, conditions: Sequence[str]
) -> Iterator[tuple[str, str, str, str, int]]:
    """(dataset, model, condition, metric, seed) in the order of the published table."""
    datasets = dict.fromkeys(rows["dataset"])
    seeds = {dataset: seeds_of(rows, dataset) for dataset in datasets}
    outer = product(models_in(rows), known_first(rows["metric"], METRICS), datasets, conditions)
    for model, metric, dataset, condition in outer:
        for seed in seeds[dataset]:
            yield dataset, model, condition, metric, seed


def spread_over_seeds(per_seed: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, in the order of first appearance of `by`.

    Args:
        per_seed: the columns `by`, and value; one row per seed, NaN where it has no value.
        by: columns that name a cell.

    Returns:
        The columns `by`, then mean, sd (sample standard deviation, NaN for one seed), low, high
        (smallest and largest) and n_seeds, how many seeds have a value. Where one has none, the
        statistics are NaN.
    """
    groups = per_seed.groupby(by, sort=False)["value"]
    complete = groups.count() == groups.size()
    result = pd.DataFrame(
        {
            "mean": groups.mean().where(complete),
            "sd": groups.std(ddof=1).where(complete),
            "low": groups.min().where(complete),
            "high": groups.max().where(complete),
            "n_seeds": groups.count(),
        }
    )
    return result.reset_index()


def table1_spread(
    metrics: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The cells of Table 1 over the seeds; arguments and errors as `table1_seeds`.

    Returns:
        Columns dataset, model, condition, metric, mean, sd, n_seeds. mean and sd are NaN unless
        every seed of the data set has the cell; sd is NaN for a single seed.
    """
    per_seed = table1_seeds(metrics, epsilon, iterations, k, attacks)
    return spread_over_seeds(per_seed, CELL)[[*CELL, "mean", "sd", "n_seeds"]]


def long_form(spread: pd.DataFrame) -> pd.DataFrame:
    """The means of `table1_spread` in the columns of the published table1.csv.

    NaN where the cell of a seed is missing.
    """
    return spread[[*CELL, "mean"]].rename(columns={"mean": "value"})


def format_value(value: float, metric: str, missing: str = "—") -> str:
    """A value with as many decimals as the paper prints for the metric; `missing` for NaN."""
    return missing if np.isnan(value) else f"{value:.{DECIMALS.get(metric, DEFAULT_DECIMALS)}f}"


def table1_wide(
    spread: pd.DataFrame, titles: Mapping[str, str] | None = None, markup: Markup = MARKDOWN
) -> pd.DataFrame:
    """The paper's shape, as text.

    Args:
        spread: as from `table1_spread`; a long table with mean renamed from value, sd NaN and
            n_seeds 1 does as well (`without_spread`).
        titles: data set name -> the title to print; the name itself where there is none.
        markup: the language of the cells, `MARKDOWN` or `LATEX`.

    Returns:
        Rows (Model, Metric), columns (data set, condition). Per row and data set the lowest value
        under a perturbation is bold, and any that prints the same. "mean ± sd" where there are
        several seeds.
    """
    titles = titles or {}
    cells = spread.assign(bold=_is_lowest(spread))
    text = [
        _cell_text(row.mean, row.sd, row.n_seeds, row.metric, row.bold, markup)
        for row in cells[["mean", "sd", "n_seeds", "metric", "bold"]].itertuples(index=False)
    ]
    cells = cells.assign(text=text)
    wide = cells.pivot(index=["model", "metric"], columns=["dataset", "condition"], values="text")
    # pivot sorts; the order of the long form is the paper's.
    rows = list(dict.fromkeys(zip(cells["model"], cells["metric"], strict=True)))
    labelled = [(model, METRIC_LABELS.get(metric, metric)) for model, metric in rows]
    columns = [
        (dataset, condition)
        for dataset in dict.fromkeys(cells["dataset"])
        for condition in dict.fromkeys(cells["condition"])
    ]
    wide = wide.reindex(index=pd.MultiIndex.from_tuples(rows))
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(columns)).fillna(markup.missing)
    wide.index = pd.MultiIndex.from_tuples(labelled, names=["Model", "Metric"])
    wide.columns = pd.MultiIndex.from_tuples(
        [(markup.escape(titles.get(d, d)), markup.escape(condition_label(c))) for d, c in columns]
    )
    return wide


def table1_wide_csv(spread: pd.DataFrame) -> pd.DataFrame:
    """The paper's shape as numbers: the means, unrounded, NaN where missing.

    Args:
        spread: as from `table1_spread`.

    Returns:
        Columns model, metric, then "data set/condition" for each of these pairs.
    """
    column = spread["dataset"] + "/" + spread["condition"]
    cells = spread.assign(column=column)
    wide = cells.pivot(index=["model", "metric"], columns="column", values="mean")
    # pivot sorts; the order of the long form is the paper's.
    rows = pd.MultiIndex.from_frame(spread[["model", "metric"]].drop_duplicates())
    columns = [
        f"{dataset}/{condition}"
        for dataset in dict.fromkeys(spread["dataset"])
        for condition in dict.fromkeys(spread["condition"])
    ]
    return wide.reindex(index=rows, columns=columns).reset_index().rename_axis(columns=None)


def without_spread(long: pd.DataFrame) -> pd.DataFrame:
    """A table of single values (the published one, say) in the columns of `table1_spread`."""
    spread = long.rename(columns={"value": "mean"}).assign(sd=np.nan, n_seeds=1)
    return spread[[*CELL, "mean", "sd", "n_seeds"]]


def condition_label(condition: str) -> str:
    """The name of a condition as the paper prints it; the name itself for a further attack."""
    return CONDITION_LABELS.get(condition, condition)


def _is_lowest(spread: pd.DataFrame) -> pd.Series:
    """Where a cell prints the lowest of at least two values under perturbations."""
    decimals = spread["metric"].map(DECIMALS).fillna(DEFAULT_DECIMALS).astype(int)
    printed = pd.Series(
        [round(value, places) for value, places in zip(spread["mean"], decimals, strict=True)],
        index=spread.index,
        dtype=float,
    ).where((spread["condition"] != "initial") & (spread["metric"] != SPENT_NORM))
    groups = printed.groupby([spread["dataset"], spread["model"], spread["metric"]])
    return (printed == groups.transform("min")) & (groups.transform("count") > 1)


def _cell_text(
    mean: float, sd: float, n_seeds: int, metric: str, bold: bool, markup: Markup
) -> str:
    text = format_value(mean, metric, markup.missing)
    if bold:
        text = markup.bold(text)
    # A missing mean has no spread to print, and neither has a single seed.
    return text if np.isnan(sd) else text + markup.plus_minus + format_value(sd, metric)


def table1_caption(
    spread: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    notes: Sequence[str] = (),
) -> list[str]:
    """What a reader must know to read the table, as plain sentences.

    Args:
        spread: as from `table1_spread`.
        epsilon: budget of the perturbations.
        iterations: grid over which the multi-step attacks are accumulated.
        k: length of the lists.
        notes: further sentences, for the end.
    """
    grid = ", ".join(str(x) for x in iterations)
    if len(iterations) > 5:
        grid = f"{iterations[0]}, {iterations[1]}, {iterations[2]}, …, {iterations[-1]}"
    sentences = [
        f"Top-{k} lists, perturbation budget ε = {epsilon:g}.",
        "Multi-step perturbations: accumulated normalised values, the integral over "
        f"L = {grid} iterations divided by {max(iterations)}; the others: single values.",
        "Bold: the lowest value under a perturbation (the most effective one).",
    ]
    if SPENT_NORM in set(spread["metric"]):
        sentences.append(
            "Spent norm: the mean L2 norm of the rows of Δ; perturbations of one ε are not of one size."
        )
    present = spread.loc[spread["mean"].notna(), "n_seeds"]
    if not present.empty and present.max() > 1:
        few, many = present.min(), present.max()
        number = str(many) if few == many else f"{few} to {many}"
        sentences.append(f"Mean ± standard deviation of {number} seeds.")
    if spread["mean"].isna().any():
        sentences.append("A dash: not computed, for one seed at least.")
    return [*sentences, *notes]


def table1_markdown(
    spread: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    titles: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Table 1 in Markdown with its caption below; arguments as `table1_wide`, `table1_caption`."""
    wide = table1_wide(spread, titles, MARKDOWN)
    wide.columns = [f"{dataset}: {condition}" for dataset, condition in wide.columns]
    table = to_markdown(wide.reset_index(), n_left=2)
    caption = " ".join(table1_caption(spread, epsilon, iterations, k, notes))
    return f"{table}\n\n{caption}\n"


def table1_latex(
    spread: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    titles: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    label: str = "tab:table1",
) -> str:
    """Table 1 as a LaTeX table over both columns; needs the package booktabs.

    Arguments as `table1_wide` and `table1_caption`; `label` is what \\ref names.
    """
    wide = table1_wide(spread, titles, LATEX)
    wide.index = pd.MultiIndex.from_tuples(
        [tuple(map(LATEX.escape, names)) for names in wide.index], names=wide.index.names
    )
    caption = table1_caption(spread, epsilon, iterations, k, notes)
    return to_latex(wide, " ".join(caption), label)


def table1_comparison(long: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Ours beside the published value, cell by cell, in the order of ours.

    Args:
        long: as from `long_form`; its cells are compared, and no others. What perturbations spend was not published.
        published: the published table1.csv.

    Returns:
        Columns dataset, model, condition, metric, value, published, ratio (value / published),
        deviation_percent (100 x (ratio - 1)) and note: "not published" or "not computed" where a
        side is missing, else "". ratio and deviation_percent are NaN there and where 0 was
        published. Published cells that ours does not have are left out.
    """
    theirs = published.rename(columns={"value": "published"})
    both = long[long["metric"] != SPENT_NORM].merge(
        theirs, on=CELL, how="left", validate="one_to_one"
    )
    ratio = both["value"] / both["published"].where(both["published"] != 0)
    note = np.select(
        [both["published"].isna(), both["value"].isna()], ["not published", "not computed"], ""
    )
    return both.assign(ratio=ratio, deviation_percent=100 * (ratio - 1), note=note)


def comparison_markdown(comparison: pd.DataFrame, titles: Mapping[str, str] | None = None) -> str:
    """The comparison as a Markdown table; `titles` as in `table1_wide`."""
    titles = titles or {}
    rows = [
        {
            "Data set": MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
            "Model": MARKDOWN.escape(row.model),
            "Condition": MARKDOWN.escape(condition_label(row.condition)),
            "Metric": MARKDOWN.escape(METRIC_LABELS.get(row.metric, row.metric)),
            "Ours": format_value(row.value, row.metric),
            "Published": format_value(row.published, row.metric, "not published"),
            "Ratio": "—" if np.isnan(row.ratio) else f"{row.ratio:.3f}",
            "Deviation": "—" if np.isnan(row.ratio) else f"{row.deviation_percent:+.1f} %",
        }
        for row in comparison.itertuples(index=False)
    ]
    return to_markdown(pd.DataFrame(rows), n_left=4) + "\n"
