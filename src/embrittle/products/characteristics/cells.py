"""Regressions of the loss under attack on density, size and shape of the data ([L] section 5.2).

The data are sub-samples (`data.subsample`) of a source, each a data set of its own in the tidy metrics. The loss under
attack is rho, the share of nDCG that a perturbation takes away, in percent. Straight lines are fitted by ordinary least
squares (statsmodels), one for each source, model, attack and number of iterations.

A sub-sample counts once, with the mean of its seeds ("means" in the column errors): two trainings on one sub-sample
share all effects of this sub-sample besides its density, so they are not two independent points of a line over density.
The means are assumed to scatter around the line independently and with equal variance. In simulations with ML-1M's ten
densities, or three or four of them, the 95 % intervals contained the true slope in 94 to 97 % of cases. With every run
as a point of its own they did so in 79 to 82 % (three seeds, and an effect of the sub-sample as large as that of the
seed); with standard errors robust to dependence within a sub-sample in 91 % (ten sub-samples) and 76 to 88 % (three or
four).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from embrittle.errors import DataError
from embrittle.metrics.tidy import is_epsilon, known_first, robustness
from embrittle.render import published as pub
from embrittle.render.labels import condition_label
from embrittle.render.statements import AGAINST, FOR, OPEN, Case, judge, side
from embrittle.stats import LEVEL
from embrittle.vocabulary import PAPER_ATTACKS, PAPER_MODELS

logger = logging.getLogger(__name__)

CHARACTERISTICS = ("density", "size", "shape")
# Above either limit, the usual rules of thumb, the coefficients of a regression are called unreadable.
VIF_LIMIT = 10.0
CONDITION_LIMIT = 30.0

FIT = ["source", "model", "attack", "iterations"]
PAIR = ["source", "attack", "iterations"]
TABLE = ["dataset", "source", "k", "n_users", "n_items", "n_interactions", *CHARACTERISTICS]
ERROR = ["standard_error", "ci_low", "ci_high", "p"]
ESTIMATE = ["slope", *ERROR]
COUNTS = ["n", "n_subsamples", "n_seeds"]
SEEDS = {
    "errors": "means"
}  # a sub-sample counts with the mean of its seeds, see the module's docstring

DENSER = "denser data are safer"
LARGER = "larger and more user-heavy data are more exposed"
ONE_MODEL = "there is no case to test, which needs both models on the same sub-samples"
FLATTER = "AMF's slopes are flatter than BPR-MF's"


# --- Points ---------------------------------------------------------------------------------------


def characteristics_table(
    statistics: Iterable[tuple[str, str, int | None, Mapping[str, Any]]],
) -> pd.DataFrame:
    """Return the counts and characteristics of sub-samples.

    Args:
        statistics: of each sub-sample, (its name, the name of its source, k or None for the whole source, the result of
            `data.splits.statistics`).

    Returns:
        Columns dataset, source, k (Int64), n_users, n_items, n_interactions, density |F|/(|U||I|), size |U||I|, shape
        |U|/|I|; rows by source in the order of first appearance, then k.

    Raises:
        DataError: a name occurs twice.
    """
    rows = [
        {"dataset": dataset, "source": source, "k": k, **{name: about[name] for name in TABLE[3:]}}
        for dataset, source, k, about in statistics
    ]
    table = pd.DataFrame(rows, columns=TABLE).astype({"k": "Int64"})
    repeated = table.loc[table["dataset"].duplicated(), "dataset"]
    if len(repeated):
        raise DataError(f"the sub-sample {repeated.iloc[0]!r} occurs twice")
    places = table.assign(place=pd.factorize(table["source"])[0])
    ordered = places.sort_values(["place", "k"], na_position="first", kind="stable")
    return ordered[TABLE].reset_index(drop=True)


def points(robust: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Join robustness and characteristics: the rows of `tidy.robustness` with the columns of their sub-samples.

    Data sets that are not sub-samples are left out. So are sub-samples without metrics, for example after a failed
    training, with a warning.
    """
    for dataset in table.loc[~table["dataset"].isin(robust["dataset"]), "dataset"]:
        logger.warning("%s has no metrics, so the regressions leave it out", dataset)
    return robust.merge(table, on="dataset", how="inner", validate="many_to_one")


def related(
    metrics: pd.DataFrame,
    statistics: Iterable[Mapping[str, Any]],
    samples: Sequence[tuple[str, str, int | None]],
    k: int,
    epsilon: float,
) -> dict[str, pd.DataFrame]:
    """Return the sub-samples ("samples", `characteristics_table`) and rho of attacks of one budget on them ("points").

    Args:
        metrics: the tidy metrics.
        statistics: the results of `data.splits.statistics`, one for each of `samples`.
        samples: (name of the sub-sample, name of its source, k).
        k: the length of the lists.
        epsilon: the budget of the attacks.
    """
    table = characteristics_table(
        (*sample, about) for sample, about in zip(samples, statistics, strict=True)
    )
    return {"samples": table, "points": points(robustness(metrics, k, epsilon), table)}


def shown(
    data: pd.DataFrame,
    source: str,
    iterations: int,
    k: int,
    attacks: Mapping[str, bool],
    published: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return our points and the published ones in Figure 3 of one source at one number of iterations.

    Args:
        data: from `points`.
        source: the data set that the sub-samples are taken from.
        iterations: the number of iterations of multi-step attacks; single-step attacks are always shown.
        k: the length of the lists that rho is computed from.
        attacks: the attacks to show: name -> whether it takes a single step.
        published: the published characteristics.csv. Its points are shown if source, K and epsilon are the same, for
            any number of iterations, because the paper does not print its own.

    Raises:
        DataError: the source has no points, or the points have several budgets.
    """
    rows = data[data["source"] == source]
    if rows.empty:
        raise DataError(f"there are no sub-samples with metrics of the data set {source!r}")
    rows = rows[rows["attack"].isin(list(attacks))]
    one_step = rows["attack"].map(attacks).astype(bool)
    rows = rows[one_step | (rows["iterations"] == iterations)]
    budgets = rows["epsilon"].round(12).unique()
    if len(budgets) > 1:
        found = ", ".join(f"{value:g}" for value in sorted(budgets))
        raise DataError(f"Figure 3 of {source}: its points have several budgets ({found})")
    if (
        published is None
        or k != pub.FIGURES_K
        or not np.isclose(budgets, pub.FIGURE3_EPSILON).all()
    ):
        return rows, pd.DataFrame(columns=list(pub.COLUMNS["characteristics"]))
    of_source = (published["dataset"] == source) & (published["quantity"] == "rho")
    return rows, published[of_source]


# --- Regressions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Regression:
    """A least-squares regression of rho; its estimates are NaN if the points do not determine them.

    The regressors are centred and scaled for numerical precision (a size is about 10^7, a density 0.1); all methods
    take and return the original units.

    Attributes:
        result: the result of statsmodels; None if the points do not determine the coefficients.
        has_errors: whether there are more sub-samples than parameters; otherwise errors cannot be estimated.
        counts: n (the number of runs), n_subsamples, n_seeds (the largest number in a sub-sample).
        standard: the centred and scaled regressors, one column each.
        centre, scale: the means and standard deviations of the regressors.
    """

    result: Any
    has_errors: bool
    counts: Mapping[str, int]
    standard: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def estimate(self, place: int = 0) -> dict[str, float]:
        """Return `ESTIMATE` of one regressor: its slope, with standard error, 95 % interval and two-sided p."""
        found = dict.fromkeys(ESTIMATE, np.nan)
        if self.result is None:
            return found
        at, scale = place + 1, self.scale[place]
        found["slope"] = self.result.params[at] / scale
        if self.has_errors:
            with np.errstate(
                invalid="ignore", divide="ignore"
            ):  # 0/0 if all points are on the line
                low, high = self.result.conf_int(alpha=1 - LEVEL)[at]
                errors = self.result.bse[at] / scale, low / scale, high / scale
                found.update(zip(ERROR, (*errors, self.result.pvalues[at]), strict=True))
        return found

    def intercept(self) -> float:
        """Return rho where all regressors are 0, usually far outside the data."""
        if self.result is None:
            return np.nan
        params = self.result.params
        return float(params[0] - (params[1:] * self.centre / self.scale).sum())

    def r_squared(self) -> float:
        """Return the share of the variance of the sub-samples' means that is explained; NaN without variance."""
        total = 0 if self.result is None else self.result.centered_tss
        return float(1 - self.result.ssr / total) if total > 0 else np.nan

    def collinearity(self) -> tuple[np.ndarray, float]:
        """Return the variance inflation factor of each regressor, and the condition number of all regressors."""
        places = range(1, self.standard.shape[1] + 1)
        if self.result is None:
            return np.full(len(places), np.nan), np.nan
        design = sm.add_constant(self.standard)
        with np.errstate(divide="ignore"):
            vifs = [variance_inflation_factor(design, place) for place in places]
        return np.array(vifs), float(np.linalg.cond(self.standard))

    def band(self, x: np.ndarray) -> pd.DataFrame:
        """Return the line over one regressor at `x`, with its 95 % interval: columns mean, low, high."""
        height = pd.DataFrame({"mean": self.intercept() + self.estimate()["slope"] * x})
        if not self.has_errors:
            return height.assign(low=np.nan, high=np.nan)
        design = sm.add_constant((x[:, None] - self.centre) / self.scale, has_constant="add")
        low, high = self.result.get_prediction(design).conf_int(alpha=1 - LEVEL).T
        return height.assign(low=low, high=high)


def regress(group: pd.DataFrame, columns: Sequence[str]) -> Regression:
    """Regress rho on the columns.

    Args:
        group: the points of one model, attack and number of iterations, with columns dataset, rho and `columns`; rows
            without rho are left out.
        columns: the regressors.
    """
    runs = group[group["rho"].notna()]
    per_subsample = runs["dataset"].value_counts()
    counts = (len(runs), len(per_subsample), int(per_subsample.max()) if len(runs) else 0)
    means = runs.groupby("dataset", sort=False)[["rho", *columns]].mean()
    x = means[list(columns)].to_numpy(dtype=float)
    result, has_errors = None, False
    centre = scale = np.full(len(columns), np.nan)
    if len(x) > len(columns):
        centre, scale = x.mean(axis=0), x.std(axis=0)
        # The standard deviation of equal numbers can differ from 0 in the last bits.
        vary = (scale > 1e-12 * np.abs(x).max(axis=0)).all()
        x = (x - centre) / scale if vary else x
        if vary and np.linalg.matrix_rank(x, tol=1e-10) == len(columns):
            result = sm.OLS(means["rho"].to_numpy(dtype=float), sm.add_constant(x)).fit()
            has_errors = len(x) > len(columns) + 1
    return Regression(result, has_errors, dict(zip(COUNTS, counts, strict=True)), x, centre, scale)


def regressions(data: pd.DataFrame) -> pd.DataFrame:
    """Fit rho over each characteristic separately, by ordinary least squares.

    Args:
        data: from `points`.

    Returns:
        One row for each source, model, attack, number of iterations and characteristic: these five, then slope
        (percentage points of rho per unit of the characteristic), intercept, standard_error, ci_low, ci_high (95 %), p
        (of a slope of 0, two-sided), r_squared, n (runs), n_subsamples, n_seeds, errors. Errors are NaN for two
        sub-samples, and all estimates for one.

    Raises:
        DataError: the points of one fit have several budgets.
    """
    rows = []
    for key, group in _groups(data):
        for characteristic in CHARACTERISTICS:
            fit = regress(group, [characteristic])
            more = {"intercept": fit.intercept(), "r_squared": fit.r_squared()}
            about = {**key, "characteristic": characteristic}
            rows.append({**about, **fit.estimate(), **more, **fit.counts, **SEEDS})
    estimates = ["slope", "intercept", *ERROR, "r_squared"]
    return pd.DataFrame(rows, columns=[*FIT, "characteristic", *estimates, *COUNTS, *SEEDS])


def joint_regression(data: pd.DataFrame) -> pd.DataFrame:
    """Fit rho over log density, log size and log shape together, by ordinary least squares.

    Logarithms are natural. The three characteristics follow from three counts (users, items, interactions), so they can
    vary independently. The sub-samples of one source, however, lie on one path through this space, on which each
    characteristic is nearly a function of the others, so the regression cannot separate their effects.

    Args:
        data: from `points`.

    Returns:
        One row for each source, model, attack, number of iterations and characteristic ("log density" ...), with slope,
        standard_error, ci_low, ci_high, p as in `regressions`; vif (variance inflation factor), condition_number (of
        the three, each centred and scaled to variance 1), r_squared, n, n_subsamples, n_seeds, errors, readable (bool)
        and note, the reason if the coefficients are not readable.

    Raises:
        DataError: the points of one fit have several budgets.
    """
    logs = {f"log {name}": np.log(data[name]) for name in CHARACTERISTICS}
    rows = []
    for key, group in _groups(data.assign(**logs)):
        fit = regress(group, list(logs))
        vifs, condition = fit.collinearity()
        note = _collinearity_note(fit, vifs, condition)
        common = {
            "condition_number": condition,
            "r_squared": fit.r_squared(),
            **fit.counts,
            **SEEDS,
        }
        rows += [
            {**key, "characteristic": name, **fit.estimate(place), "vif": vifs[place], **common,
             "readable": not note, "note": note}
            for place, name in enumerate(logs)
        ]  # fmt: skip
    columns = [
        *FIT, "characteristic", *ESTIMATE, "vif", "condition_number", "r_squared", *COUNTS, *SEEDS,
        "readable", "note",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _collinearity_note(fit: Regression, vifs: np.ndarray, condition: float) -> str:
    """Return why the coefficients of a joint regression are not readable; "" if they are."""
    if not fit.has_errors:
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


def slope_differences(data: pd.DataFrame) -> pd.DataFrame:
    """Return the slope of BPR-MF minus the slope of AMF, from pairs of runs with the same sub-sample and seed.

    The difference is the interaction of model and characteristic in a regression with one intercept per pair: the runs
    of a pair share their data, and AMF starts from the state of BPR-MF, so effects on both must not count as scatter.
    With two models the interaction equals the slope of the differences of rho, which is what is computed.

    A slope a is steeper than b, whatever their signs, exactly if a - b and a + b have the same sign. So the result also
    has the sum of the slopes, for `flatter_side`.

    Args:
        data: from `points`.

    Returns:
        One row for each source, attack, number of iterations and characteristic: these, then slope_first, slope_second,
        difference, standard_error, ci_low, ci_high (95 %), p, sum, sum_ci_low, sum_ci_high, n (pairs of runs),
        n_subsamples, n_seeds, errors.

    Raises:
        DataError: the points of one fit have several budgets.
    """
    rows = []
    for key, pairs in _paired(data):
        first, second = pairs["rho"], pairs["rho_second"]
        for characteristic in CHARACTERISTICS:
            fit = regress(pairs.assign(rho=first - second), [characteristic])
            apart = fit.estimate()
            together = regress(pairs.assign(rho=first + second), [characteristic]).estimate()
            slopes = {
                "slope_first": (together["slope"] + apart["slope"]) / 2,
                "slope_second": (together["slope"] - apart["slope"]) / 2,
                "difference": apart.pop("slope"),
            }
            total = {"sum": together["slope"]}
            total |= {f"sum_{end}": together[end] for end in ("ci_low", "ci_high")}
            about = {**key, "characteristic": characteristic}
            rows.append({**about, **slopes, **apart, **total, **fit.counts, **SEEDS})
    columns = [
        *PAIR, "characteristic", "slope_first", "slope_second", "difference", *ERROR, "sum",
        "sum_ci_low", "sum_ci_high", *COUNTS, *SEEDS,
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _groups(data: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield the key and points of each fit, in the paper's order of models and attacks.

    Raises:
        DataError: the points of one fit have several budgets.
    """
    for source, of_source in data.groupby("source", sort=False):
        for model in known_first(of_source["model"], PAPER_MODELS):
            of_model = of_source[of_source["model"] == model]
            for attack in known_first(of_model["attack"], tuple(PAPER_ATTACKS)):
                of_attack = of_model[of_model["attack"] == attack]
                for iterations, group in of_attack.groupby("iterations"):
                    key = dict(zip(FIT, (source, model, attack, iterations), strict=True))
                    _check_budget(group["epsilon"], key)
                    yield key, group


def _check_budget(epsilon: pd.Series, key: Mapping[str, Any]) -> None:
    if not is_epsilon(epsilon, epsilon.iloc[0]).all():
        budgets = ", ".join(f"{value:g}" for value in sorted(epsilon.unique()))
        raise DataError(
            f"{', '.join(str(value) for value in key.values())}: the points have several budgets "
            f"({budgets}), but a regression needs one: choose it with the argument epsilon of `robustness`"
        )


def _paired(data: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield BPR-MF's points of each source, attack and number of iterations, with AMF's rho as rho_second."""
    groups = {tuple(key.values()): group for key, group in _groups(data)}
    first, second = PAPER_MODELS
    for (source, model, *attack), mine in groups.items():
        theirs = groups.get((source, second, *attack))
        if model == first and theirs is not None:
            run = ["dataset", "seed"]
            pairs = mine.merge(
                theirs[[*run, "rho"]], on=run, suffixes=("", "_second"), validate="one_to_one"
            )
            yield dict(zip(PAIR, (source, *attack), strict=True)), pairs


# --- Beside the published numbers -----------------------------------------------------------------


def compare_with_published(
    data: pd.DataFrame, fits: pd.DataFrame, published: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Compare our points and slopes with the published ones, at each of our L (the paper does not print its L).

    Args:
        data: from `points`.
        fits: from `regressions`.
        published: the published characteristics.csv.
        k: the length of the lists of `data`; only the paper's is comparable.

    Returns:
        Columns source, model, attack, iterations, quantity ("rho" or "slope"), characteristic, x (of a point), value,
        low, high (of a slope its 95 % interval; of a point the smallest and largest over the seeds), n_seeds,
        published. A published point is compared with ours whose characteristic rounds to the printed number; value, low
        and high are NaN if there is none. Published numbers are left out if we have no results of their source, or of
        their model and attack with their budget.
    """
    data = data[is_epsilon(data["epsilon"], pub.FIGURE3_EPSILON) & (k == pub.FIGURES_K)]
    fits = fits.set_index([*FIT, "characteristic"])
    rows = []
    printed = published.drop(columns="source").rename(
        columns={"dataset": "source", "value": "published"}
    )
    for theirs in printed.to_dict("records"):
        run = {name: theirs[name] for name in FIT[:-1]}
        mine = data[(data[list(run)] == pd.Series(run)).all(axis=1)]
        for iterations, runs in mine.groupby("iterations"):
            if theirs["quantity"] == "slope":
                fit = fits.loc[(*run.values(), iterations, theirs["characteristic"])]
                ours = fit[["slope", "ci_low", "ci_high", "n_seeds"]].tolist()
            else:
                there = _rho_at(runs, theirs["characteristic"], theirs["x"])
                ours = [there.mean(), there.min(), there.max(), len(there)]
            values = dict(zip(["value", "low", "high", "n_seeds"], ours, strict=True))
            rows.append({**theirs, "iterations": iterations, **values})
    columns = [
        *FIT, "quantity", "characteristic", "x", "value", "low", "high", "n_seeds", "published",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _rho_at(runs: pd.DataFrame, characteristic: str, x: float) -> pd.Series:
    """Return our rho where the characteristic, rounded to the decimals of x, equals x."""
    decimals = len(f"{x:.10f}".rstrip("0").partition(".")[2])
    return runs.loc[runs[characteristic].round(decimals) == x, "rho"].dropna()


# --- Statements -----------------------------------------------------------------------------------


def statements(fits: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Judge the three statements of the longer paper for each source.

    The verdicts follow from the intervals alone, by the rules of `render.statements`; a case is one slope (model,
    attack, number of iterations, characteristic).

    Args:
        fits: from `regressions`.
        differences: from `slope_differences`; possibly without rows.

    Returns:
        One row for each source and statement; for the first two statements, one for each model. Columns source,
        statement, model (null for the third statement), and those of `render.statements.judge`.
    """
    found = []
    for source, of_source in fits.groupby("source", sort=False):
        cases = {
            (statement, model): [
                Case(case_name(row, len(signs) > 1), side(row.ci_low, row.ci_high, signs[row.characteristic]))
                for row in of_model[of_model["characteristic"].isin(list(signs))].itertuples()
            ]
            for statement, signs in ((DENSER, {"density": -1}), (LARGER, {"size": 1, "shape": 1}))
            for model, of_model in of_source.groupby("model", sort=False)
        }  # fmt: skip
        apart = differences[differences["source"] == source].itertuples()
        cases[FLATTER, None] = [Case(case_name(row, True), flatter_side(row)) for row in apart]
        found += [
            {"source": source, "statement": statement, "model": model, **judge(of, ONE_MODEL)}
            for (statement, model), of in cases.items()
        ]
    return pd.DataFrame(found)


def flatter_side(row: Any) -> str:
    """Return the side of the statement that the second slope is nearer to 0 than the first.

    It is nearer exactly if the difference and the sum of the slopes have the same sign; both intervals must exclude 0.

    Args:
        row: a row of `slope_differences`.
    """
    difference = side(row.ci_low, row.ci_high, 1)
    total = side(row.sum_ci_low, row.sum_ci_high, 1)
    if OPEN in (difference, total):
        return OPEN
    return FOR if difference == total else AGAINST


def case_name(row: Any, with_characteristic: bool = False) -> str:
    """Return the name of a case, such as "PGD at L = 25 over density"."""
    steps = f" at L = {row.iterations}" if row.iterations > 1 else ""
    over = f" over {row.characteristic}" if with_characteristic else ""
    return condition_label(row.attack) + steps + over


def figure3(data: pd.DataFrame, published: pd.DataFrame, k: int) -> dict[str, pd.DataFrame]:
    """Return the tables of Figure 3 by name: regressions, joint, differences, comparison and statements.

    Args:
        data: from `points`.
        published: the published characteristics.csv.
        k: the length of the lists that rho is computed from.
    """
    fits, differences = regressions(data), slope_differences(data)
    return {
        "regressions": fits,
        "joint": joint_regression(data),
        "differences": differences,
        "comparison": compare_with_published(data, fits, published, k),
        "statements": statements(fits, differences),
    }
