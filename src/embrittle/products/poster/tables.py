"""The tables of the APR poster (He et al. 2018) from the tidy metrics (columns: see `embrittle.tables`).

Robustness: by how much nDCG changes under noise of a given L2 norm. Accuracy: HR and nDCG of all recommenders. Both
beside the printed numbers where there are any, with what the poster says about them judged on the data at hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import known_first, metrics_at, models_in, seeds_of, spread_over_seeds
from embrittle.products.characteristics.cells import robustness as what_is_lost
from embrittle.render.labels import condition_label
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_markdown
from embrittle.render.published import APR_K, APR_METRICS, APR_MODELS

ROBUSTNESS = ["dataset", "model", "attack", "epsilon"]
ACCURACY = ["dataset", "model", "metric"]
CLAIM = ["dataset", "statement", "verdict", "evidence"]
# In the poster's order; further ones come last.
RECOMMENDERS = ("ItemPop", "BPR-MF", "CDAE", "IRGAN", "NeuMF", "AMF")
LABELS = {"fgsm": "adversarial", "noise": "random"}
"""What the poster calls the methods."""
FAR_WORSE = 2.0
"""Adversarial noise is "far worse" if it costs so many times what random noise does: the poster gives no number."""
HOLDS, ON_AVERAGE, FAILS, UNKNOWN = (
    "holds",
    "holds on average, not in every seed",
    "does not hold",
    "cannot be told",
)


# --- Robustness -----------------------------------------------------------------------------------


def robustness_seeds(
    metrics: pd.DataFrame,
    datasets: Sequence[str],
    attacks: Iterable[str],
    epsilon: Sequence[float],
    k: int,
) -> pd.DataFrame:
    """The relative change of nDCG@k in percent, for every seed.

    Args:
        metrics: the tidy metrics.
        datasets: those to show.
        attacks: single-step attacks to show.
        epsilon: their budgets.
        k: length of the lists.

    Returns:
        The columns `ROBUSTNESS`, seed and value; NaN where a needed row is missing, or nDCG was 0 without perturbation.

    Raises:
        DataError: the metrics are not usable, see `tables.metrics_at`.
    """
    rows, lost = metrics_at(metrics, k), what_is_lost(metrics, k)
    lost = lost[lost["iterations"] == 1]
    names = ["dataset", "model", "attack", "seed"]
    found = {
        (*key, float(f"{budget:.9g}")): -rho
        for *key, budget, rho in lost[[*names, "epsilon", "rho"]].itertuples(index=False)
    }
    cells = [
        (dataset, model, attack, float(x), seed)
        for dataset in datasets
        for attack in attacks
        for x in epsilon
        for model in models_in(rows)
        for seed in seeds_of(rows, dataset)
    ]
    table = pd.DataFrame(cells, columns=[*ROBUSTNESS, "seed"])
    values = [
        found.get((dataset, model, attack, seed, float(f"{x:.9g}")), np.nan)
        for dataset, model, attack, x, seed in cells
    ]
    return table.assign(value=np.array(values, dtype=float))


def robustness_comparison(
    per_seed: pd.DataFrame, methods: Mapping[str, str], published: pd.DataFrame, k: int
) -> pd.DataFrame:
    """The means over the seeds beside the printed changes.

    Args:
        per_seed: from `robustness_seeds`.
        methods: attack -> its method; that of the poster is "fgsm".
        published: apr_robustness.csv.
        k: length of the lists; only that of the poster is compared.

    Returns:
        The columns `ROBUSTNESS`, mean, sd, low, high, n_seeds, published and difference (percentage points), NaN where
        nothing is printed.
    """
    table = spread_over_seeds(per_seed, ROBUSTNESS)
    theirs = published.replace({"model": APR_MODELS}).set_index(["dataset", "model", "epsilon"])
    printed = theirs["relative_change_ndcg100_percent"].to_dict()
    table["published"] = [
        printed.get((row.dataset, row.model, row.epsilon), np.nan)
        if methods[row.attack] == "fgsm" and k == APR_K
        else np.nan
        for row in table.itertuples(index=False)
    ]
    return table.assign(difference=table["mean"] - table["published"])


def robustness_claims(per_seed: pd.DataFrame, methods: Mapping[str, str]) -> pd.DataFrame:
    """What the poster says about robustness, judged: the columns `CLAIM`, for each data set."""
    values = per_seed.set_index([*ROBUSTNESS, "seed"])["value"].sort_index()
    budgets = list(dict.fromkeys(per_seed["epsilon"]))
    models = list(dict.fromkeys(per_seed["model"]))
    by_method = {method: name for name, method in methods.items()}
    claims = []
    for dataset in dict.fromkeys(per_seed["dataset"]):
        at = values[dataset]
        adversarial, random = by_method.get("fgsm"), by_method.get("noise")
        if adversarial and {"BPR-MF", "AMF"} <= set(models):
            pairs = {
                f"ε = {x:g}": (at["AMF", adversarial, x], at["BPR-MF", adversarial, x])
                for x in budgets
            }
            statement = "APR loses less than BPR under adversarial noise, at every ε"
            claims.append((dataset, statement, *judged(pairs)))
        for model in models if adversarial and random else ():
            pairs = {
                f"ε = {x:g}": (FAR_WORSE * at[model, random, x], at[model, adversarial, x])
                for x in budgets
            }
            shown = {
                f"ε = {x:g}": (at[model, random, x], at[model, adversarial, x]) for x in budgets
            }
            times = f"at least {FAR_WORSE:g} times the loss at every ε"
            statement = f"Adversarial noise is far worse than random noise for {model} ({times})"
            claims.append((dataset, statement, *judged(pairs, shown)))
    return pd.DataFrame(claims, columns=CLAIM)


def judged(
    pairs: Mapping[str, tuple[pd.Series, pd.Series]],
    shown: Mapping[str, tuple[pd.Series, pd.Series]] | None = None,
    form: str = "{:+.1f} %",
) -> tuple[str, str]:
    """Judge whether the first of each pair is the larger one.

    Args:
        pairs: case -> two values for each seed.
        shown: what the evidence shows instead of `pairs`.
        form: how a value is written.

    Returns:
        The verdict, and the means of all cases, with those against the statement marked.
    """
    against, evidence = [], []
    for case, (larger, smaller) in pairs.items():
        first, second = (shown or pairs)[case]
        text = f"{case}: {form.format(first.mean())} against {form.format(second.mean())}"
        if not larger.mean() > smaller.mean():
            against.append(case)
            text += " (not so)"
        evidence.append(text)
    every = all((larger > smaller).all() for larger, smaller in pairs.values())
    complete = all(not (a.isna().any() or b.isna().any()) for a, b in pairs.values())
    if not complete or not pairs:
        return UNKNOWN, "not computed, for one seed at least"
    verdict = FAILS if against else HOLDS if every else ON_AVERAGE
    return verdict, "; ".join(evidence)


# --- Accuracy -------------------------------------------------------------------------------------


def accuracy_seeds(metrics: pd.DataFrame, datasets: Sequence[str], k: int) -> pd.DataFrame:
    """HR@k and nDCG@k without perturbation, for every recommender but the random one, and every seed.

    Args:
        metrics: the tidy metrics of models and baselines.
        datasets: those to show.
        k: length of the lists.

    Returns:
        The columns `ACCURACY`, seed and value; metrics as "HR" and "nDCG"; NaN where a seed is missing.

    Raises:
        DataError: the metrics are not usable, see `tables.metrics_at`.
    """
    rows = metrics_at(metrics, k)
    names = ["dataset", "model", "metric", "seed"]
    of_table = rows[(rows["attack"] == "initial") & rows["metric"].isin(APR_METRICS)]
    of_table = of_table.replace({"metric": APR_METRICS})
    found = dict(
        zip(of_table[names].itertuples(index=False, name=None), of_table["value"], strict=True)
    )
    cells = [
        (dataset, model, metric, seed)
        for dataset in datasets
        for model in known_first(pd.Series(models_in(rows)), RECOMMENDERS)
        for metric in APR_METRICS.values()
        for seed in seeds_of(rows, dataset)
    ]
    table = pd.DataFrame(cells, columns=names)
    return table.assign(value=[found.get(cell, np.nan) for cell in cells])


def accuracy_comparison(per_seed: pd.DataFrame, published: pd.DataFrame, k: int) -> pd.DataFrame:
    """The means over the seeds beside the printed values.

    Args:
        per_seed: from `accuracy_seeds`.
        published: apr_performance.csv.
        k: length of the lists; only that of the poster is compared.

    Returns:
        The columns `ACCURACY`, k, mean, sd, low, high, n_seeds, published and deviation_percent, NaN where nothing is
        printed.
    """
    table = spread_over_seeds(per_seed, ACCURACY)
    theirs = published.replace({"model": APR_MODELS}).set_index(["dataset", "model", "metric"])
    printed = theirs["value"].to_dict() if k == APR_K else {}
    spelled = {"HR": f"HR@{APR_K}", "nDCG": f"NDCG@{APR_K}"}
    table["published"] = [
        printed.get((row.dataset, row.model, spelled[row.metric]), np.nan)
        for row in table.itertuples(index=False)
    ]
    table.insert(len(ACCURACY), "k", k)
    return table.assign(deviation_percent=100 * (table["mean"] / table["published"] - 1))


def accuracy_claims(per_seed: pd.DataFrame) -> pd.DataFrame:
    """What the poster says about accuracy, judged: the columns `CLAIM`, for each data set."""
    values = per_seed.set_index([*ACCURACY, "seed"])["value"].sort_index()
    metrics = list(dict.fromkeys(per_seed["metric"]))
    claims = []
    for dataset in dict.fromkeys(per_seed["dataset"]):
        models = dict.fromkeys(per_seed.loc[per_seed["dataset"] == dataset, "model"])
        others = [name for name in models if name != "AMF"]
        if "AMF" not in models or not others:
            continue
        at = values[dataset]
        for statement, rivals in {
            "AMF is more accurate than BPR-MF": [m for m in others if m == "BPR-MF"],
            "AMF is the most accurate of all": others,
        }.items():
            pairs = {}
            for metric in metrics if rivals else ():
                # A rival that was not computed is the one to name: nothing can be told then.
                means = {m: at[m, metric].mean(skipna=False) for m in rivals}
                best = max(rivals, key=lambda m: np.inf if np.isnan(means[m]) else means[m])
                pairs[f"{metric}, {best} the best other"] = at["AMF", metric], at[best, metric]
            if pairs:
                claims.append((dataset, statement, *judged(pairs, form="{:.4f}")))
    return pd.DataFrame(claims, columns=CLAIM)


# --- Rendering ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rendered:
    """A table in both languages, with its caption and what the poster says about it."""

    markdown: str
    latex: str


def render_robustness(
    comparison: pd.DataFrame,
    claims: pd.DataFrame,
    methods: Mapping[str, str],
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Rendered:
    """The robustness table in the poster's shape: a row for each data set and noise, columns by ε and model.

    Args:
        comparison: from `robustness_comparison`.
        claims: from `robustness_claims`.
        methods: attack -> its method.
        k: length of the lists.
        titles: data set -> its title; the name itself where there is none.
        notes: further sentences, for the end of the caption.
    """

    def frame(markup: Markup) -> pd.DataFrame:
        rows = {}
        for row in comparison.itertuples(index=False):
            place = (titles.get(row.dataset, row.dataset), _noise_label(row.attack, methods))
            column = f"{row.model}, ε = {row.epsilon:g}"
            text = _cell(row.mean, row.sd, row.published, "{:+.1f}", "{:.1f}", markup)
            rows.setdefault(place, {})[column] = text
        return _framed(rows, ("Data set", "Noise"), markup)

    caption = [
        f"Relative change of nDCG@{k} in percent under noise of the L2 norm ε on each row of the factors.",
        *_caption(comparison, titles),
        *notes,
    ]
    return _rendered(frame, caption, claims, titles, "tab:robustness")


def render_accuracy(
    comparison: pd.DataFrame,
    claims: pd.DataFrame,
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Rendered:
    """The accuracy table in the poster's shape: a row for each recommender; arguments as `render_robustness`."""
    best = comparison.groupby(["dataset", "metric"])["mean"].transform("max")

    def frame(markup: Markup) -> pd.DataFrame:
        rows = {}
        for row, highest in zip(comparison.itertuples(index=False), best, strict=True):
            column = f"{titles.get(row.dataset, row.dataset)}: {row.metric}@{k}"
            bold = f"{row.mean:.4f}" == f"{highest:.4f}"
            text = _cell(row.mean, row.sd, row.published, "{:.4f}", "{:.4f}", markup, bold)
            rows.setdefault((row.model,), {})[column] = text
        return _framed(rows, ("Model",), markup)

    caption = [
        f"HR@{k} and nDCG@{k} over all items that a user does not have in train. Bold: the best.",
        *_caption(comparison, titles),
        *notes,
    ]
    return _rendered(frame, caption, claims, titles, "tab:accuracy")


def _noise_label(attack: str, methods: Mapping[str, str]) -> str:
    """The attack as the poster calls it, with its name in this study."""
    if methods[attack] in LABELS:
        return f"{LABELS[methods[attack]]} ({condition_label(attack)})"
    return condition_label(attack)


def _cell(
    mean: float,
    sd: float,
    published: float,
    form: str,
    spread_form: str,
    markup: Markup,
    bold: bool = False,
) -> str:
    """Mean ± standard deviation / printed value, as far as there are any."""
    text = markup.missing if np.isnan(mean) else form.format(mean)
    text = markup.bold(text) if bold else text
    if not np.isnan(sd):
        text += markup.plus_minus + spread_form.format(sd)
    return text if np.isnan(published) else f"{text} / {form.format(published)}"


def _framed(
    rows: Mapping[tuple[str, ...], Mapping[str, str]], head: Sequence[str], markup: Markup
) -> pd.DataFrame:
    """Rows of cells as a frame, headings escaped."""
    columns = dict.fromkeys(column for cells in rows.values() for column in cells)
    table = [
        [*map(markup.escape, place), *(cells.get(column, markup.missing) for column in columns)]
        for place, cells in rows.items()
    ]
    return pd.DataFrame(table, columns=[*head, *map(markup.escape, columns)])


def _caption(comparison: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """What a reader must know of any of the two tables."""
    sentences = []
    if comparison["published"].notna().any():
        sentences.append("After a slash: the value that the poster prints.")
    missing = comparison["published"].isna()
    without = [
        titles.get(name, name)
        for name, rows in missing.groupby(comparison["dataset"], sort=False)
        if rows.all()
    ]
    if without:
        sentences.append(f"The poster prints nothing to compare with: {', '.join(without)}.")
    n_seeds = comparison["n_seeds"].max()
    if n_seeds > 1:
        sentences.append(f"Mean ± standard deviation of {n_seeds} seeds.")
    if comparison["mean"].isna().any():
        sentences.append("A dash: not computed, for one seed at least.")
    return sentences


def _rendered(
    frame, caption: Sequence[str], claims: pd.DataFrame, titles: Mapping[str, str], label: str
) -> Rendered:
    table = frame(MARKDOWN)
    n_left = sum("ε" not in name and "@" not in name for name in table.columns)
    lines = [to_markdown(table, n_left), "", " ".join(caption), "", *_spoken(claims, titles)]
    table = frame(LATEX)
    greek = {0x3B5: r"$\epsilon$", 0xB1: r"$\pm$"}
    latex = table.rename(columns=lambda name: name.translate(greek)).style.hide(axis="index")
    text = latex.to_latex(
        column_format="l" * n_left + "r" * (table.shape[1] - n_left),
        hrules=True,
        position_float="centering",
        environment="table*",
        caption=LATEX.escape(" ".join(caption)).translate(greek),
        label=label,
    )
    return Rendered("\n".join(lines), "% Needs \\usepackage{booktabs}.\n" + text)


def _spoken(claims: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """The claims as a list."""
    if claims.empty:
        return []
    lines = ["What the poster says, on these data:", ""]
    for row in claims.itertuples(index=False):
        title = MARKDOWN.escape(titles.get(row.dataset, row.dataset))
        lines.append(f"- {title}: {row.statement}: **{row.verdict}**. {row.evidence}.")
    return [*lines, ""]
