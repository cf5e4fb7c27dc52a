"""The tests that decide claims, each found by its name in `TESTS`.

A test computes the *cases* of a claim (a model, an attack, a metric ...) on one data set. A case has one figure a seed;
the mean with its 95 % interval over the seeds lies in the region that the claim allows ("for"), outside of it
("against"), or is not decided by these seeds ("open"). A case that a seed lacks is "missing". A single seed has no
interval: then a paired test over the users decides where their values are stored (`judge`), else the case is open.

A further test is one generator of cases with the decorator `claim_test("its name")`. Its parameters stand in the
register, and mean the same in all tests:

- over: names and their values; every combination is a case, and fills in what the quantities leave open;
- of, to, than: quantities (`sources`);
- until: a number of iterations;
- limits: `above` and `below`, bounds of the figures that the claim allows, or `within` instead: `{percent: x}` or
  `{points: x}`, how near to the published figure. Without limits nothing is judged.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.characteristics.cells import flatter_side
from embrittle.render.labels import condition_label
from embrittle.stats import interval, paired_p
from embrittle.verdict.sources import Published, Quantity, Study, random_of
from embrittle.vocabulary import UNPERTURBED

FOR, AGAINST, OPEN, MISSING = "for", "against", "open", "missing"
PERCENT, KEPT, TIMES, POINTS = "%", "% kept", "times", "points"
ITERATIONS, PLAIN = "iterations", ""
LIMITS = ("above", "below", "within")
PUBLISHED = "published"
"""The papers' own figure, among those of the seeds."""


@dataclass(frozen=True)
class Region:
    """The figures that a claim allows, bounds included; infinite where there is none."""

    low: float = -np.inf
    high: float = np.inf

    def side(self, low: float, high: float) -> str:
        """Where an interval lies."""
        if np.isnan(low) or np.isnan(high):
            return OPEN
        if self.low <= low and high <= self.high:
            return FOR
        return AGAINST if high < self.low or low > self.high else OPEN

    def margin(self, figure: float) -> float:
        """How far inside a figure is, negative outside; NaN for NaN."""
        return min(figure - self.low, self.high - figure)

    @classmethod
    def around(cls, figure: float, percent: float | None = None, points: float | None = None):
        """The region near a printed figure; NaN bounds, which allow nothing, where none is printed."""
        half = points if points is not None else abs(figure) * percent / 100
        return cls(figure - half, figure + half)

    @classmethod
    def of(cls, published: float, above: float = -np.inf, below: float = np.inf, within=None):
        """The region of a claim's limits (see the module); None without limits."""
        if within is not None:
            return cls.around(published, **within)
        return None if (above, below) == (-np.inf, np.inf) else cls(above, below)


@dataclass(frozen=True)
class Case:
    """One case of a claim on one data set.

    Attributes:
        name: in words.
        side: see the module.
        ours, low, high: mean and interval over the seeds, NaN where not there.
        unit: one of the units above.
        published: the papers' figure, printed or computed from their tables; NaN where there is none.
        region: what the claim allows; None where nothing is judged.
        n_seeds: how many seeds have a figure.
        rests_on: what the side rests on: "seeds", "users" or "fit".
        p: of the paired test over users, NaN where there is none; `p_holm` after the correction (`judge`).
        text: what to show in place of the figure, if it is no number.
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
    rests_on: str = ""
    p: float = np.nan
    p_holm: float = np.nan
    text: str = ""

    @property
    def decided_by(self) -> str:
        """What has decided the case, "" where it is not decided."""
        return self.rests_on if self.side in (FOR, AGAINST) else ""

    def _side_of(self, figure: float) -> str:
        return "" if self.region is None else self.region.side(figure, figure)

    @property
    def published_side(self) -> str:
        """On which side the papers' own figure is."""
        return "" if np.isnan(self.published) else self._side_of(self.published)

    def corrected(self, p_holm: float, level: float = 0.05) -> "Case":
        """The case with its corrected p, which decides where a single seed left it open."""
        decided = self.n_seeds == 1 and self.side == OPEN and p_holm < level
        found = {"side": self._side_of(self.ours), "rests_on": "users"} if decided else {}
        return replace(self, p_holm=p_holm, **found)


Over = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]
"""Name -> values; every combination is a case. Or several of these."""


def bindings(over: Over) -> Iterator[dict[str, Any]]:
    """Every combination of the named lists; of several such mappings, one after the other."""
    for part in [over] if isinstance(over, Mapping) else over:
        for values in product(*part.values()):
            yield dict(zip(part, values, strict=True))


def case_name(names: Mapping[str, Any]) -> str:
    """A case in words: "BPR-MF, BIM, L = 25"."""
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


@dataclass(frozen=True)
class Setting:
    """What a test is applied to: a data set, or one case on it.

    Attributes:
        study: our results.
        published: the papers'.
        dataset: name of a data set of the study.
        printed: figures printed in the text: mappings of what names a case (a data set, too), and `value`.
        names: what names the case, such as model and attack; quantities need not repeat it.
    """

    study: Study
    published: Published
    dataset: str
    printed: Sequence[Mapping[str, Any]] = ()
    names: Mapping[str, Any] = field(default_factory=dict)

    def named(self, **names: Any) -> "Setting":
        """The setting with further names of its case."""
        return replace(self, names={**self.names, **names})

    def each(self, over: Over) -> Iterator["Setting"]:
        """The setting of every case."""
        return (self.named(**binding) for binding in bindings(over))

    def values(self, quantity: Quantity) -> pd.Series:
        """A quantity for each seed, and the papers' (`PUBLISHED`); NaN where it is not there."""
        place = {**self.names, **quantity}
        theirs = self.published.value(self.dataset, place, self.study.k)
        ours = self.study.values(self.dataset, place).to_dict()
        return pd.Series({**ours, PUBLISHED: theirs}, dtype=float)

    def loss(self, quantity: Quantity) -> pd.Series:
        """Percent of a quantity that a perturbation takes away."""
        return -percent_change(
            self.values(quantity), self.values({**quantity, "attack": UNPERTURBED})
        )

    def curve(self, quantity: Quantity) -> pd.DataFrame:
        """A quantity over the iterations, 0 for the unperturbed model: a column a number, rows as in `values`."""
        of = {
            iterations: self.values({**quantity, "iterations": iterations})
            for iterations in self.study.configuration["figure1"]["iterations"]
        }
        return pd.DataFrame({0: self.values({**quantity, "attack": UNPERTURBED}), **of})

    def users_p(self, first: Quantity, second: Quantity, factor: float) -> float:
        """The paired test of `first` against `factor` times `second`; NaN where users' values are not stored."""
        ours, theirs = (
            self.study.users(self.dataset, {**self.names, **place}) for place in (first, second)
        )
        if ours is None or theirs is None:
            return np.nan
        ours, theirs = ours.align(theirs)
        return paired_p(ours.to_numpy(), factor * theirs.to_numpy())

    def case(self, figures: pd.Series, unit: str, **limits: Any) -> Case:
        """A case from figures as in `values`; of ratios the mean and interval of their logarithms."""
        published = figures.get(PUBLISHED, np.nan)
        figures = figures.drop(PUBLISHED, errors="ignore")
        ours, low, high = np.nan, np.nan, np.nan
        if len(figures) and figures.notna().all():
            logs = unit == TIMES and (figures > 0).all()
            scaled = np.log(figures) if logs else figures
            ours, low, high = float(scaled.mean()), *interval(scaled)
            if logs:
                ours, low, high = (float(np.exp(value)) for value in (ours, low, high))
        n_seeds = int(figures.notna().sum())
        return self.case_of((ours, low, high), n_seeds, "seeds", unit, published, **limits)

    def case_of(
        self,
        figure: Sequence[float],
        n_seeds: int,
        rests_on: str,
        unit: str,
        published: float,
        **limits: Any,
    ) -> Case:
        """A case from (figure, low, high); what the text prints takes the place of `published`."""
        case = {**self.names, "dataset": self.dataset}
        for entry in self.printed:
            names = {key: value for key, value in entry.items() if key != "value"}
            if names.items() <= case.items():
                published = float(entry["value"])
                break
        ours, *bounds = figure
        region = Region.of(published, **limits)
        side = OPEN if region is None else region.side(*bounds)
        side = MISSING if np.isnan(ours) else side
        name = case_name(self.names)
        return Case(name, side, ours, *bounds, unit, published, region, n_seeds, rests_on)


Cases = Iterator[Case]
Test = Callable[..., Cases]
TESTS: dict[str, Test] = {}


def claim_test(name: str) -> Callable[[Test], Test]:
    """Register a generator `(setting, **parameters) -> cases` as the test `name`.

    Raises:
        ValueError: there already is a test of that name.
    """

    def register(function: Test) -> Test:
        if name in TESTS:
            raise ValueError(f"there already is a test named {name!r}")
        TESTS[name] = function
        return function

    return register


def percent_change(after: pd.Series, before: pd.Series) -> pd.Series:
    """By how many percent `after` is above `before`; NaN where that is 0."""
    return 100 * (times(after, before) - 1)


def times(first: pd.Series, second: pd.Series) -> pd.Series:
    """How many times `second` fits into `first`; NaN where that is 0."""
    return first / second.where(second != 0)


# --- Tests of one quantity, or two -----------------------------------------------------------------


@claim_test("change")
def change(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """By how many percent one quantity is above another; over users as well, where there is one bound."""
    bounds = [bound for name, bound in limits.items() if name != "within"]
    for here in setting.each(over):
        figures = percent_change(here.values(of), here.values(to))
        case = here.case(figures, PERCENT, **limits)
        if len(bounds) == 1 and case.side != MISSING:
            case = replace(case, p=here.users_p(of, to, 1 + bounds[0] / 100))
        yield case


@claim_test("ratio")
def ratio(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """How many times one quantity is another."""
    for here in setting.each(over):
        yield here.case(times(here.values(of), here.values(to)), TIMES, **limits)


@claim_test("difference")
def difference(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """One quantity minus another, where either may be 0."""
    for here in setting.each(over):
        yield here.case(here.values(of) - here.values(to), PLAIN, **limits)


@claim_test("value")
def value(setting: Setting, over: Over, of: Quantity, within: Mapping[str, float]) -> Cases:
    """Whether a quantity is near the published one."""
    for here in setting.each(over):
        yield here.case(here.values(of), PLAIN, within=within)


@claim_test("magnitude")
def magnitude(setting: Setting, over: Over, of: Quantity, to: Quantity, **limits: Any) -> Cases:
    """By how many percent the size of one quantity is above that of another, whatever their signs."""
    for here in setting.each(over):
        figures = percent_change(here.values(of).abs(), here.values(to).abs())
        yield here.case(figures, PERCENT, **limits)


@claim_test("above_all_others")
def above_all_others(setting: Setting, over: Over, of: Quantity) -> Cases:
    """By how many percent a recommender is above each other one, unperturbed."""
    for here in setting.each(over):
        for other in setting.study.models(setting.dataset):
            if other != {**here.names, **of}["model"]:
                figures = percent_change(here.values(of), here.values({**of, "model": other}))
                beside = replace(here, names={"other": other, **here.names})
                yield beside.case(figures, PERCENT, above=0)


# --- Tests against the random recommender ----------------------------------------------------------


@claim_test("lead_kept")
def lead_kept(setting: Setting, over: Over, of: Quantity, **limits: Any) -> Cases:
    """Percent of the lead over the random recommender that is left under a perturbation.

    The random recommender's value is not printed; it is taken for 0 in the published figure.
    """
    for here in setting.each(over):
        random = here.values(random_of({**here.names, **of}))
        random[PUBLISHED] = 0.0
        before = here.values({**of, "from": "metrics", "attack": UNPERTURBED})
        left = 100 * times(here.values(of) - random, before - random)
        yield here.case(left, KEPT, **limits)


@claim_test("lowest_against_random")
def lowest_against_random(setting: Setting, over: Over, of: Quantity) -> Cases:
    """By how much the lowest point of a curve over the iterations is above the random recommender's value."""
    for here in setting.each(over):
        lowest = here.curve(of).min(axis=1, skipna=False)
        figures = lowest - here.values(random_of({**here.names, **of}))
        yield here.case(figures.drop(PUBLISHED), PLAIN, below=0)


# --- Tests of curves over the iterations -----------------------------------------------------------


def _rise(curve: pd.DataFrame, until: int) -> pd.Series:
    """By how many percent a curve is above its start at its highest point; of the papers, at the highest printed."""
    early = curve[[number for number in curve if 0 < number <= until]]
    complete = early.notna().all(axis=1) | (early.index == PUBLISHED)
    return percent_change(early.max(axis=1).where(complete), curve[0])


@claim_test("rises_then_falls")
def rises_then_falls(setting: Setting, over: Over, of: Quantity, until: int) -> Cases:
    """Whether a curve has its peak at most at `until` iterations, above its start, and its end below the start."""
    for here in setting.each(over):
        curve, name = here.curve(of), case_name(here.names)
        start = here.case(_rise(curve, until), PERCENT, above=0)
        yield replace(start, name=f"{name}: rise until L = {until}")
        last = curve.columns.max()
        end = percent_change(curve[last], curve[0]).drop(PUBLISHED)
        yield replace(here.case(end, PERCENT, below=0), name=f"{name}: at L = {last}")


@claim_test("rise")
def rise(setting: Setting, over: Over, of: Quantity, until: int, **limits: Any) -> Cases:
    """By how many percent a curve is above its start at its highest point up to `until` iterations."""
    for here in setting.each(over):
        yield here.case(_rise(here.curve(of), until), PERCENT, **limits)


@claim_test("peak")
def peak(setting: Setting, over: Over, of: Quantity) -> Cases:
    """At which number of iterations a curve is highest. Nothing is judged."""
    for here in setting.each(over):
        curve = here.curve(of).drop(PUBLISHED)
        complete = curve.notna().all(axis=1)
        highest = curve.fillna(-np.inf).idxmax(axis=1).where(complete).astype(float)
        yield here.case(highest, ITERATIONS)


# --- Tests of what perturbations take away ---------------------------------------------------------


@claim_test("loses_less")
def loses_less(setting: Setting, over: Over, of: Quantity, than: Quantity) -> Cases:
    """How many percentage points less one model loses than another; more than 0 is for the claim."""
    for here in setting.each(over):
        yield here.case(here.loss(than) - here.loss(of), POINTS, above=0)


@claim_test("times_the_loss")
def times_the_loss(
    setting: Setting, over: Over, of: Quantity, than: Quantity, **limits: Any
) -> Cases:
    """How many times what one perturbation takes away another one takes away."""
    for here in setting.each(over):
        loss, other = here.loss(of), here.loss(than)
        # No loss has no multiple: every loss is more.
        figures = times(loss, other.where(other > 0)).mask((other <= 0) & (loss > 0), np.inf)
        yield here.case(figures, TIMES, **limits)


@claim_test("moves_more")
def moves_more(setting: Setting, over: Over, of: Quantity, than: Quantity) -> Cases:
    """How many percentage points more an attack moves one fairness measure than another, up or down."""
    for here in setting.each(over):
        yield here.case(here.loss(of).abs() - here.loss(than).abs(), POINTS, above=0)


# --- Tests of the characteristics of the data, and at equal norms ----------------------------------


def _rows(table: pd.DataFrame | None, **wanted: Any) -> pd.DataFrame:
    """The rows that have the values `wanted`; no row of a table that the study has not made."""
    rows = pd.DataFrame(columns=list(wanted)) if table is None else table
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def _fits(
    setting: Setting, table: pd.DataFrame | None, over: Over, characteristics: Iterable[str]
) -> Iterator[tuple[Setting, Any]]:
    """The setting of every case, and its row of a table of lines fitted over characteristics of sub-samples."""
    for here in setting.each(over):
        for characteristic in characteristics:
            wanted = {**here.names, "characteristic": characteristic}
            for row in _rows(table, source=setting.dataset, **wanted).itertuples():
                yield here.named(iterations=row.iterations, over=characteristic), row


def _slope_case(here: Setting, row: Any, **limits: Any) -> Case:
    """A case from the slope of a regression, with its own interval."""
    names = {name: getattr(row, name) for name in ("model", "attack", "characteristic")}
    table = here.published.characteristics
    printed = _rows(table, dataset=here.dataset, quantity="slope", **names)
    published = next((float(theirs.value) for theirs in printed.itertuples()), np.nan)
    figure, unit = (row.slope, row.ci_low, row.ci_high), f"per {row.characteristic}"
    return here.case_of(figure, int(row.n_seeds), "fit", unit, published, **limits)


@claim_test("slope_sign")
def slope_sign(setting: Setting, over: Over, signs: Mapping[str, int]) -> Cases:
    """Whether what a perturbation takes away rises (1) or falls (-1) with characteristics of the data."""
    for here, row in _fits(setting, setting.study.files.regressions, over, signs):
        side = "above" if signs[row.characteristic] > 0 else "below"
        yield _slope_case(here, row, **{side: 0})


@claim_test("slope_value")
def slope_value(setting: Setting, over: Over, within: Mapping[str, float]) -> Cases:
    """Whether a slope is near the published one."""
    for here in setting.each(over):
        rows = _rows(setting.study.files.regressions, source=setting.dataset, **here.names)
        for row in rows.itertuples():
            yield _slope_case(here.named(iterations=row.iterations), row, within=within)


@claim_test("printed_points")
def printed_points(setting: Setting, within: Mapping[str, float]) -> Cases:
    """Whether what perturbations take away on sub-samples is near the published points."""
    files = setting.study.files
    for row in _rows(files.comparison, source=setting.dataset, quantity="rho").itertuples():
        names = {"model": row.model, "attack": row.attack, "iterations": row.iterations}
        points = _rows(files.points, source=row.source, **names)
        points = points[points["density"].round(4) == round(row.x, 4)]
        figures = pd.concat([points["rho"], pd.Series({PUBLISHED: row.published})])
        yield setting.named(**names, density=row.x).case(figures, PERCENT, within=within)


@claim_test("flatter")
def flatter(setting: Setting, over: Over, characteristics: Sequence[str]) -> Cases:
    """Whether the slopes of the second model are nearer to 0 than those of the first."""
    for here, row in _fits(setting, setting.study.files.differences, over, characteristics):
        nearer, unit = abs(row.slope_first) - abs(row.slope_second), f"per {row.characteristic}"
        figure = (nearer, np.nan, np.nan)
        case = here.case_of(figure, int(row.n_seeds), "fit", unit, np.nan, above=0)
        yield case if case.side == MISSING else replace(case, side=flatter_side(row))


@claim_test("lower_at_equal_norm")
def lower_at_equal_norm(setting: Setting, over: Over) -> Cases:
    """Whether an attack leaves less nDCG than a single step whose perturbation is as large."""
    table = setting.study.files.budgets
    for here in setting.each(over) if table is not None else ():
        rows = _rows(table, dataset=setting.dataset, **here.names)
        for norm, of_seeds in rows.groupby("spent_norm"):
            figures = of_seeds.set_index("seed")["difference"]
            if figures.notna().any():  # else it was not run to this norm
                yield here.named(norm=norm).case(figures, PLAIN, below=0)


# --- What is only told -----------------------------------------------------------------------------


@claim_test("setting")
def setting_of_study(setting: Setting, key: str) -> Cases:
    """What the study is set to. Nothing is judged."""
    place: Any = setting.study.configuration
    for part in key.split("."):
        place = place[part]
    yield Case(key, OPEN, text=str(place))


@claim_test("selected_epochs")
def selected_epochs(setting: Setting, over: Over) -> Cases:
    """The epochs that were attacked. Nothing is judged."""
    for here in setting.each(over):
        rows = _rows(setting.study.files.selected, dataset=setting.dataset, **here.names)
        epochs = ", ".join(str(row.selected_epoch) for row in rows.itertuples())
        if epochs:
            yield Case(case_name(here.names), OPEN, text=f"epochs {epochs}")
