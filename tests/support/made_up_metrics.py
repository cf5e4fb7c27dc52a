"""Helpers of the tests of tables and figures: made-up metrics, shaped like real ones, and the
published curves."""

import numpy as np
import pandas as pd

from embrittle.metrics.evaluation import COLUMNS

TABLE1_ITERATIONS = [1, *range(10, 301, 10)]
FIGURE1_ITERATIONS = sorted([*TABLE1_ITERATIONS, 25])
EPSILONS = [
    base * scale for scale in (0.001, 0.01, 0.1, 1.0) for base in (1, 2.5, 5, 7.5)
] + [10.0]  # fmt: skip

# Unperturbed nDCG, what remains of it, how fast it falls; coverage, and what remains of it.
SHAPES = {"BPR-MF": (0.0447, 0.010, 12.0, 2247, 1100), "AMF": (0.0462, 0.020, 20.0, 1486, 1050)}


def ndcg_after(model: str, epsilon: float, iterations: int, attack: str) -> float:
    """A smooth fall from the unperturbed value with the product of budget and iterations."""
    start, end, scale, _, _ = SHAPES[model]
    push = 2 * epsilon * (iterations + (0.6 if attack == "pgd" else 0.0))
    return end + (start - end) * np.exp(-push / scale)


def coverage_after(model: str, epsilon: float, iterations: int, attack: str) -> float:
    """A rise of a third, then a fall."""
    _, _, scale, start, end = SHAPES[model]
    push = 2 * epsilon * iterations / scale
    height = 0.35 if attack == "bim" else 0.3
    bump = height * start * push * np.exp(1 - push)
    return end + (start - end) * np.exp(-push / 4) + bump


def published_curve(
    figures: pd.DataFrame, figure: str, dataset: str, model: str, attack: str
) -> pd.DataFrame:
    """Columns x, value of one curve of figures_1_2.csv, ascending in x; maybe without rows."""
    wanted = {"figure": figure, "dataset": dataset, "model": model, "attack": attack}
    rows = figures[(figures[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return rows[["x", "value"]].sort_values("x", ignore_index=True)


def study_metrics(
    datasets=("ml-1m",),
    models=("BPR-MF", "AMF"),
    seeds=(0,),
    table_iterations=tuple(FIGURE1_ITERATIONS),
    epsilons=tuple(EPSILONS),
    ks=(10,),
) -> pd.DataFrame:
    """Tidy metrics for Table 1 and Figures 1 and 2, with a little noise in each row."""
    noise = np.random.default_rng(7)
    rows = []

    def add(dataset, model, seed, attack, epsilon, iterations, ndcg, coverage):
        wobble = 1 + 0.03 * noise.standard_normal()
        hit = 2.0 * ndcg * wobble
        values = {
            "PR": hit / 10, "RE": hit, "nDCG": ndcg * wobble, "EFD": 2.2 * ndcg * wobble,
            "SE": np.log2(coverage) - 1.5, "ICov": float(round(coverage * wobble)),
        }  # fmt: skip
        for k in ks:
            for metric, value in values.items():
                rows.append(
                    (dataset, model, seed, attack, epsilon, iterations, k, metric, value * k / 10)
                )

    for dataset in datasets:
        for seed in seeds:
            add(dataset, "Random", seed, "initial", 0.0, 0, 0.0012, 3600)
            for model in models:
                ndcg, _, _, coverage, _ = SHAPES[model]
                add(dataset, model, seed, "initial", 0.0, 0, ndcg, coverage)
                add(dataset, model, seed, "fgsm", 0.5, 1, 0.85 * ndcg, 0.95 * coverage)
                points = [(0.5, x) for x in table_iterations]
                points += [(e, 25) for e in epsilons if (e, 25) not in points]
                for attack in ("bim", "pgd"):
                    for epsilon, iterations in points:
                        at = (model, epsilon, iterations, attack)
                        point = ndcg_after(*at), coverage_after(*at)
                        add(dataset, model, seed, attack, epsilon, iterations, *point)
    return pd.DataFrame(rows, columns=COLUMNS)
