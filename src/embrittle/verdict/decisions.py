"""The tests that decide claims, by their names in `TESTS` (docs/verdict.md).

A test computes the *cases* of a claim on one data set, such as one for each model, attack and metric. A case has one
figure for each seed. The mean over seeds lies inside the region that the claim allows or outside, and a t test compares
it with the nearest bound of this region: p is below 0.05 exactly if the 95 % interval of the mean does not reach that
bound. Taken alone, a case with such a p is "for" the claim inside and "against" it outside; otherwise it is "open".
`judge` then corrects the p-values for the number of cases. A case without a figure for some seed is "missing". A single
seed has no interval: then a paired test over users decides, if the users' values are stored (`judge`); otherwise the
case is open.

Every point of a curve that a test uses is fixed in advance, from the papers. The maximum or minimum of a measured curve
is not tested: the largest of many noisy values lies above the first even if nothing happens.

To add a test, write a generator of cases with the decorator `@claim_test("name")`. Its parameters come from the
register and have the same meaning in all tests:

- over: names and lists of values. Every combination is a case, and its values complete the quantities;
- of, to, than: quantities (`sources`);
- rise, end: numbers of iterations;
- limits: `above` and `below` are bounds of the figures that the claim allows. Alternatively `within` states the largest
  distance to the published figure, `{percent: x}` or `{points: x}`. Without limits, cases are not decided.

If the test decides cases, tests/support/null_results.py needs made-up results without an effect for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from embrittle.render.labels import condition_label
from embrittle.stats import half_width, p_of_distance, paired_p
from embrittle.verdict.sources import Published, Quantity, StudyResults, random_of
from embrittle.vocabulary import UNPERTURBED

FOR, AGAINST, OPEN, MISSING = "for", "against", "open", "missing"
PERCENT, KEPT, TIMES, POINTS = "%", "% kept", "times", "points"
ITERATIONS, PLAIN = "iterations", ""
LIMITS = ("above", "below", "within")
LEVEL = 0.05
"""Level of significance of all decisions."""
PUBLISHED = "published"
"""Index of the papers' own figure in a series of figures by seed."""


@dataclass(frozen=True)
class Region:
    """The closed interval of figures that a claim allows; a missing bound is infinite."""

    low: float = -np.inf
    high: float = np.inf

    def side(self, figure: float) -> str:
        """Return FOR if the figure lies inside the region, AGAINST if outside, OPEN for NaN."""
        margin = self.margin(figure)
        if np.isnan(margin):
            return OPEN
        return FOR if margin >= 0 else AGAINST

    def margin(self, figure: float) -> float:
        """Return the distance of a figure to the nearest bound, negative outside the region; NaN for NaN."""
        return min(figure - self.low, self.high - figure)

    def logarithms(self) -> "Region":
        """Return the region of the logarithms of positive figures."""
        low, high = (
            float(np.log(bound)) if bound > 0 else -np.inf for bound in (self.low, self.high)
        )
        return Region(low, high)

    @classmethod
    def around(cls, figure: float, percent: float | None = None, points: float | None = None):
        """Return the region within `percent` or `points` of a printed figure; bounds are NaN if none is printed."""
        half = points if points is not None else abs(figure) * percent / 100
        return cls(figure - half, figure + half)

    @classmethod
    def of(cls, published: float, above: float = -np.inf, below: float = np.inf, within=None):
        """Return the region of a claim's limits (see the module); None without limits."""
        if within is not None:
            return cls.around(published, **within)
        return None if (above, below) == (-np.inf, np.inf) else cls(above, below)


@dataclass(frozen=True)
class Estimate:
    """A figure with its standard error.

    Attributes:
        mean: the figure, on the scale of the interval: for `logs`, its logarithm.
        standard_error: of `mean`; NaN for a single seed.
        df: degrees of freedom of the standard error.
        logs: whether mean and standard error are those of logarithms.
    """

    mean: float
    standard_error: float
    df: float
    logs: bool = False

    @classmethod
    def of(cls, figures: np.ndarray, logs: bool = False) -> "Estimate":
        """Return the mean of one figure for each seed; of their logarithms for `logs`. It is NaN if one of them is."""
        scaled = np.log(figures) if logs else figures
        n = len(scaled)
        if n == 0 or np.isnan(scaled).any():
            return cls(np.nan, np.nan, 0)
        mean, error = float(scaled.mean()), np.nan
        if n > 1 and np.isfinite(scaled).all():
            error = float(scaled.std(ddof=1) / np.sqrt(n))
        if (scaled == scaled[0]).all():  # rounding must not give equal figures a variance
            mean, error = float(scaled[0]), error * 0
        return cls(mean, error, n - 1, logs)

    def interval(self) -> tuple[float, float, float]:
        """Return the figure and its 95 % t interval; the interval is NaN without a standard error."""
        half = half_width(self.standard_error, self.df + 1)
        ends = (self.mean, self.mean - half, self.mean + half)
        mean, low, high = (float(np.exp(end)) for end in ends) if self.logs else ends
        return mean, low, high

    def p(self, region: Region) -> float:
        """Return the two-sided p-value of the figure against the nearest bound of a region."""
        scaled = region.logarithms() if self.logs else region
        return p_of_distance(scaled.margin(self.mean), self.standard_error, self.df)


@dataclass(frozen=True)
class Case:
    """One case of a claim on one data set.

    Attributes:
        name: the case in words, such as "BPR-MF, BIM, L = 25".
        side: FOR, AGAINST, OPEN or MISSING; of the case alone, or after the correction (`judge`).
        ours, low, high: mean and 95 % interval over the seeds; NaN if missing.
        unit: one of the units above.
        published: the papers' figure, printed or computed from their tables; NaN if there is none.
        region: the figures that the claim allows; None if the case is not to be decided.
        n_seeds: number of seeds with a figure.
        basis: what `side` is based on: "seeds", "users" or "fit".
        p, p_holm: p-value of the figure against the nearest bound of the region, and after Holm's correction for the
            number of cases (`judge`); NaN without a test.
        p_users, p_users_holm: p-value of the paired test over users, and after Holm's correction; NaN without a test.
        text: text to show in place of figures that are not numbers.
    """

    name: str
    side: str
    ours: float = np.nan
    low: float = np.nan
    high: float = np.nan
    unit: str = ""
    published: float = np.nan
    region: Region | None = None
    n_seeds: int = 0
    basis: str = ""
    p: float = np.nan
    p_holm: float = np.nan
    p_users: float = np.nan
    p_users_holm: float = np.nan
    text: str = ""

    @property
    def decided_by(self) -> str:
        """What the decision is based on (`basis`); "" if the case is not decided."""
        return self.basis if self.side in (FOR, AGAINST) else ""

    @property
    def can_be_decided(self) -> bool:
        """Whether there is a test that could decide the case."""
        by_users = self.n_seeds == 1 and not np.isnan(self.p_users)
        return by_users or not np.isnan(self.p)

    def _side_of(self, figure: float) -> str:
        return "" if self.region is None else self.region.side(figure)

    @property
    def published_side(self) -> str:
        """The side of the papers' own figure; "" without a figure or region."""
        return "" if np.isnan(self.published) else self._side_of(self.published)

    def decided(self, p: float) -> "Case":
        """Return the case decided by a p-value: on the side of its figure if p is below `LEVEL`, else open."""
        if self.side == MISSING:
            return self
        return replace(self, side=self._side_of(self.ours) if p < LEVEL else OPEN)

    def decided_by_users(self, p_holm: float) -> "Case":
        """Return the case with the corrected p-value over users, which decides if a single seed left the case open."""
        case = replace(self, p_users_holm=p_holm)
        if self.n_seeds == 1 and self.side == OPEN and p_holm < LEVEL:
            return replace(case.decided(p_holm), basis="users")
        return case


Over = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]
"""Mapping from names to lists of values, of which every combination is a case; or several such mappings."""


def bindings(over: Over) -> Iterator[dict[str, Any]]:
    """Yield every combination of the named values; of several mappings, one mapping after the other."""
    for part in [over] if isinstance(over, Mapping) else over:
        for values in product(*part.values()):
            yield dict(zip(part, values, strict=True))


def case_name(names: Mapping[str, Any]) -> str:
    """Return the name of a case in words, such as "BPR-MF, BIM, L = 25"."""
    written = {
        "attack": condition_label,
        "iterations": lambda number: f"L = {number}",
        "epsilon": lambda number: f"ε = {number:g}",
        "norm": lambda number: f"norm {number:g}",
        "density": lambda number: f"at {number:g}",
        "over": lambda characteristic: f"over {characteristic}",
        "attribute": lambda name: name.replace("_", " "),
        "measure": lambda name: name.replace("_", " "),
    }
    return ", ".join(written.get(key, str)(value) for key, value in names.items())


@cache
def _index(seeds: tuple[int, ...]) -> pd.Index:
    """Return the index of figures; one object for all, because pandas need not align figures with the same index."""
    return pd.Index([*seeds, PUBLISHED])


@dataclass(frozen=True)
class Setting:
    """The object of a test: a data set, or one case on a data set.

    Attributes:
        study: our results.
        published: the papers' figures.
        dataset: name of a data set of the study.
        printed: figures that only the text prints: mappings with the names that identify a case, and `value`.
        names: names that identify the case, such as model and attack; they complete quantities.
    """

    study: StudyResults
    published: Published
    dataset: str
    printed: Sequence[Mapping[str, Any]] = ()
    names: Mapping[str, Any] = field(default_factory=dict)

    def named(self, **names: Any) -> "Setting":
        """Return the setting with further names of the case."""
        return replace(self, names={**self.names, **names})

    def each(self, over: Over) -> Iterator["Setting"]:
        """Yield the setting of every case."""
        return (self.named(**binding) for binding in bindings(over))

    def values(self, quantity: Quantity) -> pd.Series:
        """Return a quantity for each seed, and the papers' figure (index `PUBLISHED`); NaN for missing values."""
        complete = {**self.names, **quantity}
        theirs = self.published.value(self.dataset, complete, self.study.k)
        ours = self.study.values(self.dataset, complete)
        return pd.Series([*ours, theirs], index=_index(tuple(ours.index)), dtype=float)

    def loss(self, quantity: Quantity) -> pd.Series:
        """Return the percentage by which a perturbation reduces a quantity, indexed as `values`."""
        return -percent_change(
            self.values(quantity), self.values({**quantity, "attack": UNPERTURBED})
        )

    def curve(self, quantity: Quantity) -> pd.DataFrame:
        """Return a quantity over iterations: a column for each number of iterations, 0 for the unperturbed model.

        Rows are indexed as `values`.
        """
        of = {
            iterations: self.values({**quantity, "iterations": iterations})
            for iterations in self.study.configuration["figure1"]["iterations"]
        }
        return pd.DataFrame({0: self.values({**quantity, "attack": UNPERTURBED}), **of})

    def users_p(self, first: Quantity, second: Quantity, factor: float) -> float:
        """Return the p-value of the paired test over users of `first` against `factor` times `second`.

        The value is NaN if the users' values are not stored.
        """
        a, b = (
            self.study.users(self.dataset, {**self.names, **quantity})
            for quantity in (first, second)
        )
        if a is None or b is None:
            return np.nan
        a, b = a.align(b)
        return paired_p(a.to_numpy(), factor * b.to_numpy())

    def case(self, figures: pd.Series, unit: str, **limits: Any) -> Case:
        """Return a case from figures by seed.

        Args:
            figures: indexed as `values`. Mean and interval of positive ratios (unit TIMES) are those of the logarithms.
            unit: one of the units above.
            limits: see the module.
        """
        published = figures.get(PUBLISHED, np.nan)
        ours = figures.to_numpy(dtype=float)[figures.index != PUBLISHED]
        estimate = Estimate.of(ours, logs=unit == TIMES and bool((ours > 0).all()))
        n_seeds = int((~np.isnan(ours)).sum())
        return self.case_of(estimate, n_seeds, "seeds", unit, published, **limits)

    def case_of(
        self,
        estimate: Estimate,
        n_seeds: int,
        basis: str,
        unit: str,
        published: float,
        p: float | None = None,
        **limits: Any,
    ) -> Case:
        """Return a case from a figure and its standard error, decided as if it were the only case.

        Args:
            estimate: the figure.
            n_seeds: number of seeds with a figure.
            basis: see `Case`.
            unit: one of the units above.
            published: the papers' figure; a figure in `printed` for this case replaces it.
            p: the p-value of the case; by default that of the estimate against the nearest bound.
            limits: see the module.
        """
        case = {**self.names, "dataset": self.dataset}
        for entry in self.printed:
            names = {key: value for key, value in entry.items() if key != "value"}
            if names.items() <= case.items():
                published = float(entry["value"])
                break
        region = Region.of(published, **limits)
        if p is None:
            p = np.nan if region is None else estimate.p(region)
        ours, low, high = estimate.interval()
        side = MISSING if np.isnan(ours) else OPEN
        name = case_name(self.names)
        found = Case(name, side, ours, low, high, unit, published, region, n_seeds, basis, p)
        return found.decided(p)


Cases = Iterator[Case]
Test = Callable[..., Cases]
TESTS: dict[str, Test] = {}


def claim_test(name: str) -> Callable[[Test], Test]:
    """Register a generator `(setting, **parameters) -> cases` as the test `name`.

    Raises:
        ValueError: the name is registered already.
    """

    def register(function: Test) -> Test:
        if name in TESTS:
            raise ValueError(f"a test named {name!r} is registered already")
        TESTS[name] = function
        return function

    return register


def percent_change(after: pd.Series, before: pd.Series) -> pd.Series:
    """Return the change from `before` to `after` in percent; NaN where `before` is 0."""
    return 100 * (times(after, before) - 1)


def times(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return the ratio of `first` to `second`; NaN where `second` is 0."""
    return first / second.where(second != 0)


# --- Tests of one quantity, or two -----------------------------------------------------------------


@claim_test("change")
def change(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """The change from the quantity `to` to the quantity `of`, in percent; with one bound also tested over users."""
    bounds = [bound for name, bound in limits.items() if name != "within"]
    for here in setting.each(over):
        figures = percent_change(here.values(of), here.values(to))
        case = here.case(figures, PERCENT, **limits)
        if len(bounds) == 1 and case.side != MISSING:
            case = replace(case, p_users=here.users_p(of, to, 1 + bounds[0] / 100))
        yield case


@claim_test("ratio")
def ratio(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """The ratio of the quantity `of` to the quantity `to`."""
    for here in setting.each(over):
        yield here.case(times(here.values(of), here.values(to)), TIMES, **limits)


@claim_test("difference")
def difference(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """The quantity `of` minus the quantity `to`; either may be 0."""
    for here in setting.each(over):
        yield here.case(here.values(of) - here.values(to), PLAIN, **limits)


@claim_test("value")
def value(setting: Setting, over: Over, of: Quantity, within: Mapping[str, float]) -> Cases:
    """A quantity, compared with its published value."""
    for here in setting.each(over):
        yield here.case(here.values(of), PLAIN, within=within)


@claim_test("magnitude")
def magnitude(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """The change from the absolute value of the quantity `to` to that of `of`, in percent."""
    for here in setting.each(over):
        figures = percent_change(here.values(of).abs(), here.values(to).abs())
        yield here.case(figures, PERCENT, **limits)


@claim_test("above_all_others")
def above_all_others(setting: Setting, over: Over, of: Quantity) -> Cases:
    """The lead of a recommender over every other recommender, in percent, without perturbations."""
    for here in setting.each(over):
        for other in setting.study.models(setting.dataset):
            if other != {**here.names, **of}["model"]:
                figures = percent_change(here.values(of), here.values({**of, "model": other}))
                beside = replace(here, names={"other": other, **here.names})
                yield beside.case(figures, PERCENT, above=0)


# --- Tests against the random recommender ----------------------------------------------------------


@claim_test("lead_kept")
def lead_kept(setting: Setting, over: Over, of: Quantity, **limits: Any) -> Cases:
    """The percentage of the lead over the random recommender that remains under a perturbation.

    The papers do not print the random recommender's value; the published figure assumes 0.
    """
    for here in setting.each(over):
        random = here.values(random_of({**here.names, **of}))
        random[PUBLISHED] = 0.0
        before = here.values({**of, "from": "metrics", "attack": UNPERTURBED})
        left = 100 * times(here.values(of) - random, before - random)
        yield here.case(left, KEPT, **limits)


# --- Tests of curves over the iterations -----------------------------------------------------------


@claim_test("rises_then_falls")
def rises_then_falls(setting: Setting, over: Over, of: Quantity, rise: int, end: int) -> Cases:
    """Two cases for a curve: its change from the start to `rise` iterations, and to `end` iterations, in percent."""
    for here in setting.each(over):
        name, start = case_name(here.names), here.values({**of, "attack": UNPERTURBED})
        for iterations, limit in ((rise, "above"), (end, "below")):
            figures = percent_change(here.values({**of, "iterations": iterations}), start)
            case = here.case(figures, PERCENT, **{limit: 0})
            yield replace(case, name=f"{name}: {limit} its start at L = {iterations}")


@claim_test("peak")
def peak(setting: Setting, over: Over, of: Quantity) -> Cases:
    """The number of iterations at which a curve has its maximum. Cases are not decided."""
    for here in setting.each(over):
        curve = here.curve(of).drop(PUBLISHED)
        complete = curve.notna().all(axis=1)
        highest = curve.fillna(-np.inf).idxmax(axis=1).where(complete).astype(float)
        yield here.case(highest, ITERATIONS)


# --- Tests of the loss by perturbations ------------------------------------------------------------


@claim_test("loses_less")
def loses_less(setting: Setting, over: Over, of: Quantity, than: Quantity) -> Cases:
    """The loss of the quantity `than` minus that of `of`, in percentage points; above 0 is for the claim."""
    for here in setting.each(over):
        yield here.case(here.loss(than) - here.loss(of), POINTS, above=0)


@claim_test("falls_further")
def falls_further(setting: Setting, over: Over, of: Quantity, than: Quantity) -> Cases:
    """The fall of the quantity `of` minus that of `than`, in their own unit; above 0 is for the claim."""
    for here in setting.each(over):
        fall, other = (
            here.values({**one, "attack": UNPERTURBED}) - here.values(one) for one in (of, than)
        )
        yield here.case(fall - other, PLAIN, above=0)


@claim_test("times_the_loss")
def times_the_loss(
    setting: Setting, over: Over, of: Quantity, than: Quantity, **limits: Any
) -> Cases:
    """The ratio of the loss of the quantity `of` to that of `than`."""
    for here in setting.each(over):
        loss, other = here.loss(of), here.loss(than)
        # If `than` loses nothing, any loss of `of` is infinitely larger.
        figures = times(loss, other.where(other > 0)).mask((other <= 0) & (loss > 0), np.inf)
        yield here.case(figures, TIMES, **limits)


@claim_test("moves_more")
def moves_more(setting: Setting, over: Over, of: Quantity, than: Quantity) -> Cases:
    """The absolute change of the fairness measure `of` minus that of `than`, in percentage points."""
    for here in setting.each(over):
        yield here.case(here.loss(of).abs() - here.loss(than).abs(), POINTS, above=0)


# --- Tests of the characteristics of the data, and at equal norms ----------------------------------


def _rows(table: pd.DataFrame | None, **wanted: Any) -> pd.DataFrame:
    """Return the rows with the values `wanted`; no rows if the study has no such table."""
    rows = pd.DataFrame(columns=list(wanted)) if table is None else table
    keep = np.ones(len(rows), dtype=bool)
    for column, value in wanted.items():
        keep &= (rows[column] == value).to_numpy(dtype=bool)
    return rows[keep]


def _fits(
    setting: Setting, table: pd.DataFrame | None, over: Over, characteristics: Iterable[str]
) -> Iterator[tuple[Setting, Any]]:
    """Yield the setting of every case, and its row in a table of regressions on characteristics of sub-samples."""
    for here in setting.each(over):
        for characteristic in characteristics:
            wanted = {**here.names, "characteristic": characteristic}
            for row in _rows(table, source=setting.dataset, **wanted).itertuples():
                yield here.named(iterations=row.iterations, over=characteristic), row


def _slope_case(here: Setting, row: Any, **limits: Any) -> Case:
    """Return a case from the slope of a regression and its confidence interval."""
    names = {name: getattr(row, name) for name in ("model", "attack", "characteristic")}
    table = here.published.characteristics
    printed = _rows(table, dataset=here.dataset, quantity="slope", **names)
    published = next((float(theirs.value) for theirs in printed.itertuples()), np.nan)
    estimate = Estimate(row.slope, row.standard_error, row.n_subsamples - 2)
    unit = f"per {row.characteristic}"
    return here.case_of(estimate, int(row.n_seeds), "fit", unit, published, **limits)


@claim_test("slope_sign")
def slope_sign(setting: Setting, over: Over, signs: Mapping[str, int]) -> Cases:
    """The slope of the loss over characteristics of the data, expected to be positive (1) or negative (-1)."""
    for here, row in _fits(setting, setting.study.files.regressions, over, signs):
        side = "above" if signs[row.characteristic] > 0 else "below"
        yield _slope_case(here, row, **{side: 0})


@claim_test("slope_value")
def slope_value(setting: Setting, over: Over, within: Mapping[str, float]) -> Cases:
    """The slope of the loss over a characteristic of the data, compared with the published slope."""
    for here in setting.each(over):
        rows = _rows(setting.study.files.regressions, source=setting.dataset, **here.names)
        for row in rows.itertuples():
            yield _slope_case(here.named(iterations=row.iterations), row, within=within)


@claim_test("printed_points")
def printed_points(setting: Setting, within: Mapping[str, float]) -> Cases:
    """The loss by perturbations on sub-samples, compared with the published points of Figure 3."""
    files = setting.study.files
    for row in _rows(files.comparison, source=setting.dataset, quantity="rho").itertuples():
        names = {"model": row.model, "attack": row.attack, "iterations": row.iterations}
        points = _rows(files.points, source=row.source, **names)
        points = points[points["density"].round(4) == round(row.x, 4)]
        figures = pd.concat([points["rho"], pd.Series({PUBLISHED: row.published})])
        yield setting.named(**names, density=row.x).case(figures, PERCENT, within=within)


@claim_test("flatter")
def flatter(setting: Setting, over: Over, characteristics: Sequence[str]) -> Cases:
    """The absolute slope of the first model minus that of the second; above 0 is for the claim.

    The second slope is nearer to 0 exactly if the difference and the sum of the slopes have the same sign. The figure
    has no interval of its own: both signs must be certain, so p is the larger of the two p-values.
    """
    for here, row in _fits(setting, setting.study.files.differences, over, characteristics):
        df = row.n_subsamples - 2
        of_sum = (row.sum_ci_high - row.sum_ci_low) / 2 / half_width(1.0, df + 1)
        p = np.max([
            p_of_distance(row.difference, row.standard_error, df), p_of_distance(row.sum, of_sum, df)
        ])  # fmt: skip
        nearer, unit = abs(row.slope_first) - abs(row.slope_second), f"per {row.characteristic}"
        estimate = Estimate(nearer, np.nan, df)
        yield here.case_of(estimate, int(row.n_seeds), "fit", unit, np.nan, p, above=0)


@claim_test("lower_at_equal_norm")
def lower_at_equal_norm(setting: Setting, over: Over) -> Cases:
    """The nDCG after an attack minus that after a single step of equal norm; below 0 is for the claim."""
    table = setting.study.files.budgets
    for here in setting.each(over) if table is not None else ():
        rows = _rows(table, dataset=setting.dataset, **here.names)
        for norm, of_seeds in rows.groupby("spent_norm"):
            figures = of_seeds.set_index("seed")["difference"]
            if figures.notna().any():  # otherwise the attack does not reach this norm
                yield here.named(norm=norm).case(figures, PLAIN, below=0)


@claim_test("saved_beside_control")
def saved_beside_control(setting: Setting, over: Over) -> Cases:
    """What an attack leaves of the defence minus what it leaves of a copy of the model with the defence's row norms.

    In points of the unperturbed nDCG; above 0 is for the claim. The papers have no such copy.
    """
    table = setting.study.files.scale
    for here in setting.each(over) if table is not None else ():
        rows = _rows(table, dataset=setting.dataset, comparison="norms", **here.names)
        if len(rows):
            yield here.case(rows.set_index("seed")["saved"], POINTS, above=0)


@claim_test("certified_lead")
def certified_lead(setting: Setting, over: Over, model: str, other: str) -> Cases:
    """How many points more of its nDCG the worst case leaves at least of a model than of another, at a relative ε.

    Above 0 is for the claim. The papers have no certificates.
    """
    table = setting.study.files.certificates
    for here in setting.each(over) if table is not None else ():
        names = {"dataset": setting.dataset, "model": model, "compared_with": other, "norm": "l2"}
        rows = _rows(table, **names, **here.names)
        if len(rows):
            yield here.case(rows.set_index("seed")["at_least"], POINTS, above=0)


# --- Statements that are shown without a decision --------------------------------------------------


@claim_test("setting")
def setting_of_study(setting: Setting, key: str) -> Cases:
    """A setting of the study, as text. The case is not decided."""
    yield Case(key, OPEN, text=str(setting.study.setting(key)))


@claim_test("selected_epochs")
def selected_epochs(setting: Setting, over: Over) -> Cases:
    """The selected epochs, whose models are attacked. Cases are not decided."""
    for here in setting.each(over):
        rows = _rows(setting.study.files.selected, dataset=setting.dataset, **here.names)
        epochs = ", ".join(f"{epoch:.0f}" for epoch in rows["selected_epoch"].dropna())
        if epochs:
            yield Case(case_name(here.names), OPEN, text=f"epochs {epochs}")
