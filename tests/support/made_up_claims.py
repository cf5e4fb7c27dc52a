"""Made-up results for the tests of the verdict: values that put each case of a claim on a given side."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from embrittle.metrics.evaluation import COLUMNS
from embrittle.products.registry import PRODUCTS
from embrittle.render import published as pub
from embrittle.verdict import decisions, register
from embrittle.verdict.decisions import AGAINST, FOR, Region, bindings
from embrittle.verdict.sources import Files, Published, StudyResults, key_of, random_of
from embrittle.vocabulary import UNPERTURBED

RESOURCES = Path(__file__).parents[2] / "resources" / "published"
SEEDS = (0, 1, 2)
ATTACKS = {"fgsm": True, "bim": False, "pgd": False}
FIGURE1 = (1, 10, 20, 25, 30, 40, 50, 300)


def load_register() -> register.Register:
    return register.load(RESOURCES / "claims.yaml")


def load_published() -> Published:
    return Published({name: pub.load(RESOURCES / f"{name}.csv") for name in pub.COLUMNS})


def configuration(datasets, k=(10,), table1_iterations=pub.TABLE1_ITERATIONS) -> dict:
    return {
        "datasets": list(datasets),
        "evaluation": {"k": list(k)},
        "training": {"selection": "best-on-test"},
        "table1": {
            "attacks": list(ATTACKS), "epsilon": 0.5, "iterations": list(table1_iterations),
        },
        "figure1": {"iterations": list(FIGURE1)},
        "figure3": {"kcore": "one-pass"},
    }  # fmt: skip


def skeleton(datasets, k=10, seeds=SEEDS) -> pd.DataFrame:
    """Metrics for all data sets, models and seeds, of a measure that no claim uses."""
    rows = [
        (dataset, model, seed, UNPERTURBED, 0.0, 0, k, "nothing", 1.0)
        for dataset in datasets
        for model in ("BPR-MF", "AMF")
        for seed in seeds
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


COMPARABLE = tuple(PRODUCTS)


class World:
    """Values of quantities, from which the results of a study are made."""

    def __init__(self, dataset: str, k: int = 10, seeds=SEEDS):
        self.dataset, self.k, self.seeds = dataset, k, seeds
        self.values = {"table1": {}, "metrics": {}, "groups": {}, "fairness": {}}

    def put(self, quantity: Mapping, values) -> None:
        """Set one value for all seeds, or one for each seed."""
        each = np.broadcast_to(values, len(self.seeds))
        for seed, value in zip(self.seeds, each, strict=True):
            place = key_of(self.dataset, quantity)
            self.values[quantity["from"]][(*place, seed)] = float(value)

    def metrics(self) -> pd.DataFrame:
        """Metrics without any value of the world, which name its data set, models and seeds."""
        return skeleton([self.dataset], self.k, self.seeds)

    def study(self, **files) -> StudyResults:
        """The study with these values, and with further tables."""
        return self.study_of(Files(metrics=self.metrics(), **files))

    def study_of(self, files: Files) -> StudyResults:
        """The study with these values, and with these tables."""
        settings = configuration([self.dataset], [self.k])
        study = StudyResults(files, settings, self.k, ATTACKS, COMPARABLE)
        study.__dict__["tables"] = self.values
        return study


def targets(region: Region, side: str) -> np.ndarray:
    """Figures of the seeds that put a case on this side of a region."""
    finite = [bound for bound in (region.low, region.high) if np.isfinite(bound)]
    width = 0.2 * max(abs(bound) for bound in finite) + 0.2
    edge = finite[0]
    inwards = 1 if edge == region.low else -1
    middle = sum(finite) / 2 if len(finite) == 2 else edge + inwards * width
    outside = edge - inwards * width
    found = {FOR: np.full(3, middle), AGAINST: np.full(3, outside)}
    wide = np.array([middle, outside, (middle + outside) / 2])
    return found.get(side, wide)


def quantity(binding, of) -> dict:
    return {**binding, **of}


def region_of(claim, case_number: int, published: Published, dataset: str) -> Region:
    """The region that a claim allows for one of its cases."""
    world = World(dataset, claim.k)
    setting = decisions.Setting(world.study(), published, dataset, claim.figures)
    return list(decisions.TESTS[claim.test](setting, **claim.parameters))[case_number].region


def world_of(claim, dataset: str, sides, published: Published) -> World:
    """Made-up values with case number i of a claim on `sides[i]`; None leaves the case without results."""
    world = World(dataset, claim.k)
    parameters = claim.parameters
    if claim.test == "rises_then_falls":
        _put_curves(world, claim, sides)
        return world
    for number, binding in enumerate(bindings(parameters["over"])):
        side = sides[number]
        if side is None:
            continue
        region = region_of(claim, number, published, dataset)
        PUT[claim.test](world, parameters, binding, targets(region, side))
    return world


def _put_change(world, parameters, binding, figures):
    world.put(quantity(binding, parameters["of"]), 1 + figures / 100)
    world.put(quantity(binding, parameters["to"]), 1.0)


def _put_ratio(world, parameters, binding, figures):
    world.put(quantity(binding, parameters["of"]), 1.0)
    world.put(quantity(binding, parameters["to"]), 1 / figures)


def _put_difference(world, parameters, binding, figures):
    # One side is shared by the cases, whichever it is: it is the 1.
    of, to = quantity(binding, parameters["of"]), quantity(binding, parameters["to"])
    if "group" in binding and "group" in parameters["of"]:
        world.put(of, 1.0)
        world.put(to, 1 - figures)
    else:
        world.put(to, 1.0)
        world.put(of, 1 + figures)


def _put_lead(world, parameters, binding, figures):
    of = quantity(binding, parameters["of"])
    world.put(of, 0.1 + figures / 100)
    world.put({**of, "from": "metrics", "attack": UNPERTURBED}, 1.1)
    world.put(random_of(of), 0.1)


def _put_curves(world, claim, sides):
    """Two cases for each curve: above its start, then below it."""
    for number, binding in enumerate(bindings(claim.parameters["over"])):
        of = quantity(binding, claim.parameters["of"])
        points = (("rise", Region(low=0)), ("end", Region(high=0)))
        for (point, region), side in zip(points, sides[2 * number : 2 * number + 2], strict=True):
            if side is not None:
                world.put({**of, "attack": UNPERTURBED}, 100.0)
                height = 100 + targets(region, side)
                world.put({**of, "iterations": claim.parameters[point]}, height)


def _put_loses_less(world, parameters, binding, figures):
    of, than = quantity(binding, parameters["of"]), quantity(binding, parameters["than"])
    for one in (of, than):
        world.put({**one, "attack": UNPERTURBED}, 1.0)
    world.put(than, 0.5)
    world.put(of, 0.5 + figures / 100)


def _put_falls_further(world, parameters, binding, figures):
    of, than = quantity(binding, parameters["of"]), quantity(binding, parameters["than"])
    world.put({**of, "attack": UNPERTURBED}, 3.0)  # the cases share it, and the value below
    world.put(of, 1.0)
    world.put({**than, "attack": UNPERTURBED}, 4.0)
    world.put(than, 2 + figures)


def _put_times_the_loss(world, parameters, binding, figures):
    of, than = quantity(binding, parameters["of"]), quantity(binding, parameters["than"])
    world.put({**of, "attack": UNPERTURBED}, 1.0)
    world.put(than, 0.9)
    world.put(of, 1 - 0.1 * figures)


def _put_moves_more(world, parameters, binding, figures):
    of, than = quantity(binding, parameters["of"]), quantity(binding, parameters["than"])
    for one in (of, than):
        world.put({**one, "attack": UNPERTURBED}, -1.0)
    world.put(than, -1.5)  # by 50 %
    world.put(of, -1.5 - figures / 100)


def _put_above_all(world, parameters, binding, figures):
    of = quantity(binding, parameters["of"])
    world.put(of, 1 + figures / 100)
    world.put({**of, "model": "BPR-MF"}, 1.0)


PUT = {
    "change": _put_change,
    "ratio": _put_ratio,
    "magnitude": _put_change,
    "difference": _put_difference,
    "lead_kept": _put_lead,
    "loses_less": _put_loses_less,
    "falls_further": _put_falls_further,
    "times_the_loss": _put_times_the_loss,
    "moves_more": _put_moves_more,
    "above_all_others": _put_above_all,
}
