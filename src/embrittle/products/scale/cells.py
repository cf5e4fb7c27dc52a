"""What attacks leave of a model, of its defence and of controls, over seeds: curves over the scale, and savings.

What is left is nDCG after an attack in percent of the unperturbed nDCG of the same seed. Everything is paired by seed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import is_epsilon, robustness
from embrittle.stats import over_seeds, ratio_interval

RUN = ["dataset", "model", "seed"]
LONG_COLUMNS = [
    *("dataset", "model", "control", "attack", "budget", "epsilon", "iterations"),
    *("users_norm", "items_norm", "metric", "value", "seed"),
]
CURVE_COLUMNS = [
    "dataset",
    "model",
    "attack",
    "budget",
    "scale",
    "mean",
    "sd",
    "low",
    "high",
    "n_seeds",
]
CONDITION = ["dataset", "attack", "epsilon", "iterations", "seed"]
PRINTED, NORMS, RELATIVE, CANONICAL = "printed", "norms", "relative", "canonical"
SEED_COLUMNS = [
    *("dataset", "comparison", "attack", "epsilon", "iterations", "seed"),
    *("of_model", "of_defence", "as_it_is", "saved"),
]
SAVING_COLUMNS = [
    *("dataset", "comparison", "attack", "epsilon", "iterations", "of_model", "of_defence"),
    *("saved", "low", "high", "share", "share_low", "share_high", "n_seeds"),
]
LEFT = "left"

Controls = Mapping[str, Mapping[str, Any]]
"""Control -> its entry in the configuration: `of`, and one of `scale`, `norms_of` and `form`."""


def long_form(
    metrics: pd.DataFrame,
    sizes: pd.DataFrame,
    controls: Controls,
    attacks: Mapping[str, tuple[float, int]],
    relative: Sequence[str],
    datasets: Sequence[str],
    k: int,
) -> pd.DataFrame:
    """Return nDCG of every model and control without attack and after each attack, and what is left of it.

    Args:
        metrics: the tidy metrics.
        sizes: the attacked models with the root mean squares of their row norms (`evaluation.selected_epochs`).
        controls: the controls of the study.
        attacks: attack -> its epsilon and number of iterations.
        relative: the attacks whose epsilon is relative.
        datasets: the data sets to show.
        k: length of the lists.

    Returns:
        Columns `LONG_COLUMNS`. `model` is the model that a control is of, `control` the name of the control, or empty
        for the model itself; metric is nDCG@k or "left", in percent.

    Raises:
        DataError: as in `tidy.metrics_at`.
    """
    rows = robustness(metrics, k)
    rows = rows[rows["dataset"].isin(datasets)]
    wanted = [
        rows[
            (rows["attack"] == name)
            & is_epsilon(rows["epsilon"], epsilon)
            & (rows["iterations"] == steps)
        ]
        for name, (epsilon, steps) in attacks.items()
    ]
    found = pd.concat(wanted) if wanted else rows.iloc[:0]
    found = found.assign(left=100 - found["rho"])
    norms = sizes[[*RUN, "users_norm_rms", "items_norm_rms"]].rename(
        columns={"users_norm_rms": "users_norm", "items_norm_rms": "items_norm"}
    )
    found = found.merge(norms, on=RUN, how="left", validate="many_to_one")
    name = found["model"]
    found = found.assign(
        model=name.map(lambda model: controls[model]["of"] if model in controls else model),
        control=name.where(name.isin(list(controls)), ""),
        budget=np.where(found["attack"].isin(relative), "relative", "absolute"),
    )
    kinds = {"initial": f"initial nDCG@{k}", "value": f"nDCG@{k}", LEFT: LEFT}
    about = [column for column in LONG_COLUMNS if column not in ("metric", "value")]
    # `value` is the nDCG after the attack here, and the value of any metric in the result.
    tall = found.rename(columns=kinds).melt(about, list(kinds.values()), "metric", "value")
    return tall[LONG_COLUMNS]


def curves(long: pd.DataFrame, controls: Controls) -> pd.DataFrame:
    """Return what is left of each model against the number that its rows are multiplied by.

    Args:
        long: from `long_form`.
        controls: the controls of the study; those with `scale` are the points of the curves, the model itself is at 1.

    Returns:
        Columns `CURVE_COLUMNS`: mean, standard deviation, smallest and largest value over the seeds, for models with a
        control of another scale; ascending in scale.
    """
    scales = {name: float(entry["scale"]) for name, entry in controls.items() if "scale" in entry}
    rows = long[long["metric"] == LEFT]
    rows = rows.assign(scale=rows["control"].map({"": 1.0, **scales}))
    scaled = rows.loc[rows["control"].isin(list(scales)), ["dataset", "model"]].drop_duplicates()
    rows = rows[rows["scale"].notna()].merge(scaled, on=["dataset", "model"])
    by = ["dataset", "model", "attack", "budget", "scale"]
    groups = rows.groupby(by, sort=False)["value"]
    table = groups.agg(mean="mean", sd="std", low="min", high="max", n_seeds="size").reset_index()
    return table.sort_values(["dataset", "model", "attack", "scale"], kind="stable")[CURVE_COLUMNS]


def per_seed(long: pd.DataFrame, controls: Controls, *, model: str, defence: str) -> pd.DataFrame:
    """Return how much more of its nDCG the defence keeps than the model in each seed, in several comparisons.

    - `PRINTED`: both as they are, at an absolute epsilon.
    - `NORMS`: the defence beside the control of the model that has the defence's row norms, at the same epsilon.
    - `RELATIVE`: both as they are, at a relative epsilon.
    - `CANONICAL`: the canonical forms of both, at a relative epsilon.

    Args:
        long: from `long_form`.
        controls: the controls of the study.
        model, defence: the models that are compared.

    Returns:
        Columns `SEED_COLUMNS`: what is left of the model (or its control), of the defence and, for `NORMS`, of the
        model as it is, in percent; and the difference of the first two, in points.
    """
    left = long[long["metric"] == LEFT]
    found = []
    for comparison, budget, ours, theirs in _pairs(controls, model, defence):
        rows = left[left["budget"] == budget]
        pair = _of(rows, model, ours, "of_model"), _of(rows, defence, theirs, "of_defence")
        both = pair[0].merge(pair[1], on=CONDITION, validate="one_to_one")
        plain = _of(rows, model, "", "as_it_is") if comparison == NORMS else None
        if plain is not None:
            both = both.merge(plain, on=CONDITION, how="left", validate="one_to_one")
        found.append(
            both.assign(comparison=comparison, saved=both["of_defence"] - both["of_model"])
        )
    return pd.concat(found, ignore_index=True).reindex(columns=SEED_COLUMNS)


def savings(seeds: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of `per_seed` over the seeds.

    For `NORMS`, the share says how much of the printed saving the control has without any defence:
    (control - model) / (defence - model), with Fieller's interval over the seeds.

    Args:
        seeds: from `per_seed`.

    Returns:
        Columns `SAVING_COLUMNS`: what is left of the model (or its control) and of the defence, means in percent; the
        difference with its 95 % interval over the seeds, in points; the share, in percent. The ends of the share are
        NaN if the interval of the printed saving is not above 0.
    """
    by = ["dataset", "comparison", "attack", "epsilon", "iterations"]
    table = over_seeds(seeds, "saved", by).rename(columns={"mean": "saved"})
    for column in ("of_model", "of_defence"):
        table[column] = over_seeds(seeds, column, by)["mean"]
    shares = [_share(of) for _, of in seeds.groupby(by, sort=False)]
    names = ["share", "share_low", "share_high"]
    table[names] = pd.DataFrame(shares, columns=names, index=table.index)
    return table[SAVING_COLUMNS]


def _pairs(controls: Controls, model: str, defence: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (comparison, budget, control of the model, control of the defence); "" is the model itself."""
    yield PRINTED, "absolute", "", ""
    for name, entry in controls.items():
        if entry["of"] == model and entry.get("norms_of") == defence:
            yield NORMS, "absolute", name, ""
    yield RELATIVE, "relative", "", ""
    canonical = {
        entry["of"]: name for name, entry in controls.items() if entry.get("form") == "canonical"
    }
    if {model, defence} <= canonical.keys():
        yield CANONICAL, "relative", canonical[model], canonical[defence]


def _of(rows: pd.DataFrame, model: str, control: str, name: str) -> pd.DataFrame:
    """The values of a model or control in a column of this name."""
    here = rows[(rows["model"] == model) & (rows["control"] == control)]
    return here[[*CONDITION, "value"]].rename(columns={"value": name})


def _share(rows: pd.DataFrame) -> tuple[float, float, float]:
    """The share of the printed saving that the control has, in percent, and its interval; NaN without a control."""
    gained, printed = rows["of_model"] - rows["as_it_is"], rows["of_defence"] - rows["as_it_is"]
    low, high = ratio_interval(gained, printed)
    share = gained.mean() / printed.mean() if printed.mean() else np.nan
    return 100 * share, 100 * low, 100 * high
