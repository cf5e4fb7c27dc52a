"""Made-up results without an effect, and how often the tests of claims find one in them.

For each kind of test, the true figure of every case lies exactly on the bound of the region that a claim allows, and
results of single seeds scatter around the truth. About 2.5 % of such cases should be decided for the claim.

    python tests/support/null_results.py        # prints the table in docs/verdict.md
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import linregress, t

from embrittle.verdict.decisions import FOR, Case
from embrittle.verdict.judge import judge
from embrittle.verdict.register import Claim
from embrittle.verdict.sources import Files, Published, random_of
from embrittle.vocabulary import UNPERTURBED
from made_up_claims import World

DATASET = "ml-1m"
DRAWS = 2000
CASES = 6
"""Number of cases of a claim."""
SEEDS = (3, 10)
NOISE = 0.01
"""Standard deviation of a value over seeds, as a share of the value."""
LOSSES_NOISE = 2.0
"""Standard deviation of the loss on a sub-sample over seeds, in percentage points."""
DENSITIES = np.geomspace(0.05, 0.14, 10)
TABLE1 = {"from": "table1", "metric": "nDCG"}
CURVE = {"from": "metrics", "attack": "bim", "epsilon": 0.5, "metric": "nDCG"}
FIT = {"source": DATASET, "attack": "pgd", "iterations": 25, "characteristic": "density"}
FAIRNESS = {"from": "fairness", "attribute": "user_gender"}


@dataclass(frozen=True)
class Null:
    """A claim without an effect, and results for it.

    Attributes:
        parameters: of the test, without the names of its cases.
        results: (random numbers, names of cases, seeds) -> results in which the claim's figures lie on their bounds.
        case: the key of the names of cases.
        figures: as in the register.
        per_name: number of cases with one name.
    """

    parameters: Mapping[str, Any]
    results: Callable[[np.random.Generator, Sequence[str], range], World | Files]
    case: str = "model"
    figures: tuple[Mapping[str, Any], ...] = ()
    per_name: int = 1

    def claim(self, test: str, names: Sequence[str]) -> Claim:
        """The claim with cases of these names."""
        over = {} if test == "printed_points" else {"over": {self.case: list(names)}}
        parameters = {**self.parameters, **over}
        texts = {"papers": ("S",), "where": "nowhere", "statement": "nothing"}
        of = {"datasets": (DATASET,), "k": 10, "parameters": parameters, "figures": self.figures}
        return Claim(name=" ".join(names), test=test, **texts, **of)


def of_values(*levels: tuple[Mapping[str, Any], float], case: str = "model") -> Callable:
    """Results in which the value of each quantity scatters around its level, independently for each case."""

    def results(draw: np.random.Generator, names: Sequence[str], seeds: range) -> World:
        world = World(DATASET, seeds=seeds)
        for quantity, level in levels:
            values = level * (1 + NOISE * draw.normal(size=(len(names), len(seeds))))
            for name, of_seeds in zip(names, values, strict=True):
                world.put({case: name, **quantity}, of_seeds)
        return world

    return results


def losses(draw: np.random.Generator, seeds: range, of_density: Callable) -> np.ndarray:
    """The losses on sub-samples (rows) and seeds, which scatter around a function of the density; in percent."""
    noise = LOSSES_NOISE * draw.normal(size=(len(DENSITIES), len(seeds)))
    return of_density(DENSITIES)[:, None] + noise


def fitted(losses: np.ndarray) -> dict[str, float]:
    """A line over the densities, as in the tables of Figure 3 but by SciPy, which takes a thirtieth of the time."""
    line = linregress(DENSITIES, losses.mean(axis=1))
    half = line.stderr * t.ppf(0.975, len(DENSITIES) - 2)
    counts = {"n_subsamples": len(DENSITIES), "n_seeds": losses.shape[1]}
    ends = {"ci_low": line.slope - half, "ci_high": line.slope + half}
    return {"slope": line.slope, "standard_error": line.stderr, **ends, **counts}


def of_slopes(slope: float) -> Callable:
    """Results of Figure 3 in which the losses of all models have one slope over the density."""

    def results(draw: np.random.Generator, names: Sequence[str], seeds: range) -> Files:
        rows = [
            {**FIT, "model": name, **fitted(losses(draw, seeds, lambda x: 50 + slope * x))}
            for name in names
        ]
        return Files(metrics=World(DATASET).metrics(), regressions=pd.DataFrame(rows))

    return results


def of_equal_slopes(draw: np.random.Generator, names: Sequence[str], seeds: range) -> Files:
    """Results of Figure 3 in which the losses of two models have the same slope, under attacks of these names."""
    rows = []
    for name in names:
        first, second = (losses(draw, seeds, lambda x: 80 - 300 * x) for _ in range(2))
        apart, together = fitted(first - second), fitted(first + second)
        slopes = {
            "slope_first": fitted(first)["slope"],
            "slope_second": fitted(second)["slope"],
            "difference": apart.pop("slope"),
            "sum": together["slope"],
            "sum_ci_low": together["ci_low"],
            "sum_ci_high": together["ci_high"],
        }
        rows.append({**FIT, "attack": name, **slopes, **apart})
    return Files(metrics=World(DATASET).metrics(), differences=pd.DataFrame(rows))


def of_points(draw: np.random.Generator, names: Sequence[str], seeds: range) -> Files:
    """Results of Figure 3 in which the loss at one density is 5 points above the printed one."""
    about = {"source": DATASET, "attack": "pgd", "iterations": 25}
    points = [
        {**about, "model": name, "density": DENSITIES[0], "rho": 25 + LOSSES_NOISE * draw.normal()}
        for name in names
        for _ in seeds
    ]
    printed = {**about, "quantity": "rho", "x": DENSITIES[0], "published": 20.0}
    rows = [{**printed, "model": name} for name in names]
    return Files(
        metrics=World(DATASET).metrics(),
        points=pd.DataFrame(points),
        comparison=pd.DataFrame(rows),
    )


def of_differences(draw: np.random.Generator, names: Sequence[str], seeds: range) -> Files:
    """Results at equal norms in which an attack takes as much as a single step."""
    rows = [
        (DATASET, name, seed, "bim", 0.5, 0.01 * draw.normal()) for name in names for seed in seeds
    ]
    columns = ["dataset", "model", "seed", "attack", "spent_norm", "difference"]
    return Files(metrics=World(DATASET).metrics(), budgets=pd.DataFrame(rows, columns=columns))


def of_savings(draw: np.random.Generator, names: Sequence[str], seeds: range) -> Files:
    """Results in which the defence keeps as much as a copy of the model with its row norms."""
    about = {"dataset": DATASET, "comparison": "norms"}
    rows = [
        {**about, "attack": name, "seed": seed, "saved": draw.normal()}
        for name in names
        for seed in seeds
    ]
    return Files(metrics=World(DATASET).metrics(), scale=pd.DataFrame(rows))


def of_certificates(draw: np.random.Generator, names: Sequence[str], seeds: range) -> Files:
    """Results in which the worst case leaves as much of one model as of another."""
    about = {"dataset": DATASET, "model": "AMF", "compared_with": "BPR-MF", "norm": "l2"}
    rows = [
        {**about, "rows": name, "seed": seed, "at_least": draw.normal()}
        for name in names
        for seed in seeds
    ]
    return Files(metrics=World(DATASET).metrics(), certificates=pd.DataFrame(rows))


def attacked(attack: str, **more: Any) -> dict[str, Any]:
    """A cell of Table 1 under an attack."""
    return {**TABLE1, "attack": attack, **more}


def at(iterations: int) -> dict[str, Any]:
    """A point of a curve."""
    return {**CURVE, "iterations": iterations}


INITIAL = {"attack": UNPERTURBED}
NULLS: dict[str, Null] = {
    "change": Null(
        {"of": attacked("bim"), "to": attacked("fgsm"), "below": -50},
        of_values((attacked("bim"), 0.5), (attacked("fgsm"), 1.0)),
    ),
    "ratio": Null(
        {"of": attacked("bim"), "to": attacked("fgsm"), "within": {"percent": 25}},
        of_values((attacked("bim"), 1.25), (attacked("fgsm"), 1.0)),
        figures=({"value": 1},),
    ),
    "difference": Null(
        {"of": attacked("bim"), "to": attacked("fgsm"), "above": 0},
        of_values((attacked("bim"), 1.0), (attacked("fgsm"), 1.0)),
    ),
    "value": Null(
        {"of": attacked("bim"), "within": {"percent": 10}},
        of_values((attacked("bim"), 1.1)),
        figures=({"value": 1},),
    ),
    "magnitude": Null(
        {"of": attacked("bim"), "to": attacked("fgsm"), "below": 0},
        of_values((attacked("bim"), -1.0), (attacked("fgsm"), 1.0)),
    ),
    "above_all_others": Null(
        {"of": {"from": "table1", "model": "AMF", "attack": "bim"}},
        of_values(
            ({"from": "table1", "model": "AMF", "attack": "bim"}, 1.0),
            ({"from": "table1", "model": "BPR-MF", "attack": "bim"}, 1.0),
            case="metric",
        ),
        case="metric",
    ),
    "lead_kept": Null(
        {"of": attacked("bim"), "above": 10},
        of_values(
            (attacked("bim"), 0.19), ({**CURVE, **INITIAL}, 1.0), (random_of(TABLE1), 0.1)
        ),
    ),
    "rises_then_falls": Null(
        {"of": CURVE, "rise": 20, "end": 300},
        of_values(({**CURVE, **INITIAL}, 1.0), (at(20), 1.0), (at(300), 1.0)),
        per_name=2,
    ),
    "loses_less": Null(
        {"of": attacked("bim"), "than": attacked("fgsm")},
        of_values((attacked(UNPERTURBED), 1.0), (attacked("bim"), 0.5), (attacked("fgsm"), 0.5)),
    ),
    "falls_further": Null(
        {"of": attacked("bim"), "than": attacked("fgsm")},
        of_values((attacked(UNPERTURBED), 1.0), (attacked("bim"), 0.5), (attacked("fgsm"), 0.5)),
    ),
    "times_the_loss": Null(
        {"of": attacked("bim"), "than": attacked("fgsm"), "above": 2},
        of_values((attacked(UNPERTURBED), 1.0), (attacked("bim"), 0.2), (attacked("fgsm"), 0.6)),
    ),
    "moves_more": Null(
        {
            "of": {**FAIRNESS, "attack": "fgsm", "measure": "MADr"},
            "than": {**FAIRNESS, "attack": "fgsm", "measure": "MADR"},
        },
        of_values(
            *(
                ({**FAIRNESS, "attack": attack, "measure": measure}, level)
                for measure in ("MADr", "MADR")
                for attack, level in ((UNPERTURBED, -1.0), ("fgsm", -1.5))
            )
        ),
    ),
    "slope_sign": Null({"signs": {"density": -1}}, of_slopes(0)),
    "slope_value": Null(
        {"within": {"percent": 25}}, of_slopes(-125), figures=({"value": -100},)
    ),
    "printed_points": Null({"within": {"points": 5}}, of_points),
    "flatter": Null(
        {"characteristics": ["density"]}, of_equal_slopes, case="attack"
    ),
    "lower_at_equal_norm": Null({}, of_differences),
    "saved_beside_control": Null({}, of_savings, case="attack"),
    "certified_lead": Null({"model": "AMF", "other": "BPR-MF"}, of_certificates, case="rows"),
}  # fmt: skip
"""Test -> a claim without an effect."""
UNDECIDED = {"peak", "setting", "selected_epochs"}
"""Tests whose cases are never decided."""


TWO_OF_MANY = ("change", "rises_then_falls")
"""Tests whose claims of many cases are simulated: with independent cases, and with cases of the same curve."""


@dataclass(frozen=True)
class Found:
    """How often a test has found an effect: the share of cases, each taken alone, and of claims after the correction.

    A claim counts if any of its cases is for it. Without enough claims their share is NaN.
    """

    cases: float
    claims: float


@cache
def found_by(test: str, n_seeds: int, draws: int = DRAWS) -> Found:
    """Judge `draws` claims of `CASES` cases without an effect; of tests that are not `TWO_OF_MANY`, a third."""
    draw = np.random.default_rng([n_seeds, *test.encode()])
    enough = test in TWO_OF_MANY
    n_claims = draws if enough else draws // 3
    at_once = 1 if test == "printed_points" else 10  # its cases are all points of a study
    judged = [
        cases
        for _ in range(0, n_claims, at_once)
        for cases in _judged(NULLS[test], test, draw, range(n_seeds), at_once)
    ]
    alone = [case.decided(case.p).side == FOR for cases in judged for case in cases]
    together = [any(case.side == FOR for case in cases) for cases in judged]
    assert all(len(cases) == CASES for cases in judged)
    assert all(case.can_be_decided for cases in judged for case in cases)
    return Found(float(np.mean(alone)), float(np.mean(together)) if enough else np.nan)


def _judged(
    null: Null, test: str, draw: np.random.Generator, seeds: range, n_claims: int
) -> Iterator[tuple[Case, ...]]:
    """Yield the cases of several claims, all judged by one study."""
    each = CASES // null.per_name
    names = [[f"M{claim}-{case}" for case in range(each)] for claim in range(n_claims)]
    results = null.results(draw, [name for of_claim in names for name in of_claim], seeds)
    world = results if isinstance(results, World) else World(DATASET, seeds=seeds)
    study = world.study() if world is results else world.study_of(results)
    claims = [null.claim(test, of_claim) for of_claim in names]
    for one in judge(claims, lambda k: study, Published({})):
        yield one.cases


def table() -> str:
    """The shares of cases and of claims that each test decides for a claim without an effect, as Markdown."""
    heads = [f"{what}, {n} seeds" for what in ("a case", f"a claim of {CASES}") for n in SEEDS]
    lines = [f"| test | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
    for test in NULLS:
        found = [found_by(test, n) for n in SEEDS]
        shares = [one.cases for one in found] + [one.claims for one in found]
        texts = ["" if np.isnan(share) else f"{100 * share:.1f} %" for share in shares]
        lines.append(f"| `{test}` | {' | '.join(texts)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
