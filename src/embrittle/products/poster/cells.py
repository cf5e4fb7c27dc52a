"""The numbers of the APR poster (He et al. 2018) from the tidy metrics, and verdicts on its claims.

Robustness: the relative change of nDCG under noise of a given L2 norm. Accuracy: HR and nDCG of all recommenders. Both
are compared with the published numbers, and both have claims that are judged. The two figures show nDCG against the
norm of noise, and HR and nDCG during training.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import (
    known_first,
    metrics_at,
    models_in,
    number_key,
    robustness,
    seeds_of,
    spread_over_seeds,
    values_by,
    with_hit_rate,
)
from embrittle.models.registry import MODELS
from embrittle.render.labels import condition_label
from embrittle.render.published import APR_K, APR_METRICS, APR_MODELS
from embrittle.vocabulary import UNPERTURBED

ROBUSTNESS = ["dataset", "model", "attack", "epsilon"]
ACCURACY = ["dataset", "model", "metric"]
TRAINING = ["dataset", "model", "epoch", "metric"]
CLAIM = ["dataset", "statement", "verdict", "evidence"]
LABELS = {"fgsm": "adversarial", "noise": "random"}
"""Method -> the poster's name of its noise."""
# In the poster's order; other recommenders come last.
RECOMMENDERS = ("ItemPop", "BPR-MF", "CDAE", "IRGAN", "NeuMF", "AMF")
FAR_WORSE = 2.0
"""Adversarial noise is "far worse" if its loss is at least this many times that of random noise; the poster gives no
number.
"""
HOLDS, ON_AVERAGE, FAILS, UNKNOWN = (
    "holds",
    "holds on average, not in every seed",
    "does not hold",
    "cannot be told",
)


def _filled(cells: Sequence[tuple], names: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
    """Return cells, named by the columns `names`, with their values in `rows`; NaN if they have none."""
    values = values_by(rows.assign(epsilon=rows["epsilon"].map(number_key)), names)
    table = pd.DataFrame(cells, columns=names)
    rounded = {name: table[name].map(number_key) for name in names if name == "epsilon"}
    keys = table.assign(**rounded).itertuples(index=False, name=None)
    return table.assign(value=np.array([values.get(key, np.nan) for key in keys], dtype=float))


# --- Robustness -----------------------------------------------------------------------------------


def robustness_seeds(
    metrics: pd.DataFrame,
    datasets: Sequence[str],
    attacks: Collection[str],
    epsilon: Sequence[float],
    k: int,
) -> pd.DataFrame:
    """Return the relative change of nDCG@k in percent, for every seed.

    Args:
        metrics: the tidy metrics.
        datasets: the data sets to show.
        attacks: the single-step attacks to show.
        epsilon: the budgets of the attacks.
        k: the length of the lists.

    Returns:
        Columns `ROBUSTNESS`, seed and value; NaN if a row is missing or nDCG is 0 without perturbation.

    Raises:
        DataError: the metrics are not usable, see `tidy.metrics_at`.
    """
    rows, lost = metrics_at(metrics, k), robustness(metrics, k)
    lost = lost[lost["iterations"] == 1]
    cells = [
        (dataset, model, attack, float(x), seed)
        for dataset, attack, x, model in product(datasets, attacks, epsilon, models_in(rows))
        for seed in seeds_of(rows, dataset)
    ]
    return _filled(cells, [*ROBUSTNESS, "seed"], lost.assign(value=-lost["rho"]))


def robustness_comparison(
    per_seed: pd.DataFrame, methods: Mapping[str, str], published: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Compare the means over seeds with the published changes.

    Args:
        per_seed: from `robustness_seeds`.
        methods: attack -> its method; the poster's is "fgsm".
        published: the published apr_robustness.csv.
        k: the length of the lists; only the poster's is comparable.

    Returns:
        Columns `ROBUSTNESS`, mean, sd, low, high, n_seeds, published and difference (percentage points); the last two
        are NaN if no number is published.
    """
    theirs = published.replace({"model": APR_MODELS})
    theirs = theirs.rename(columns={"relative_change_ndcg100_percent": "published"})
    table = spread_over_seeds(per_seed, ROBUSTNESS)
    table = table.merge(theirs, on=["dataset", "model", "epsilon"], how="left")
    comparable = (table["attack"].map(methods) == "fgsm") & (k == APR_K)
    table["published"] = table["published"].where(comparable)
    return table.assign(difference=table["mean"] - table["published"])


def robustness_claims(per_seed: pd.DataFrame, methods: Mapping[str, str]) -> pd.DataFrame:
    """Judge the poster's claims about robustness on each data set; columns `CLAIM`.

    Where several attacks have one method, each is judged, and the statement names it.
    """
    values = per_seed.set_index([*ROBUSTNESS, "seed"])["value"].sort_index()
    budgets = {f"ε = {x:g}": x for x in dict.fromkeys(per_seed["epsilon"])}
    models = list(dict.fromkeys(per_seed["model"]))
    names = noise_names(methods)
    adversarial, random = ([a for a in methods if methods[a] == of] for of in ("fgsm", "noise"))
    times = f"at least {FAR_WORSE:g} times the loss at every ε"
    claims = []
    for dataset in dict.fromkeys(per_seed["dataset"]):
        at = values[dataset]
        for attack in adversarial if {"BPR-MF", "AMF"} <= set(models) else ():
            pairs = {
                case: (at["AMF", attack, x], at["BPR-MF", attack, x]) for case, x in budgets.items()
            }
            statement = f"APR loses less than BPR under {names[attack]}, at every ε"
            claims.append((dataset, statement, *judged(pairs)))
        for model, attack, beside in product(models, adversarial, random):
            pairs = {
                case: (at[model, beside, x], at[model, attack, x]) for case, x in budgets.items()
            }
            worse = f"{names[attack]} is far worse than {names[beside]} for {model} ({times})"
            statement = worse[0].upper() + worse[1:]
            claims.append((dataset, statement, *judged(pairs, FAR_WORSE)))
    return pd.DataFrame(claims, columns=CLAIM)


def noise_names(methods: Mapping[str, str]) -> dict[str, str]:
    """Return attack -> the poster's name of its noise, with the attack's name where several attacks have one method."""
    number = Counter(methods.values())
    names = {}
    for attack, method in methods.items():
        label = condition_label(attack)
        if method in LABELS:
            label = f"{LABELS[method]} noise" + (f" ({label})" if number[method] > 1 else "")
        names[attack] = label
    return names


def judged(
    pairs: Mapping[str, tuple[pd.Series, pd.Series]], times: float = 1.0, form: str = "{:+.1f} %"
) -> tuple[str, str]:
    """Judge the statement that the first value of each pair, multiplied by `times`, is larger than the second.

    Args:
        pairs: case -> two series of values over seeds.
        times: the factor of the first value; the evidence shows values without it.
        form: the format of a value.

    Returns:
        The verdict, and the evidence: the means of all cases, with those that contradict the statement marked.
    """
    values = [value for pair in pairs.values() for value in pair]
    if not pairs or any(value.isna().any() for value in values):
        return UNKNOWN, "not computed for at least one seed"
    evidence, fails, every = [], False, True
    for case, (first, second) in pairs.items():
        larger = times * first
        holds = larger.mean() > second.mean()
        text = f"{case}: {form.format(first.mean())} against {form.format(second.mean())}"
        evidence.append(text if holds else f"{text} (contradicts the claim)")
        fails |= not holds
        every &= (larger > second).all()
    return FAILS if fails else HOLDS if every else ON_AVERAGE, "; ".join(evidence)


# --- Accuracy -------------------------------------------------------------------------------------


def accuracy_seeds(metrics: pd.DataFrame, datasets: Sequence[str], k: int) -> pd.DataFrame:
    """Return HR@k and nDCG@k without perturbation, for every recommender except the random one, and every seed.

    Args:
        metrics: the tidy metrics of models and baselines.
        datasets: the data sets to show.
        k: the length of the lists.

    Returns:
        Columns `ACCURACY`, seed and value, with metrics "HR" and "nDCG"; NaN if a seed is missing.

    Raises:
        DataError: the metrics are not usable, see `tidy.metrics_at`.
    """
    rows = with_hit_rate(metrics_at(metrics, k))
    of_table = rows[(rows["attack"] == UNPERTURBED) & rows["metric"].isin(APR_METRICS)]
    models = known_first(pd.Series(models_in(rows)), RECOMMENDERS)
    cells = [
        (dataset, model, metric, seed)
        for dataset, model, metric in product(datasets, models, APR_METRICS)
        for seed in seeds_of(rows, dataset)
    ]
    return _filled(cells, [*ACCURACY, "seed"], of_table)


def accuracy_comparison(per_seed: pd.DataFrame, published: pd.DataFrame, k: int) -> pd.DataFrame:
    """Compare the means over seeds with the published values.

    Args:
        per_seed: from `accuracy_seeds`.
        published: the published apr_performance.csv.
        k: the length of the lists; only the poster's is comparable.

    Returns:
        Columns `ACCURACY`, k, mean, sd, low, high, n_seeds, published and deviation_percent; the last two are NaN if no
        value is published.
    """
    spelled = {f"HR@{APR_K}": "HR", f"NDCG@{APR_K}": "nDCG"}
    theirs = published.replace({"model": APR_MODELS, "metric": spelled})
    theirs = theirs.rename(columns={"value": "published"})
    table = spread_over_seeds(per_seed, ACCURACY).merge(theirs, on=ACCURACY, how="left")
    if k != APR_K:
        table["published"] = np.nan
    table.insert(len(ACCURACY), "k", k)
    return table.assign(deviation_percent=100 * (table["mean"] / table["published"] - 1))


def accuracy_claims(per_seed: pd.DataFrame) -> pd.DataFrame:
    """Judge the poster's claims about accuracy on each data set; columns `CLAIM`."""
    values = per_seed.set_index([*ACCURACY, "seed"])["value"].sort_index()
    claims = []
    for dataset in dict.fromkeys(per_seed["dataset"]):
        others = [m for m in dict.fromkeys(per_seed["model"]) if m != "AMF"]
        if "AMF" not in set(per_seed["model"]):
            continue
        at = values[dataset]
        for statement, rivals in {
            "AMF is more accurate than BPR-MF": [m for m in others if m == "BPR-MF"],
            "AMF is the most accurate of all": others,
        }.items():
            pairs = {}
            for metric in dict.fromkeys(per_seed["metric"]) if rivals else ():
                # A rival that was not computed counts as the best, so that the claim cannot be told.
                means = {m: at[m, metric].mean(skipna=False) for m in rivals}
                best = max(rivals, key=lambda m: np.inf if np.isnan(means[m]) else means[m])
                pairs[f"{metric}, {best} the best other"] = at["AMF", metric], at[best, metric]
            if pairs:
                claims.append((dataset, statement, *judged(pairs, form="{:.4f}")))
    return pd.DataFrame(claims, columns=CLAIM)


# --- Curves ---------------------------------------------------------------------------------------


def noise_curves(
    metrics: pd.DataFrame,
    datasets: Sequence[str],
    attacks: Collection[str],
    epsilon: Sequence[float],
    k: int,
) -> pd.DataFrame:
    """Return nDCG@k against the L2 norm of noise, from 0 on.

    Args:
        metrics: the tidy metrics.
        datasets: the data sets to show.
        attacks: the single-step attacks, one curve each.
        epsilon: the grid of the x axis; 0 is added.
        k: the length of the lists.

    Returns:
        Columns `ROBUSTNESS`, mean, sd, low, high, n_seeds (see `tidy.spread_over_seeds`).
    """
    rows = metrics_at(metrics, k)
    rows = rows[(rows["metric"] == "nDCG") & (rows["iterations"] <= 1)]
    unperturbed = rows[rows["attack"] == UNPERTURBED]
    starts = [unperturbed.assign(attack=attack) for attack in attacks]
    models, grid = models_in(rows), (0.0, *sorted(epsilon))
    cells = [
        (dataset, model, attack, float(x), seed)
        for dataset, model, attack, x in product(datasets, models, attacks, grid)
        for seed in seeds_of(rows, dataset)
    ]
    per_seed = _filled(cells, [*ROBUSTNESS, "seed"], pd.concat([rows, *starts]))
    return spread_over_seeds(per_seed, ROBUSTNESS)


def training_curves(
    curves: Iterable[tuple[Mapping[str, Any], str | PathLike]], k: int
) -> pd.DataFrame:
    """Return HR@k and nDCG@k on the test items at the evaluated epochs.

    Args:
        curves: (dataset, model and seed of a training, the path of its curve.parquet).
        k: the length of the lists that are evaluated during training.

    Returns:
        Columns `TRAINING` (metric: "HR" or "nDCG"), mean, sd, low, high, n_seeds. The curve of a model that starts from
        the state of another model begins at the last value of that model's curve.
    """
    parts, started = [], []
    for about, path in curves:
        curve = pd.read_parquet(path)
        long = curve.rename(columns={f"HR@{k}": "HR", f"nDCG@{k}": "nDCG"})
        long = long.melt("epoch", ["HR", "nDCG"], "metric", "value").dropna()
        parts.append(long.assign(**about))
        source = MODELS[about["model"]].starts_from
        if source:
            state = {**about, "model": source, "epoch": curve["epoch"].min() - 1}
            started.append((state, about["model"]))
    points = pd.concat(parts, ignore_index=True)
    starts = [
        points[(points[list(state)] == pd.Series(state)).all(axis=1)].assign(model=model)
        for state, model in started
    ]
    together = pd.concat([points, *starts]).sort_values(
        ["dataset", "model", "epoch"], kind="stable"
    )
    return spread_over_seeds(together, TRAINING)
