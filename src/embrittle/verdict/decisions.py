"""The tests that decide claims, each found by its name in `TESTS`.

A test looks at a claim's *cases* (a model, an attack, a metric ...) on one data set. Each case gives one figure a seed;
its mean with the 95 % interval over the seeds lies in the region that the claim allows ("for"), outside of it
("against"), or is not decided by these seeds ("open"). A case that a seed lacks is "missing". A single seed has no
interval: then a paired test over the users decides where their values are stored (`judge`), else the case is open.

A further test is one function with the decorator `claim_test("its name")`; what it takes stands in the register.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Case:
    """One case of a claim on one data set.

    Attributes:
        name: in words.
        ours, low, high: mean and interval over the seeds, NaN where not there.
        unit: one of the units above.
        published: the papers' figure, printed or computed from their tables; NaN where there is none.
        region: what the claim allows; None where nothing is judged.
        side: see the module.
        n_seeds: how many seeds have a figure.
        p: of the paired test over users, NaN where there is none; `p_holm` after the correction (`judge`).
        leans: side of the point itself: where a single seed or the users point.
        text: what to show in place of the figure, if it is no number.
        decided_by: "seeds", "users", "fit" or "" for nothing.
    """

    name: str
    ours: float
    low: float
    high: float
    unit: str
    published: float
    region: Region | None
    side: str
    n_seeds: int
    p: float = np.nan
    p_holm: float = np.nan
    leans: str = ""
    text: str = ""
    decided_by: str = ""

    @property
    def published_side(self) -> str:
        """On which side the papers' own figure is."""
        if self.region is None or np.isnan(self.published):
            return ""
        return self.region.side(self.published, self.published)

    def corrected(self, p_holm: float, level: float = 0.05) -> "Case":
        """The case with its corrected p, which decides where a single seed left it open."""
        decided = self.n_seeds == 1 and self.side == OPEN and p_holm < level
        found = {"side": self.leans, "decided_by": "users"} if decided else {}
        return replace(self, p_holm=p_holm, **found)


@dataclass(frozen=True)
class Setting:
    """What a test is applied to.

    Attributes:
        study: our results.
        published: the papers'.
        dataset: name of a data set of the study.
        k: length of the lists.
        printed: figures printed in the text: mappings of what names a case, and `value`.
    """

    study: Study
    published: Published
    dataset: str
    printed: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def printed_for(self, binding: Mapping[str, Any], computed: float) -> float:
        """The figure that the text prints for a case; what follows from the tables where it prints none."""
        for entry in self.printed:
            names = {key: value for key, value in entry.items() if key != "value"}
            if all(binding.get(key) == value for key, value in names.items()):
                return float(entry["value"])
        return computed

    def both(self, quantity: Quantity) -> tuple[pd.Series, float]:
        """Ours for each seed, and the papers'."""
        theirs = self.published.value(self.dataset, quantity, self.study.k)
        return self.study.values(self.dataset, quantity), theirs


Over = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]
"""Name -> values; every combination is a case. Or several of these."""
Test = Callable[..., list[Case]]
TESTS: dict[str, Test] = {}


def claim_test(name: str) -> Callable[[Test], Test]:
    """Register a function `(setting, **parameters) -> cases` as the test `name`.

    Raises:
        ValueError: there already is a test of that name.
    """

    def register(function: Test) -> Test:
        if name in TESTS:
            raise ValueError(f"there already is a test named {name!r}")
        TESTS[name] = function
        return function

    return register


# --- Cases ----------------------------------------------------------------------------------------


def bindings(over: Over) -> Iterator[dict[str, Any]]:
    """Every combination of the named lists; of several such mappings, one after the other."""
    for part in [over] if isinstance(over, Mapping) else over:
        for values in product(*part.values()):
            yield dict(zip(part, values, strict=True))


def case_name(binding: Mapping[str, Any]) -> str:
    """A case in words: "BPR-MF, BIM, L = 25"."""
    written = {
        "attack": condition_label,
        "iterations": lambda number: f"L = {number}",
        "epsilon": lambda number: f"ε = {number:g}",
        "attribute": lambda name: name.replace("_", " "),
        "measure": lambda name: name.replace("_", " "),
    }
    return ", ".join(written.get(key, str)(value) for key, value in binding.items())


def _case(
    name: str, figures: pd.Series, published: float, region: Region | None, unit: str
) -> Case:
    """A case from one figure a seed; of ratios the mean and interval of their logarithms."""
    complete = len(figures) > 0 and not figures.isna().any()
    ours, low, high = np.nan, np.nan, np.nan
    if complete:
        logs = unit == TIMES and (figures > 0).all()
        scaled = np.log(figures) if logs else figures
        ours, low, high = float(scaled.mean()), *interval(scaled)
        if logs:
            ours, low, high = (float(np.exp(value)) for value in (ours, low, high))
    side, leans = MISSING, ""
    if complete:
        side = OPEN if region is None else region.side(low, high)
        leans = "" if region is None else region.side(ours, ours)
    decided = "seeds" if side in (FOR, AGAINST) else ""
    n_seeds = int(figures.notna().sum())
    return Case(
        name, ours, low, high, unit, published, region, side, n_seeds,
        leans=leans, decided_by=decided,
    )  # fmt: skip


def _region(
    published: float,
    above: float | None,
    below: float | None,
    within: Mapping[str, float] | None,
) -> Region | None:
    """The region of a claim: bounds, or what is near a printed figure."""
    if within is not None:
        return Region.around(published, **within)
    if above is None and below is None:
        return None
    return Region(-np.inf if above is None else above, np.inf if below is None else below)


def percent_change(after: Any, before: Any) -> Any:
    """By how many percent `after` is above `before`; NaN where that is 0."""
    before = before.where(before != 0) if isinstance(before, pd.Series) else before or np.nan
    return 100 * (after / before - 1)


def times(first: Any, second: Any) -> Any:
    """How many times `second` fits into `first`; NaN where that is 0."""
    second = second.where(second != 0) if isinstance(second, pd.Series) else second or np.nan
    return first / second


def apart(first: Any, second: Any) -> Any:
    """First minus second."""
    return first - second


# --- Tests of two quantities, or one ---------------------------------------------------------------


def _compared(
    setting: Setting,
    statistic: Callable[[Any, Any], Any],
    unit: str,
    over: Over,
    of: Quantity,
    to: Quantity,
    limits: Mapping[str, Any],
) -> Iterator[tuple[Case, Quantity, Quantity]]:
    """The cases of a statistic of two quantities, and the quantities."""
    for binding in bindings(over):
        first, second = {**binding, **of}, {**binding, **to}
        (ours, theirs), (ours_to, theirs_to) = setting.both(first), setting.both(second)
        published = setting.printed_for(binding, statistic(theirs, theirs_to))
        region = _region(published, **limits)
        figures = statistic(ours, ours_to)
        yield _case(case_name(binding), figures, published, region, unit), first, second


@claim_test("change")
def change(
    setting: Setting,
    over: Over,
    of: Quantity,
    to: Quantity,
    above: float | None = None,
    below: float | None = None,
    within: Mapping[str, float] | None = None,
) -> list[Case]:
    """By how many percent one quantity is above another; over users as well, where there is one bound.

    Args:
        setting: what it is applied to.
        over: name -> values; each combination is a case and fills in what `of` and `to` leave open.
        of, to: the quantities (`sources`).
        above, below: percent that the claim allows.
        within: `{percent: x}` or `{points: x}`, how near to the published figure instead.
    """
    limits = {"above": above, "below": below, "within": within}
    found = []
    for case, first, second in _compared(setting, percent_change, PERCENT, over, of, to, limits):
        bounds = [bound for bound in (above, below) if bound is not None]
        if len(bounds) == 1 and case.side != MISSING:
            case = replace(case, p=_users_p(setting, first, second, 1 + bounds[0] / 100))
        found.append(case)
    return found


def _users_p(setting: Setting, first: Quantity, second: Quantity, factor: float) -> float:
    """The paired test of `first` against `factor` times `second`; NaN where users' values are not stored."""
    ours = setting.study.users(setting.dataset, first)
    theirs = setting.study.users(setting.dataset, second)
    if ours is None or theirs is None:
        return np.nan
    ours, theirs = ours.align(theirs)
    return paired_p(ours.to_numpy(), factor * theirs.to_numpy())


@claim_test("ratio")
def ratio(
    setting: Setting,
    over: Over,
    of: Quantity,
    to: Quantity,
    above: float | None = None,
    below: float | None = None,
    within: Mapping[str, float] | None = None,
) -> list[Case]:
    """How many times one quantity is another; arguments as `change`."""
    limits = {"above": above, "below": below, "within": within}
    return [case for case, *_ in _compared(setting, times, TIMES, over, of, to, limits)]


@claim_test("difference")
def difference(
    setting: Setting,
    over: Over,
    of: Quantity,
    to: Quantity,
    above: float | None = None,
    below: float | None = None,
) -> list[Case]:
    """One quantity minus another, where either may be 0; arguments as `change`."""
    limits = {"above": above, "below": below, "within": None}
    return [case for case, *_ in _compared(setting, apart, PLAIN, over, of, to, limits)]


@claim_test("value")
def value(
    setting: Setting,
    over: Over,
    of: Quantity,
    within: Mapping[str, float],
) -> list[Case]:
    """Whether a quantity is near the published one; arguments as `change`."""
    found = []
    for binding in bindings(over):
        ours, theirs = setting.both({**binding, **of})
        published = setting.printed_for(binding, theirs)
        region = Region.around(published, **within)
        found.append(_case(case_name(binding), ours, published, region, PLAIN))
    return found


@claim_test("magnitude")
def magnitude(
    setting: Setting,
    over: Over,
    of: Quantity,
    to: Quantity,
    above: float | None = None,
    below: float | None = None,
) -> list[Case]:
    """By how many percent the size of one quantity is above that of another, whatever their signs."""

    def statistic(first: Any, second: Any) -> Any:
        return percent_change(abs(first), abs(second))

    limits = {"above": above, "below": below, "within": None}
    return [case for case, *_ in _compared(setting, statistic, PERCENT, over, of, to, limits)]


# --- Tests against a reference recommender ---------------------------------------------------------


@claim_test("lead_kept")
def lead_kept(
    setting: Setting,
    over: Over,
    of: Quantity,
    above: float | None = None,
    below: float | None = None,
) -> list[Case]:
    """Percent of the lead over the random recommender that is left under a perturbation; arguments as `change`.

    The random recommender's value is not printed; it is taken for 0 in the published figure.
    """
    found = []
    for binding in bindings(over):
        quantity = {**binding, **of}
        after, theirs = setting.both(quantity)
        before, theirs_before = setting.both({**quantity, "from": "metrics", "attack": UNPERTURBED})
        random = setting.study.values(setting.dataset, random_of(quantity))
        left = 100 * times(after - random, before - random)
        published = setting.printed_for(binding, 100 * times(theirs, theirs_before))
        region = _region(published, above, below, None)
        found.append(_case(case_name(binding), left, published, region, KEPT))
    return found


@claim_test("lowest_against_random")
def lowest_against_random(setting: Setting, over: Over, of: Quantity) -> list[Case]:
    """By how much the lowest point of a curve over the iterations is above the random recommender's value."""
    found = []
    for binding in bindings(over):
        quantity = {**binding, **of}
        curve = setting.study.curve(setting.dataset, quantity)
        random = setting.study.values(setting.dataset, random_of(quantity))
        lowest = curve.min(axis=1).where(curve.notna().all(axis=1))
        found.append(_case(case_name(binding), lowest - random, np.nan, Region(high=0), PLAIN))
    return found


# --- Tests of curves over the iterations -------------------------------------------------------------


@claim_test("rises_then_falls")
def rises_then_falls(setting: Setting, over: Over, of: Quantity, until: int) -> list[Case]:
    """Whether a curve has its peak at most at `until` iterations, above its start, and its end below the start."""
    found = []
    for binding in bindings(over):
        curve = setting.study.curve(setting.dataset, {**binding, **of})
        early = curve.loc[:, [number for number in curve.columns if 0 < number <= until]]
        start, last = curve[0], curve[curve.columns.max()]
        rise = percent_change(early.max(axis=1).where(early.notna().all(axis=1)), start)
        theirs = _published_rise(setting, {**binding, **of}, early.columns)
        name = case_name(binding)
        found += [
            _case(f"{name}: rise until L = {until}", rise, theirs, Region(low=0), PERCENT),
            _case(
                f"{name}: at L = {max(curve.columns)}",
                percent_change(last, start),
                np.nan,
                Region(high=0),
                PERCENT,
            ),
        ]
    return found


@claim_test("rise")
def rise(
    setting: Setting,
    over: Over,
    of: Quantity,
    until: int,
    within: Mapping[str, float] | None = None,
) -> list[Case]:
    """By how many percent a curve is above its start at its highest point up to `until` iterations."""
    found = []
    for binding in bindings(over):
        quantity = {**binding, **of}
        curve = setting.study.curve(setting.dataset, quantity)
        early = curve.loc[:, [number for number in curve.columns if 0 < number <= until]]
        figures = percent_change(early.max(axis=1).where(early.notna().all(axis=1)), curve[0])
        published = setting.printed_for(binding, _published_rise(setting, quantity, early.columns))
        region = _region(published, None, None, within)
        found.append(_case(case_name(binding), figures, published, region, PERCENT))
    return found


def _published_rise(setting: Setting, quantity: Quantity, numbers: Sequence[int]) -> float:
    def at(iterations: int) -> float:
        attack = {"attack": UNPERTURBED} if iterations == 0 else {"iterations": iterations}
        place = {**quantity, **attack}
        return setting.published.value(setting.dataset, place, setting.study.k)

    values = [at(int(number)) for number in numbers if number]
    if np.isnan(values).all():
        return np.nan
    return percent_change(float(np.nanmax(values)), at(0))


@claim_test("peak")
def peak(setting: Setting, over: Over, of: Quantity) -> list[Case]:
    """At which number of iterations a curve is highest. Nothing is judged."""
    found = []
    for binding in bindings(over):
        curve = setting.study.curve(setting.dataset, {**binding, **of})
        complete = curve.notna().all(axis=1)
        highest = curve.fillna(-np.inf).idxmax(axis=1).where(complete).astype(float)
        published = setting.printed_for(binding, np.nan)
        found.append(_case(case_name(binding), highest, published, None, ITERATIONS))
    return found


# --- Tests of what perturbations cost ---------------------------------------------------------------


def _loss(setting: Setting, quantity: Quantity) -> tuple[pd.Series, float]:
    """What a perturbation takes away, in percent, of ours and the published."""
    after, theirs = setting.both(quantity)
    before, theirs_before = setting.both({**quantity, "attack": UNPERTURBED})
    return -percent_change(after, before), -percent_change(theirs, theirs_before)


@claim_test("loses_less")
def loses_less(
    setting: Setting,
    over: Over,
    of: Quantity,
    than: Quantity,
) -> list[Case]:
    """How many percentage points less one model loses than another; more than 0 is for the claim."""
    found = []
    for binding in bindings(over):
        ours, theirs = _loss(setting, {**binding, **of})
        others, their_others = _loss(setting, {**binding, **than})
        published = setting.printed_for(binding, their_others - theirs)
        found.append(_case(case_name(binding), others - ours, published, Region(low=0), POINTS))
    return found


@claim_test("times_the_loss")
def times_the_loss(
    setting: Setting,
    over: Over,
    of: Quantity,
    than: Quantity,
    above: float | None = None,
    within: Mapping[str, float] | None = None,
) -> list[Case]:
    """How many times what one perturbation costs another one costs."""
    found = []
    for binding in bindings(over):
        ours, theirs = _loss(setting, {**binding, **of})
        others, their_others = _loss(setting, {**binding, **than})
        published = setting.printed_for(binding, times(theirs, their_others))
        # A loss that is none has no multiple: whatever the other costs, it is more.
        figures = times(ours, others.where(others.isna() | (others > 0), np.nan))
        figures = figures.mask((others <= 0) & (ours > 0), np.inf)
        region = _region(published, above, None, within)
        found.append(_case(case_name(binding), figures, published, region, TIMES))
    return found


@claim_test("above_all_others")
def above_all_others(setting: Setting, over: Over, of: Quantity) -> list[Case]:
    """By how many percent a recommender is above each other one, unperturbed."""
    found = []
    for binding in bindings(over):
        quantity = {**binding, **of}
        ours, theirs = setting.both(quantity)
        for other in setting.study.models(setting.dataset):
            if other == quantity["model"]:
                continue
            others, their_others = setting.both({**quantity, "model": other})
            figures, published = (
                percent_change(ours, others),
                percent_change(theirs, their_others),
            )
            name = f"{other}, {case_name(binding)}"
            found.append(_case(name, figures, published, Region(low=0), PERCENT))
    return found


@claim_test("moves_more")
def moves_more(
    setting: Setting,
    over: Over,
    of: Quantity,
    than: Quantity,
) -> list[Case]:
    """How many percentage points more an attack moves one fairness measure than another, up or down."""

    def moved(quantity: Quantity) -> tuple[pd.Series, float]:
        ours, theirs = _loss(setting, quantity)
        return ours.abs(), abs(theirs)

    found = []
    for binding in bindings(over):
        (ours, theirs), (others, their_others) = (
            moved({**binding, **of}),
            moved({**binding, **than}),
        )
        published = theirs - their_others
        found.append(_case(case_name(binding), ours - others, published, Region(low=0), POINTS))
    return found


# --- Tests of the characteristics of the data -------------------------------------------------------


def _fit_case(name: str, row: Any, published: float, region: Region | None, unit: str) -> Case:
    """A case from the slope of a regression, with its own interval."""
    side = OPEN if region is None else region.side(row.ci_low, row.ci_high)
    side = MISSING if np.isnan(row.slope) else side
    decided = "fit" if side in (FOR, AGAINST) else ""
    leans = "" if region is None else region.side(row.slope, row.slope)
    return Case(
        name, row.slope, row.ci_low, row.ci_high, unit, published, region, side,
        int(row.n_seeds), leans=leans, decided_by=decided,
    )  # fmt: skip


def _fits(setting: Setting, table: pd.DataFrame | None, **where: Any) -> Iterator[Any]:
    """The rows of a table of Figure 3 that a case is about."""
    if table is None:
        return
    rows = table[table["source"] == setting.dataset]
    for key, wanted in where.items():
        rows = rows[rows[key] == wanted]
    yield from rows.itertuples(index=False)


@claim_test("slope_sign")
def slope_sign(setting: Setting, over: Over, signs: Mapping[str, int]) -> list[Case]:
    """Whether what a perturbation costs rises (1) or falls (-1) with characteristics of the data."""
    found = []
    for binding in bindings(over):
        for characteristic, sign in signs.items():
            where = {**binding, "characteristic": characteristic}
            region = Region(low=0) if sign > 0 else Region(high=0)
            for row in _fits(setting, setting.study.files.regressions, **where):
                published = _published_slope(setting, row)
                name = f"{case_name(binding)}, L = {row.iterations}, over {characteristic}"
                found.append(_fit_case(name, row, published, region, f"per {characteristic}"))
    return found


def _published_slope(setting: Setting, row: Any) -> float:
    table = setting.published.characteristics
    if table is None:
        return np.nan
    same = (table["dataset"] == setting.dataset) & (table["quantity"] == "slope")
    for name in ("model", "attack", "characteristic"):
        same &= table[name] == getattr(row, name)
    return float(table.loc[same, "value"].iloc[0]) if same.any() else np.nan


@claim_test("slope_value")
def slope_value(setting: Setting, over: Over, within: Mapping[str, float]) -> list[Case]:
    """Whether a slope is near the published one."""
    found = []
    for binding in bindings(over):
        for row in _fits(setting, setting.study.files.regressions, **binding):
            published = setting.printed_for(binding, _published_slope(setting, row))
            region = Region.around(published, **within)
            name = f"{case_name(binding)}, L = {row.iterations}"
            found.append(_fit_case(name, row, published, region, "per density"))
    return found


def _seeds_of(setting: Setting, row: Any) -> pd.Series:
    """What the perturbation of a row of figure3_comparison.csv costs, for each seed."""
    points = setting.study.files.points
    same = (points["source"] == row.source) & (points["density"].round(4) == round(row.x, 4))
    for name in ("model", "attack", "iterations"):
        same &= points[name] == getattr(row, name)
    return points.loc[same].set_index("seed")["rho"]


@claim_test("printed_points")
def printed_points(setting: Setting, within: Mapping[str, float]) -> list[Case]:
    """Whether what perturbations cost on sub-samples is near the published points."""
    found = []
    for row in _fits(setting, setting.study.files.comparison, quantity="rho"):
        region = Region.around(row.published, **within)
        name = f"{row.model}, {condition_label(row.attack)}, L = {row.iterations}, at {row.x:g}"
        found.append(_case(name, _seeds_of(setting, row), row.published, region, PERCENT))
    return found


@claim_test("flatter")
def flatter(setting: Setting, over: Over, characteristics: Sequence[str]) -> list[Case]:
    """Whether the slopes of the second model are nearer to 0 than those of the first."""
    found = []
    for binding in bindings(over):
        for characteristic in characteristics:
            where = {**binding, "characteristic": characteristic}
            for row in _fits(setting, setting.study.files.differences, **where):
                name = f"{case_name(binding)}, L = {row.iterations}, over {characteristic}"
                ours = abs(row.slope_first) - abs(row.slope_second)
                side = MISSING if np.isnan(ours) else flatter_side(row)
                leans = FOR if ours > 0 else AGAINST
                case = Case(
                    name, ours, np.nan, np.nan, f"per {characteristic}", np.nan, Region(low=0), side,
                    int(row.n_seeds), leans=leans,
                    decided_by="fit" if side in (FOR, AGAINST) else "",
                )  # fmt: skip
                found.append(case)
    return found


# --- Tests at equal norms, and what is only told ----------------------------------------------------


@claim_test("lower_at_equal_norm")
def lower_at_equal_norm(setting: Setting, over: Over) -> list[Case]:
    """Whether an attack leaves less nDCG than a single step whose perturbation is as large."""
    table, found = setting.study.files.budgets, []
    if table is None:
        return found
    for binding in bindings(over):
        rows = table[table["dataset"] == setting.dataset]
        for key, wanted in binding.items():
            rows = rows[rows[key] == wanted]
        for norm, here in rows.groupby("spent_norm"):
            figures = here.set_index("seed")["difference"]
            if figures.isna().all():
                continue  # it was not run to this norm
            name = f"{case_name(binding)}, norm {norm:g}"
            found.append(_case(name, figures, np.nan, Region(high=0), PLAIN))
    return found


@claim_test("setting")
def setting_of_study(setting: Setting, key: str) -> list[Case]:
    """What the study is set to. Nothing is judged."""
    place: Any = setting.study.configuration
    for part in key.split("."):
        place = place[part]
    return [_told(key, str(place))]


@claim_test("selected_epochs")
def selected_epochs(setting: Setting, over: Over) -> list[Case]:
    """The epochs that were attacked. Nothing is judged."""
    table, found = setting.study.files.selected, []
    for binding in bindings(over) if table is not None else ():
        rows = table[table["dataset"] == setting.dataset]
        rows = rows[rows["model"] == binding["model"]]
        epochs = ", ".join(str(epoch) for epoch in rows["selected_epoch"])
        if epochs:
            found.append(_told(case_name(binding), f"epochs {epochs}"))
    return found


def _told(name: str, text: str) -> Case:
    nothing = dict.fromkeys(("ours", "low", "high", "published"), np.nan)
    return Case(name=name, **nothing, unit="", region=None, side=OPEN, n_seeds=0, text=text)
