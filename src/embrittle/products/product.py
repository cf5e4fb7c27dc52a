"""What a product is to a study: conditions it needs, files it makes, what its jobs are told, what the page shows.

Each product has one subclass, in the `plan.py` of its room, and an entry in `registry.PRODUCTS`. The study, its
targets, its page and the record of its run ask that list. Light: the Snakefile reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import Attack
from embrittle.problems import Problems, suggestion
from embrittle.products.settings import StageSettings
from embrittle.section import ProductSection, setting

Settings = StageSettings
Written = Mapping[str, Any]
"""A configuration in canonical form without the values that are wrong in themselves: any key may be missing."""
Files = Mapping[str, str | list[str]]
"""Name, as a rule hands it to its script, -> file or files."""


class Study(Protocol):
    """What a product may ask of the study (`study.study.Study`)."""

    settings: Settings
    k: int
    list_length: int
    criterion_k: int

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

    def missing_notes(self, runs: Iterable[Any]) -> list[str]:
        """What a reader of a table of these models must be told of what is missing."""

    def run_of(self, wildcards: Any) -> Any:
        """The model that a job is about."""

    def shown_for(self, run: Any, product: str) -> list[tuple[str, str, int]]:
        """The conditions of a model that a product shows."""

    def dataset_entry(self, dataset: str) -> dict[str, Any]:
        """The entry of a data set; of a sub-sample, that of its source."""

    @property
    def measured(self) -> Sequence[Any]:
        """Every recommender that is measured on whole data sets, the random one as well."""

    @property
    def measured_baselines(self) -> Sequence[Any]:
        """Every baseline."""

    @property
    def measured_samples(self) -> Sequence[Any]:
        """Every model on a sub-sample."""

    @property
    def samples_shown(self) -> Sequence[tuple[str, str, int]]:
        """The sub-samples of which something is there: (name, data set it is taken from, k)."""

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
        sections: what its sections of the configuration may hold.
        of_samples: whether it is about the sub-samples of data sets.
    """

    name: str
    sections: tuple[type[ProductSection], ...] = ()
    of_samples = False

    def datasets(self, settings: Settings) -> list[str]:
        """The whole data sets of the study that it is for."""
        return list(settings.datasets)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """The conditions that it needs of each model: (attack, epsilon, iterations), in any order, some maybe twice."""
        yield from ()

    def check(self, written: Written, problems: Problems) -> None:
        """Complain about what is wrong in its sections beyond the types and ranges that they declare."""

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """Rule -> its jobs."""
        return {}

    def targets(self, study: Study) -> dict[str, list[str]]:
        """Name of a target rule -> the files that it makes; none where the study does not ask for them."""
        return {}

    def verdict_inputs(self, study: Study) -> Files:
        """What the tests of claims read of it."""
        return {}

    @property
    def page_module(self) -> str:
        """The module that shows it on the page: has `tables(inputs, titles)`, `figures(inputs, settings)`, or both."""
        return f"{type(self).__module__.rpartition('.')[0]}.page"

    def page_inputs(self, study: Study) -> Files:
        """What its part of the page is made of."""
        return {}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """What its part of the page is told beside."""
        return {}


PAPERS_ATTACKS = ("fgsm", "bim", "pgd")


def attacks_setting(names: Iterable[str], description: str, **limits: Any) -> Any:
    """A setting that names attacks."""
    names = tuple(names)
    return setting(lambda: list(names), description, **limits)


def grid_setting(numbers: Iterable[float], description: str, **limits: Any) -> Any:
    """A setting that lists numbers."""
    numbers = tuple(numbers)
    return setting(lambda: list(numbers), description, **limits)


def is_single_step(settings: Settings, attack: str) -> bool:
    """Whether an attack of the configuration always takes one iteration."""
    return ATTACKS[settings.attacks[attack].method].single_step


class Grid(Protocol):
    """A section with attacks at one epsilon, over numbers of iterations."""

    @property
    def attacks(self) -> list[str]:
        """Names of attacks."""

    @property
    def epsilon(self) -> float:
        """The epsilon of all."""

    @property
    def iterations(self) -> list[int]:
        """The numbers of iterations of those that take several steps."""


def grid_conditions(settings: Settings, own: Grid) -> Iterator[tuple[str, float, int]]:
    """A section's attacks at its epsilon: single steps once, the others after each of its numbers of iterations."""
    for attack in own.attacks:
        for iterations in (1,) if is_single_step(settings, attack) else own.iterations:
            yield attack, own.epsilon, iterations


def table_files(study: Study, table: str) -> dict[str, str]:
    """A table of the papers in all its forms, beside the published one; `table` may be a wildcard."""
    forms = {
        "long": ".csv",
        "spread": "_seeds.csv",
        "wide": "_wide.csv",
        "markdown": ".md",
        "latex": ".tex",
        "comparison": "_comparison.csv",
        "comparison_markdown": "_comparison.md",
    }
    return {form: study.results(f"tables/{table}{ending}") for form, ending in forms.items()}


def of_models(patterns: Mapping[str, str], runs: Sequence[Any]) -> dict[str, list[str]]:
    """The files of several models, from a pattern for each name."""
    return {
        name: [pattern.format(**run._asdict()) for run in runs]
        for name, pattern in patterns.items()
    }


def attacks_shown(settings: Settings, attacks: Iterable[str]) -> dict[str, bool]:
    """Attacks, and whether each takes a single step."""
    return {name: is_single_step(settings, name) for name in attacks}


def methods_of(settings: Settings, attacks: Iterable[str]) -> dict[str, str]:
    """Attacks, and the method of each."""
    return {name: settings.attacks[name].method for name in attacks}


def value_at(written: Written, dotted: str) -> Any:
    """The value at a dotted path, None where it is missing."""
    found: Any = written
    for key in dotted.split("."):
        if key not in found:
            return None
        found = found[key]
    return found


def check_attacks(written: Written, section: str, problems: Problems) -> None:
    """Complain about attacks of a section that are not defined."""
    # Attacks whose definitions are wrong are there, only not usable.
    wrong = [path[1] for path in problems.paths if path[0] == "attacks" and len(path) > 1]
    defined = list(dict.fromkeys([*written.get("attacks", {}), *sorted(map(str, wrong))]))
    for i, name in enumerate(value_at(written, f"{section}.attacks") or []):
        if "attacks" in written and name not in defined:
            message = f"unknown attack {name!r}{suggestion(name, defined)}"
            problems.add((section, "attacks", i), message)


def usable_attacks(
    written: Written, section: str, problems: Problems
) -> Iterator[tuple[int, str, Attack]]:
    """Yield the usable attacks of a section that names its data sets, if it names any; complain about others."""
    definitions = written.get("attacks", {})
    own = written.get(section, {})
    for i, name in enumerate(own.get("attacks", []) if own.get("datasets") else []):
        method = ATTACKS.get(definitions.get(name, {}).get("method"))
        if name not in definitions and ("attacks", name) not in {p[:2] for p in problems.paths}:
            message = f"unknown attack {name!r}{suggestion(name, definitions)}"
            problems.add((section, "attacks", i), message)
        elif method is not None:
            yield i, name, method


def drawn(jobs: Jobs) -> list[dict[str, Any]]:
    """The figures that a rule draws, for the page: the wildcards and parameters of each job."""
    figures = [{**of, **jobs.params(SimpleNamespace(**of))} for of in jobs.wildcards]
    return [{**figure, "plots": for_page(figure["plots"])} for figure in figures]


def for_page(plots: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the settings of figures that decide how the page's figures look, which are no files."""
    return {name: value for name, value in plots.items() if name not in ("dpi", "formats")}


def of_each_dataset(datasets: Iterable[str]) -> list[dict[str, str]]:
    """The wildcards of a rule with one job a data set."""
    return [{"dataset": dataset} for dataset in datasets]


def of_each_run(runs: Iterable[Any]) -> list[dict[str, Any]]:
    """The wildcards of a rule with one job a model: data set, model, seed."""
    return [run._asdict() for run in runs]


ONE_JOB: tuple[Mapping[str, Any], ...] = ({},)
"""The wildcards of a rule without any."""
