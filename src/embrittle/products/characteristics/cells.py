"""How density, size and shape of the data go with what a perturbation costs ([L] section 5.2).

The data are sub-samples (`embrittle.data.subsample`) of a source, each a data set of its own in the tidy
metrics. What a perturbation costs is rho, the share of nDCG that it takes away, in percent. Straight
lines are fitted by ordinary least squares (statsmodels), one for each source, model, attack and number
of iterations. Tables and words for them are in `embrittle.characteristics_report`.

What the seeds are, for the intervals, is the caller's choice (`Errors`):

"means" (the default): a sub-sample counts once, with the mean of its seeds. Two trainings on one
    sub-sample share whatever this sub-sample does besides its density, so they are not two independent
    points of a line over density. Assumes that the means scatter independently and alike around the
    line. With simulated data on ML-1M's ten densities, and on three or four of them, its 95 % intervals
    held the true slope in 94 to 97 % of cases, with and without such an effect of the sub-sample.
"clusters": every run counts, standard errors are robust to any dependence within a sub-sample
    (statsmodels' "cluster" with the t distribution of one degree less than there are sub-samples).
    Needs many of them: the same simulation gave 91 % with ten and 76 to 88 % with three or four.
"repeats": every run counts as an independent point. Right only if nothing but the characteristic and
    the chance of training moves rho; else too narrow: 79 to 82 % with three seeds and an effect of the
    sub-sample as large as that of the seed.

Where every sub-sample has the same seeds, slope and intercept are the same with all three.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from embrittle.errors import ConfigError, DataError
from embrittle.metrics.tidy import is_epsilon, known_first, metrics_at
from embrittle.render import published as pub
from embrittle.vocabulary import PAPER_ATTACKS, PAPER_MODELS, RANDOM

logger = logging.getLogger(__name__)

Errors = Literal["means", "clusters", "repeats"]
CHARACTERISTICS = ("density", "size", "shape")
METRIC = "nDCG"
LEVEL = 0.95
# Above either, a regression's coefficients are called unreadable; the usual rules of thumb.
VIF_LIMIT = 10.0
CONDITION_LIMIT = 30.0

FIT = ["source", "model", "attack", "iterations"]
ROBUSTNESS = [
    "dataset", "model", "seed", "attack", "epsilon", "iterations", "initial", "value", "rho",
]  # fmt: skip
TABLE = ["dataset", "source", "k", "n_users", "n_items", "n_interactions", *CHARACTERISTICS]
ESTIMATE = ["standard_error", "ci_low", "ci_high", "p"]
COUNTS = ["n", "n_subsamples", "n_seeds"]
ESTIMATES = ["slope", "intercept", *ESTIMATE, "r_squared", *COUNTS]


def robustness(metrics: pd.DataFrame, k: int, epsilon: float | None = None) -> pd.DataFrame:
    """What each perturbation takes away: rho = 100 (initial - after) / initial of nDCG@k, in percent.

    Args:
        metrics: the tidy metrics (see `embrittle.tables`) of any number of data sets.
        k: length of the lists.
        epsilon: keep only attacks with this budget; None keeps all.

    Returns:
        Columns dataset, model, seed, attack, epsilon, iterations, initial (nDCG of the unperturbed
        model), value (nDCG after), rho; rows in the order of the metrics, without the random
        recommender. rho is negative where a perturbation helps. It is NaN, and a warning is logged,
        where the unperturbed nDCG is 0 or not there.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    rows = metrics_at(metrics, k)
    rows = rows[(rows["metric"] == METRIC) & (rows["model"] != RANDOM)]
    run = ["dataset", "model", "seed"]
    unperturbed = rows["attack"] == "initial"
    initial = rows.loc[unperturbed, [*run, "value"]].rename(columns={"value": "initial"})
    after = rows[~unperturbed]
    if epsilon is not None:
        after = after[is_epsilon(after["epsilon"], epsilon)]
    after = after.merge(initial, on=run, how="left", validate="many_to_one")
    start = after["initial"].where(after["initial"] != 0)
    after["rho"] = 100 * (start - after["value"]) / start
    for dataset, model, seed in (
        after.loc[start.isna(), run].drop_duplicates().itertuples(index=False)
    ):
        logger.warning(
            "%s, %s, seed %s: the unperturbed nDCG@%d is 0 or missing, so rho is not defined",
            *(dataset, model, seed, k),
        )
    return after[ROBUSTNESS]


def characteristics_table(
    statistics: Iterable[tuple[str, str, int | None, Mapping[str, Any]]],
) -> pd.DataFrame:
    """The sub-samples with their counts and characteristics.

    Args:
        statistics: of each sub-sample (name of the data set, name of its source, k or None for the whole
            source, what `embrittle.data.splits.statistics` gives).

    Returns:
        Columns dataset, source, k (Int64), n_users, n_items, n_interactions, density |F|/(|U||I|), size
        |U||I|, shape |U|/|I|; rows by source in the order of first appearance, then k.

    Raises:
        DataError: a data set is there twice.
    """
    rows = [
        {"dataset": dataset, "source": source, "k": k, **{name: about[name] for name in TABLE[3:]}}
        for dataset, source, k, about in statistics
    ]
    table = pd.DataFrame(rows, columns=TABLE).astype({"k": "Int64"})
    repeated = table.loc[table["dataset"].duplicated(), "dataset"]
    if len(repeated):
        raise DataError(f"the sub-sample {repeated.iloc[0]!r} is there twice")
    order = {source: place for place, source in enumerate(dict.fromkeys(table["source"]))}
    places = table.assign(place=table["source"].map(order))
    ordered = places.sort_values(["place", "k"], na_position="first", kind="stable")
    return ordered[TABLE].reset_index(drop=True)


def points(robust: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Robustness beside characteristics: a row of `robustness` with the columns of its sub-sample.

    Data sets that are no sub-sample are left out. A sub-sample without metrics (its training failed,
    say) is left out too, with a warning.
    """
    for dataset in table.loc[~table["dataset"].isin(robust["dataset"]), "dataset"]:
        logger.warning("%s: no metrics, so it is in no regression", dataset)
    return robust.merge(table, on="dataset", how="inner", validate="many_to_one")


@dataclass(frozen=True)
class Line:
    """A least-squares line of rho over one characteristic; NaN where the points do not give it.

    Attributes:
        slope: percentage points of rho per unit of the characteristic.
        intercept: rho at 0 of the characteristic, mostly far outside the data.
        standard_error, ci_low, ci_high, p: of the slope; NaN with too few sub-samples, two at most.
        r_squared: of the points as they count: of means, with `errors` "means".
        n: runs used. n_subsamples, n_seeds: of how many sub-samples, and seeds at most of each.
    """

    slope: float
    intercept: float
    standard_error: float
    ci_low: float
    ci_high: float
    p: float
    r_squared: float
    n: int
    n_subsamples: int
    n_seeds: int
    _fit: "_Fit | None"

    def band(self, x: np.ndarray) -> pd.DataFrame:
        """The line at `x` and the 95 % interval of its height there: columns mean, low, high."""
        x = np.asarray(x, dtype=float)
        height = pd.DataFrame({"mean": self.intercept + self.slope * x})
        if self._fit is None or not self._fit.has_errors:
            return height.assign(low=np.nan, high=np.nan)
        prediction = self._fit.result.get_prediction(self._fit.design(x[:, None]))
        low, high = prediction.conf_int(alpha=1 - LEVEL).T
        return height.assign(low=low, high=high)


def line(group: pd.DataFrame, characteristic: str, errors: Errors = "means") -> Line:
    """Fit the line of one model, attack and number of iterations.

    Args:
        group: columns dataset, seed, rho and the characteristic; rows without rho do not count.
        characteristic: name of a column.
        errors: see the module's description.

    Raises:
        ConfigError: there is no such way to treat the seeds.
    """
    fit = _fit(group, [characteristic], errors)
    counts = _counts(group)
    if fit is None:
        return Line(*[np.nan] * 7, **counts, _fit=None)
    slope, standard_error, low, high, p = (values[0] for values in fit.coefficients())
    return Line(
        slope=slope,
        intercept=fit.intercept(),
        standard_error=standard_error,
        ci_low=low,
        ci_high=high,
        p=p,
        r_squared=fit.r_squared(),
        **counts,
        _fit=fit,
    )


def regressions(data: pd.DataFrame, errors: Errors = "means") -> pd.DataFrame:
    """Ordinary least squares of rho over each characteristic by itself.

    Args:
        data: from `points`.
        errors: what the seeds are, see the module's description.

    Returns:
        One row for each source, model, attack, number of iterations and characteristic: these five, then
        slope, intercept, standard_error, ci_low, ci_high (95 %), p (of a slope of 0, two-sided),
        r_squared, n (runs), n_subsamples, n_seeds, errors. See `Line` for what can be NaN.

    Raises:
        DataError: the points of one fit have several budgets.
        ConfigError: there is no such way to treat the seeds.
    """
    rows = []
    for key, group in _groups(data):
        for characteristic in CHARACTERISTICS:
            fitted = line(group, characteristic, errors)
            about = {name: getattr(fitted, name) for name in ESTIMATES}
            rows.append({**key, "characteristic": characteristic, **about, "errors": errors})
    return pd.DataFrame(rows, columns=[*FIT, "characteristic", *ESTIMATES, "errors"])


def joint_regression(data: pd.DataFrame, errors: Errors = "means") -> pd.DataFrame:
    """Ordinary least squares of rho over log density, log size and log shape together.

    Natural logarithms. Three counts (users, items, interactions) determine the three characteristics, so
    they can differ freely; but the sub-samples of one source lie on one path through that space, where
    each is nearly a function of another. Then the regression divides between them, by the smallest
    bends of that path, what only moves together.

    Args:
        data: from `points`.
        errors: what the seeds are, see the module's description.

    Returns:
        One row for each source, model, attack, number of iterations and characteristic ("log density" ...),
        with slope, standard_error, ci_low, ci_high, p as in `regressions`; vif (variance inflation
        factor), condition_number (of the three, each centred and scaled to variance 1), r_squared, n,
        n_subsamples, n_seeds, errors, readable (bool) and note, which says why not.

    Raises:
        DataError: the points of one fit have several budgets.
        ConfigError: there is no such way to treat the seeds.
    """
    logs = [f"log {name}" for name in CHARACTERISTICS]
    data = data.assign(**{f"log {name}": np.log(data[name]) for name in CHARACTERISTICS})
    rows = []
    for key, group in _groups(data):
        fit = _fit(group, logs, errors)
        vifs, condition = fit.collinearity() if fit else (np.full(3, np.nan), np.nan)
        values = fit.coefficients() if fit else np.full((5, 3), np.nan)
        note = _collinearity_note(fit, vifs, condition)
        for place, name in enumerate(logs):
            estimate = dict(zip(["slope", *ESTIMATE], [row[place] for row in values], strict=True))
            rows.append(
                {
                    **key,
                    "characteristic": name,
                    **estimate,
                    "vif": vifs[place],
                    "condition_number": condition,
                    "r_squared": fit.r_squared() if fit else np.nan,
                    **_counts(group),
                    "errors": errors,
                    "readable": not note,
                    "note": note,
                }
            )
    columns = [
        *FIT, "characteristic", "slope", *ESTIMATE, "vif", "condition_number", "r_squared", *COUNTS,
        "errors", "readable", "note",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def slope_differences(
    data: pd.DataFrame, errors: Errors = "means", models: tuple[str, str] = PAPER_MODELS
) -> pd.DataFrame:
    """The slope of the first model minus that of the second, from runs that both have.

    This is the interaction of model and characteristic in the regression that also gives each pair of
    runs (same sub-sample and seed) a level of its own: the runs of a pair share their data, and AMF starts
    from BPR-MF's state, so what moves both must not count as scatter. With two models it is the line
    of the differences of rho, and is computed so.

    A slope a is steeper than b, whatever their signs, exactly when a - b and a + b have the same sign;
    so the sum of the slopes is here as well, for `embrittle.characteristics_report.statements`.

    Args:
        data: from `points`.
        errors: what the seeds are, see the module's description.
        models: the two.

    Returns:
        One row for each source, attack, number of iterations and characteristic: these, then slope_first,
        slope_second, difference, standard_error, ci_low, ci_high (95 %), p, sum, sum_ci_low,
        sum_ci_high, n (pairs of runs), n_subsamples, n_seeds, errors.

    Raises:
        DataError: the points of one fit have several budgets.
        ConfigError: there is no such way to treat the seeds.
    """
    rows = []
    for key, pairs in _paired(data, models):
        for characteristic in CHARACTERISTICS:
            apart = line(pairs.assign(rho=pairs["first"] - pairs["second"]), characteristic, errors)
            together = line(
                pairs.assign(rho=pairs["first"] + pairs["second"]), characteristic, errors
            )
            rows.append(
                {
                    **key,
                    "characteristic": characteristic,
                    "slope_first": (together.slope + apart.slope) / 2,
                    "slope_second": (together.slope - apart.slope) / 2,
                    "difference": apart.slope,
                    **{name: getattr(apart, name) for name in ESTIMATE},
                    "sum": together.slope,
                    "sum_ci_low": together.ci_low,
                    "sum_ci_high": together.ci_high,
                    **{name: getattr(apart, name) for name in COUNTS},
                    "errors": errors,
                }
            )
    columns = [
        "source", "attack", "iterations", "characteristic", "slope_first", "slope_second", "difference",
        *ESTIMATE, "sum", "sum_ci_low", "sum_ci_high", *COUNTS, "errors",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def compare_with_published(
    data: pd.DataFrame, fits: pd.DataFrame, published: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Ours beside the published points and slopes, each at every L of ours (theirs is not printed).

    Args:
        data: from `points`.
        fits: from `regressions`.
        published: the published characteristics.csv.
        k: length of the lists of `data`; with others than theirs nothing is comparable.

    Returns:
        Columns source, model, attack, iterations, quantity ("rho" or "slope"), characteristic, x (of a
        point), value, low, high (of a slope its 95 % interval; of a point the smallest and largest
        of the seeds), n_seeds, published. Points are ours where the characteristic is the printed
        number, to its decimals; value, low and high are NaN where we have none. Published numbers of
        sources that ours does not have are left out, and so are those of a model and attack that was
        not run with their budget.
    """
    comparable = is_epsilon(data["epsilon"], pub.FIGURE3_EPSILON) & (k == pub.FIGURES_K)
    data = data[comparable]
    rows = []
    for theirs in published.itertuples(index=False):
        mine = data[
            (data["source"] == theirs.dataset)
            & (data["model"] == theirs.model)
            & (data["attack"] == theirs.attack)
        ]
        for iterations in sorted(mine["iterations"].unique()):
            key = {
                "source": theirs.dataset,
                "model": theirs.model,
                "attack": theirs.attack,
                "iterations": iterations,
                "quantity": theirs.quantity,
                "characteristic": theirs.characteristic,
                "x": theirs.x,
            }
            if theirs.quantity == "slope":
                ours = _slope_beside(fits, key)
            else:
                ours = _point_beside(mine[mine["iterations"] == iterations], theirs)
            rows.append({**key, **ours, "published": theirs.value})
    columns = [
        *FIT, "quantity", "characteristic", "x", "value", "low", "high", "n_seeds", "published",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def long_form(table: pd.DataFrame) -> pd.DataFrame:
    """One number a row: what names the row of `table`, then quantity and value.

    Args:
        table: from `characteristics_table`, `robustness`, `regressions`, `joint_regression` or
            `slope_differences`. What is no number (`readable`, `note`) is left out.
    """
    naming = [*FIT, "dataset", "k", "seed", "characteristic", "errors"]
    keys = [
        name for name in table if name in naming and not (name == "k" and "dataset" not in table)
    ]
    rows = table.drop(columns=["readable", "note"], errors="ignore").reset_index(drop=True)
    # ignore_index=False keeps the row's number, so that a fit's quantities stand together.
    long = rows.melt(id_vars=keys, var_name="quantity", value_name="value", ignore_index=False)
    return long.sort_index(kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class _Fit:
    """A fitted regression on centred and scaled regressors; gives everything in their own units.

    Scaling keeps digits: a size is some 10^7, a density 0.1.
    """

    result: Any
    standard: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    has_errors: bool

    def design(self, x: np.ndarray) -> np.ndarray:
        """The regressors `x` (rows, regressors) as this regression wants them."""
        return _with_constant((x - self.centre) / self.scale)

    def coefficients(self) -> np.ndarray:
        """(5, regressors): coefficient, standard error, low and high end of its interval, p."""
        found = self.result.params[1:] / self.scale
        if not self.has_errors:
            return np.vstack([found, np.full((4, len(found)), np.nan)])
        with np.errstate(invalid="ignore", divide="ignore"):  # no scatter at all: 0/0
            low, high = self.result.conf_int(alpha=1 - LEVEL)[1:].T
            p = self.result.pvalues[1:]
        return np.vstack(
            [found, self.result.bse[1:] / self.scale, low / self.scale, high / self.scale, p]
        )

    def intercept(self) -> float:
        """Where all regressors are 0."""
        return float(
            self.result.params[0] - (self.result.params[1:] * self.centre / self.scale).sum()
        )

    def r_squared(self) -> float:
        """Share of the variance that is fitted; NaN if there is none to fit."""
        total = self.result.centered_tss
        return float(1 - self.result.ssr / total) if total > 0 else np.nan

    def collinearity(self) -> tuple[np.ndarray, float]:
        """Variance inflation factor of each regressor, and the condition number of them all."""
        design = _with_constant(self.standard)
        with np.errstate(divide="ignore"):
            vifs = [
                variance_inflation_factor(design, place + 1) for place in range(len(self.scale))
            ]
        return np.array(vifs), float(np.linalg.cond(self.standard))


def _fit(group: pd.DataFrame, columns: Sequence[str], errors: Errors) -> _Fit | None:
    """Regress rho on the columns; None where the points do not determine the coefficients."""
    if errors not in get_args(Errors):
        raise ConfigError(f"errors is {errors!r}; possible: {', '.join(get_args(Errors))}")
    rows = group[group["rho"].notna()]
    if errors == "means":
        rows = rows.groupby("dataset", sort=False)[["rho", *columns]].mean().reset_index()
    n_parameters = len(columns) + 1
    n_subsamples = rows["dataset"].nunique()
    if n_subsamples < n_parameters:
        return None
    x = rows[list(columns)].to_numpy(dtype=float)
    centre, scale = x.mean(axis=0), x.std(axis=0)
    # Equal numbers can have a spread in their last bits.
    if (scale <= 1e-12 * np.abs(x).max(axis=0)).any():
        return None
    standard = (x - centre) / scale
    if np.linalg.matrix_rank(standard, tol=1e-10) < len(columns):
        return None
    model = sm.OLS(rows["rho"].to_numpy(dtype=float), _with_constant(standard))
    # A line through as many sub-samples as it has parameters leaves nothing to judge it by.
    has_errors = n_subsamples > n_parameters
    if errors == "clusters" and has_errors:
        clusters = pd.factorize(rows["dataset"])[0]
        result = model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    else:
        result = model.fit()
    return _Fit(result, standard, centre, scale, has_errors)


def _collinearity_note(fit: _Fit | None, vifs: np.ndarray, condition: float) -> str:
    """Why the coefficients of a joint regression cannot be read, or nothing."""
    if fit is None or not fit.has_errors:
        return (
            "not determined: needs at least five sub-samples whose three characteristics are not exact "
            "functions of each other"
        )
    if vifs.max() > VIF_LIMIT or condition > CONDITION_LIMIT:
        return (
            f"unreadable: the three move together (largest VIF {vifs.max():.0f}, condition number "
            f"{condition:.0f}), so sign and size of each coefficient are not its characteristic's own"
        )
    return ""


def _with_constant(x: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), x])


def _counts(group: pd.DataFrame) -> dict[str, int]:
    """Runs, sub-samples, and the most seeds that one of these has."""
    per_subsample = group.loc[group["rho"].notna(), "dataset"].value_counts()
    return {
        "n": int(per_subsample.sum()),
        "n_subsamples": len(per_subsample),
        "n_seeds": int(per_subsample.max()) if len(per_subsample) else 0,
    }


def _groups(data: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The points of each fit, in the paper's order of models and attacks."""
    for source in dict.fromkeys(data["source"]):
        of_source = data[data["source"] == source]
        for model in known_first(of_source["model"], PAPER_MODELS):
            of_model = of_source[of_source["model"] == model]
            for attack in known_first(of_model["attack"], tuple(PAPER_ATTACKS)):
                of_attack = of_model[of_model["attack"] == attack]
                for iterations in sorted(of_attack["iterations"].unique()):
                    group = of_attack[of_attack["iterations"] == iterations]
                    key = dict(zip(FIT, (source, model, attack, iterations), strict=True))
                    _check_budget(group, key)
                    yield key, group


def _check_budget(group: pd.DataFrame, key: Mapping[str, Any]) -> None:
    """Raise DataError if points of different budgets would be on one line."""
    if not is_epsilon(group["epsilon"], group["epsilon"].iloc[0]).all():
        budgets = ", ".join(f"{value:g}" for value in sorted(group["epsilon"].unique()))
        raise DataError(
            f"{', '.join(str(value) for value in key.values())}: the points have several budgets "
            f"({budgets}); a line is for one: choose it with the argument epsilon of `robustness`"
        )


def _paired(
    data: pd.DataFrame, models: tuple[str, str]
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Rows with rho of both models as first and second, by source, attack and iterations."""
    names = dict(zip(models, ("first", "second"), strict=True))
    by_attack: dict[tuple, dict[str, pd.DataFrame]] = {}
    for key, group in _groups(data):
        if key["model"] in names:
            attack = tuple(value for name, value in key.items() if name != "model")
            by_attack.setdefault(attack, {})[names[key["model"]]] = group
    for attack, groups in by_attack.items():
        if len(groups) == 2:
            second = groups["second"][["dataset", "seed", "rho"]].rename(columns={"rho": "second"})
            pairs = groups["first"].rename(columns={"rho": "first"})
            pairs = pairs.merge(second, on=["dataset", "seed"], validate="one_to_one")
            yield dict(zip(["source", "attack", "iterations"], attack, strict=True)), pairs


def _slope_beside(fits: pd.DataFrame, key: Mapping[str, Any]) -> dict[str, Any]:
    """Our slope with its interval."""
    wanted = pd.Series(True, index=fits.index)
    for name in [*FIT, "characteristic"]:
        wanted &= fits[name] == key[name]
    (row,) = fits[wanted].itertuples(index=False)
    return {"value": row.slope, "low": row.ci_low, "high": row.ci_high, "n_seeds": row.n_seeds}


def _point_beside(mine: pd.DataFrame, theirs: Any) -> dict[str, Any]:
    """Our rho where the characteristic prints as theirs, over the seeds."""
    decimals = len(f"{theirs.x:.10f}".rstrip("0").partition(".")[2])
    there = mine.loc[mine[theirs.characteristic].round(decimals) == theirs.x, "rho"].dropna()
    return {"value": there.mean(), "low": there.min(), "high": there.max(), "n_seeds": len(there)}
