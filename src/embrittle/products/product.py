"""What a product is to a study: the conditions it needs, the files it makes, what its jobs are told, what the page shows.

Each product has one subclass, in the `plan.py` of its room, and an entry in `products.PRODUCTS`; the study, its targets,
its page and the record of its run ask that list. Light: the Snakefile reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from embrittle.attacks.methods import ATTACKS, Attack
from embrittle.problems import Problems, suggestion

Settings = Mapping[str, Any]
Files = dict[str, str | list[str]]
"""Name, as a rule hands it to its script, -> file or files."""


class Study(Protocol):
    """What a product may ask of the study (`study.study.Study`)."""

    settings: Settings
    k: int
    list_length: int

    def results(self, path: str) -> str:
        """A path among the results of this study."""

    def figures(self, dataset: str, name: str) -> list[str]:
        """The files of a figure of a data set, one for each format."""

    def published(self, name: str) -> str:
        """A file of the papers' numbers."""

    def titles(self) -> dict[str, str]:
        """Data set -> what tables and figures call it."""

    def notes(self, runs: Iterable[Any]) -> list[str]:
        """What a reader of a table of these models must be told."""

    def shown_for(self, run: Any, product: str) -> list[tuple[str, str, int]]:
        """The conditions of a model that a product shows."""

    @property
    def trained(self) -> Sequence[Any]:
        """The models on whole data sets, without the random recommender: (data set, model, seed)."""

    @property
    def trained_shown(self) -> Sequence[Any]:
        """Those of them that are there, with `missing: report`."""


@dataclass(frozen=True)
class Jobs:
    """The jobs of a rule.

    Attributes:
        wildcards: of each job, by name.
        params: what decides a job's result beside its input and its code, from its wildcards.
    """

    wildcards: Sequence[Mapping[str, Any]]
    params: Callable[[Any], Any]


class Product:
    """A product. What a subclass leaves as it is here, it does not have.

    Attributes:
        name: of its room, its file of rules, and its entry in `PRODUCTS`.
        sections: its sections of the configuration.
        of_samples: whether it is about the sub-samples of data sets.
    """

    name: str
    sections: tuple[str, ...] = ()
    of_samples = False

    def datasets(self, settings: Settings) -> list[str]:
        """The whole data sets of the study that it is for."""
        return list(settings["datasets"])

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """The conditions that it needs of each model: (attack, epsilon, iterations), in any order, some maybe twice."""
        yield from ()

    def check(self, settings: Settings, problems: Problems) -> None:
        """Complain about its sections; what is wrong in itself is not in `settings` any more, so any key may be missing."""

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """Rule -> its jobs."""
        return {}

    def targets(self, study: Study) -> dict[str, list[str]]:
        """Name of a target rule -> the files that it makes; none where the study does not ask for them."""
        return {}

    def verdict_inputs(self, study: Study) -> Files:
        """What the tests of claims read of it."""
        return {}

    def page_inputs(self, study: Study) -> Files:
        """What its part of the page is made of."""
        return {}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """What its part of the page is told beside."""
        return {}


def is_single_step(settings: Settings, attack: str) -> bool:
    """Whether an attack of the configuration always takes one iteration."""
    return ATTACKS[settings["attacks"][attack]["method"]].single_step


def attacks_shown(settings: Settings, section: str) -> dict[str, bool]:
    """The attacks of a section, and whether each takes a single step."""
    return {name: is_single_step(settings, name) for name in settings[section]["attacks"]}


def methods_of(settings: Settings, section: str) -> dict[str, str]:
    """The attacks of a section, and the method of each."""
    return {name: settings["attacks"][name]["method"] for name in settings[section]["attacks"]}


def datasets_named(settings: Settings, section: str) -> list[str]:
    """The data sets of the study that a section names, too."""
    return [name for name in settings["datasets"] if name in settings[section]["datasets"]]


def value_at(settings: Settings, dotted: str) -> Any:
    """The value at a dotted path, None where it is missing."""
    for key in dotted.split("."):
        if key not in settings:
            return None
        settings = settings[key]
    return settings


def check_attacks(settings: Settings, section: str, problems: Problems) -> None:
    """Complain about attacks of a section that are not defined."""
    # Attacks whose definitions are wrong are there, only not usable.
    wrong = [path[1] for path in problems.paths if path[0] == "attacks" and len(path) > 1]
    defined = list(dict.fromkeys([*settings.get("attacks", {}), *sorted(map(str, wrong))]))
    for i, name in enumerate(value_at(settings, f"{section}.attacks") or []):
        if "attacks" in settings and name not in defined:
            message = f"unknown attack {name!r}{suggestion(name, defined)}"
            problems.add((section, "attacks", i), message)


def usable_attacks(
    settings: Settings, section: str, problems: Problems
) -> Iterator[tuple[int, str, Attack]]:
    """Yield the usable attacks of a section that names its data sets, if it names any; complain about others."""
    definitions = settings.get("attacks", {})
    own = settings.get(section, {})
    for i, name in enumerate(own.get("attacks", []) if own.get("datasets") else []):
        method = ATTACKS.get(definitions.get(name, {}).get("method"))
        if name not in definitions and ("attacks", name) not in {p[:2] for p in problems.paths}:
            message = f"unknown attack {name!r}{suggestion(name, definitions)}"
            problems.add((section, "attacks", i), message)
        elif method is not None:
            yield i, name, method


def of_each_dataset(datasets: Iterable[str]) -> list[dict[str, str]]:
    """The wildcards of a rule with one job a data set."""
    return [{"dataset": dataset} for dataset in datasets]


def of_each_run(runs: Iterable[Any]) -> list[dict[str, Any]]:
    """The wildcards of a rule with one job a model: data set, model, seed."""
    return [run._asdict() for run in runs]


ONE_JOB: tuple[Mapping[str, Any], ...] = ({},)
"""The wildcards of a rule without any."""
