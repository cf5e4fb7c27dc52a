"""The base class of products: the conditions that a product needs, its files, its jobs and its part of the page.

Each product has one subclass, in the `plan.py` of its room, and an entry in `registry.PRODUCTS`, which the study, its
targets, its page and the record of its run ask. Light: imported whenever the Snakefile is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from embrittle.attacks.losses import knows
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import Attack
from embrittle.problems import Problems, suggestion
from embrittle.products.settings import StageSettings
from embrittle.section import ProductSection

Settings = StageSettings
Written = Mapping[str, Any]
"""A configuration in canonical form without values that are already reported as wrong: any key may be missing."""
Files = Mapping[str, str | list[str]]
"""Name of an input, as a rule passes it to its script -> file or files."""


class Study(Protocol):
    """The part of `study.study.Study` that a product may use; its docstrings say more."""

    settings: Settings
    k: int
    list_length: int
    criterion_k: int

    def results(self, path: str) -> str:
        """The path of a result file of this study."""

    def figures(self, dataset: str, name: str) -> list[str]:
        """The files of a data set's figure, one for each format."""

    @property
    def papers(self) -> Settings:
        """The settings of the papers, on the data sets of the study."""

    def published(self, name: str) -> str:
        """The path of a file of published numbers."""

    def published_for(self, product: str, name: str) -> Any:
        """A file of the papers' numbers; none where the settings of a product are not the papers'."""

    def titles(self) -> dict[str, str]:
        """Data set -> its title in tables and figures."""

    def notes(self, runs: Iterable[Any]) -> list[str]:
        """The sentences on selection and missing lists in a caption about these recommenders."""

    def missing_notes(self, runs: Iterable[Any]) -> list[str]:
        """The sentences on missing lists in a caption about these recommenders."""

    def run_of(self, wildcards: Any) -> Any:
        """The recommender that a job is about: (data set, model, seed)."""

    def shown_for(self, run: Any, product: str) -> list[tuple[str, str, int]]:
        """The measured conditions of a recommender that a product needs."""

    def dataset_entry(self, dataset: str) -> dict[str, Any]:
        """The entry of a data set; for a sub-sample, the entry of its source."""

    @property
    def measured(self) -> Sequence[Any]:
        """Every model and the random recommender on each whole data set."""

    @property
    def measured_baselines(self) -> Sequence[Any]:
        """Every baseline on each data set of the poster."""

    @property
    def measured_samples(self) -> Sequence[Any]:
        """Every model on each sub-sample."""

    @property
    def samples_shown(self) -> Sequence[tuple[str, str, int]]:
        """The sub-samples with lists of at least one model: (name, source, k)."""

    @property
    def trained(self) -> Sequence[Any]:
        """Every model on each whole data set."""

    @property
    def trained_shown(self) -> Sequence[Any]:
        """The models on whole data sets; with `missing: report`, those whose training is finished."""

    @property
    def with_curves(self) -> Sequence[Any]:
        """The models among `trained_shown` that have a training curve."""


class Deviation(NamedTuple):
    """A setting that decides numbers and is not the papers'."""

    setting: str
    ours: Any
    papers: Any

    def __str__(self) -> str:
        """The setting with both values, as the page lists it."""
        return f"{self.setting}: {self.ours} (the papers: {self.papers})"


@dataclass(frozen=True)
class Jobs:
    """The jobs of a rule.

    Attributes:
        wildcards: the wildcards of each job, by name.
        params: wildcards of a job -> its parameters, all that decides its result besides its input and its code.
    """

    wildcards: Sequence[Mapping[str, Any]]
    params: Callable[[Any], Any]


class Product:
    """A product: tables and figures that are made from recommendation lists. The methods here return nothing.

    Attributes:
        name: the name of its room, its file of rules, and its entry in `PRODUCTS`.
        sections: its sections of the configuration.
        of_samples: whether it is made from sub-samples of data sets.
    """

    name: str
    sections: tuple[type[ProductSection], ...] = ()
    of_samples = False

    def datasets(self, settings: Settings) -> list[str]:
        """The whole data sets of the study that the product uses."""
        return list(settings.datasets)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Yield the conditions that it needs of each model: (attack, epsilon, iterations), unsorted, with repeats."""
        yield from ()

    def check(self, written: Written, problems: Problems) -> None:
        """Report mistakes in its sections that types and ranges do not cover."""

    def deciding(self, study: Study) -> tuple[str, ...]:
        """The settings of its own that decide its numbers, by their dotted keys; a section stands for all its keys."""
        return ()

    def accepted(self) -> dict[str, tuple[Any, ...]]:
        """Settings that its paper does not state, by their dotted keys: all values that count as the paper's."""
        return {}

    def papers_values(self) -> dict[str, Any]:
        """Settings that its paper has at other values than the defaults, by their dotted keys."""
        return {}

    def deviations(self, study: Study) -> list[Deviation]:
        """The settings that keep its numbers from being compared with the papers': none, if they are comparable.

        How long the lists are is not among them: a study has lists of several lengths, and a comparison takes those of
        the printed length or none. Nor are numbers of seeds.
        """
        found = [
            Deviation("split.method", study.settings.split.method, f"{wanted} on {name}")
            for name in study.settings.datasets
            if study.settings.split.method
            not in ("registry", wanted := study.dataset_entry(name)["split"])
        ]
        ours = flattened(study.settings.plain())
        papers = flattened(study.papers.plain()) | self.papers_values()
        theirs = papers_names(study).values()
        attacks = [f"attacks.{name}" for name in PAPERS_ATTACKS if name not in theirs]
        keys = ("training", "adversarial_training", *attacks, *self.deciding(study))
        accepted = self.accepted()
        return found + [
            Deviation(setting, ours.get(setting), papers.get(setting))
            for setting in dict.fromkeys([*ours, *papers])
            if any(setting == key or setting.startswith(f"{key}.") for key in keys)
            and setting != "training.checkpoint_seconds"
            and ours.get(setting) not in accepted.get(setting, (papers.get(setting),))
        ]

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """Rule -> its jobs in this study."""
        return {}

    def targets(self, study: Study) -> dict[str, list[str]]:
        """Target rule -> its files; an empty list if the study leaves them out."""
        return {}

    def verdict_inputs(self, study: Study) -> Files:
        """Its files that the tests of claims read."""
        return {}

    @property
    def page_module(self) -> str:
        """The module of its part of the page: with `tables(inputs, titles)`, `figures(inputs, settings)`, or both.

        It may have `leads(inputs, settings)`: data set -> the figure at the beginning of the page, and `remarks(inputs,
        settings)`: data set -> sentences for the beginning of the page.
        """
        return f"{type(self).__module__.rpartition('.')[0]}.page"

    def page_inputs(self, study: Study) -> Files:
        """The files that its part of the page is made from."""
        return {}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The settings of its part of the page."""
        return {}


def flattened(settings: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Settings by their dotted keys."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        place = f"{path}.{key}".removeprefix(".")
        found |= flattened(value, place) if isinstance(value, Mapping) else {place: value}
    return found


PAPERS_ATTACKS = ("fgsm", "bim", "pgd")


def papers_names(study: Study, used: Iterable[str] = ()) -> dict[str, str]:
    """The study's name of each attack that is defined as in the papers -> the papers' name of it.

    The definition decides, not the name: an attack named fgsm with other settings is not the papers'. Of several
    attacks with one definition, those in `used` count, the attacks of a product, if there are any.
    """
    ours, used = study.settings.attacks, set(used)
    found: dict[str, str] = {}
    for theirs, definition in study.papers.attacks.items():
        same = [name for name in ours if ours[name].plain() == definition.plain()]
        found |= dict.fromkeys([name for name in same if name in used] or same, theirs)
    return found


def members_of(settings: Settings, attack: str) -> list[str]:
    """The members of an ensemble, or the attack that is transferred; of another attack, the attack itself."""
    of = settings.attacks[attack]
    return list(of.members or [of.attack or attack])


def with_members(settings: Settings, attacks: Iterable[str]) -> list[str]:
    """The attacks, and then the members of the ensembles among them and what is transferred, each once."""
    attacks = list(attacks)
    return list(
        dict.fromkeys([*attacks, *(m for name in attacks for m in members_of(settings, name))])
    )


def knowledge_of(settings: Settings, attack: str) -> str:
    """What an attack knows, a key of `labels.KNOWS`; of an ensemble, "test" if a member does."""
    first = settings.attacks[members_of(settings, attack)[0]]
    if first.method == "noise":
        return "nothing"
    if knows_test_items(settings, attack):
        return "test"
    return "model" if settings.attacks[attack].model else knows(first.plain())


def is_single_step(settings: Settings, attack: str) -> bool:
    """Whether an attack takes a single step, by its method; an ensemble does if all its members do."""
    methods = [settings.attacks[name].method for name in members_of(settings, attack)]
    return all(ATTACKS[method].single_step for method in methods)


def knows_test_items(settings: Settings, attack: str) -> bool:
    """Whether an attack knows the test items, or a member of an ensemble does."""
    return any(
        knows(settings.attacks[name].plain()) == "test" for name in members_of(settings, attack)
    )


def budget_of(settings: Settings, attack: str) -> str:
    """The unit of an attack's epsilon: "absolute" or "relative"."""
    return settings.attacks[members_of(settings, attack)[0]].budget or "absolute"


class Grid(Protocol):
    """A section with attacks at one epsilon, over numbers of iterations."""

    @property
    def attacks(self) -> list[str]:
        """The names of attacks."""

    @property
    def epsilon(self) -> float:
        """The epsilon of all attacks."""

    @property
    def iterations(self) -> list[int]:
        """The numbers of iterations of multi-step attacks."""


def grid_conditions(settings: Settings, own: Grid) -> Iterator[tuple[str, float, int]]:
    """Yield the conditions of a section: single-step attacks once, others after each of its numbers of iterations."""
    for attack in own.attacks:
        for iterations in (1,) if is_single_step(settings, attack) else own.iterations:
            yield attack, own.epsilon, iterations


def conditions_at(
    settings: Settings, attacks: Iterable[str], epsilon: Iterable[float], iterations: int
) -> Iterator[tuple[str, float, int]]:
    """Yield the conditions of attacks at each epsilon, multi-step attacks after one number of iterations."""
    epsilon = list(epsilon)
    for attack in attacks:
        steps = 1 if is_single_step(settings, attack) else iterations
        yield from ((attack, budget, steps) for budget in epsilon)


def table_files(study: Study, table: str) -> dict[str, str]:
    """Form -> file of a table of the papers, with its comparison to the published one; `table` may be a wildcard."""
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
    """Name -> the files of several models, from name -> pattern."""
    return {
        name: [pattern.format(**run._asdict()) for run in runs]
        for name, pattern in patterns.items()
    }


def attacks_shown(settings: Settings, attacks: Iterable[str]) -> dict[str, bool]:
    """Attack -> whether it takes a single step."""
    return {name: is_single_step(settings, name) for name in attacks}


def methods_of(settings: Settings, attacks: Iterable[str]) -> dict[str, str]:
    """Attack -> its method."""
    return {name: settings.attacks[name].method for name in attacks}


def datasets_named(settings: Settings, named: Iterable[str]) -> list[str]:
    """The data sets of the study that a section names, in the order of the study."""
    wanted = set(named)
    return [name for name in settings.datasets if name in wanted]


def value_at(written: Written, dotted: str) -> Any:
    """The value at a dotted path; None if it is missing."""
    found: Any = written
    for key in dotted.split("."):
        if key not in found:
            return None
        found = found[key]
    return found


def check_attacks(written: Written, section: str, problems: Problems) -> None:
    """Report attacks of a section that are not defined."""
    # An attack whose definition is wrong is not unknown: only its definition is reported.
    wrong = [path[1] for path in problems.paths if path[0] == "attacks" and len(path) > 1]
    defined = list(dict.fromkeys([*written.get("attacks", {}), *sorted(map(str, wrong))]))
    for i, name in enumerate(value_at(written, f"{section}.attacks") or []):
        if "attacks" in written and name not in defined:
            message = f"unknown attack {name!r}{suggestion(name, defined)}"
            problems.add((section, "attacks", i), message)


def usable_attacks(
    written: Written, section: str, problems: Problems, key: str = "attacks"
) -> Iterator[tuple[int, str, Attack]]:
    """Yield (position, name, method) of each defined attack in the list `key` of a section; report the others.

    The section has a key `datasets`. If that is empty, nothing is yielded or reported.
    """
    definitions = written.get("attacks", {})
    own = written.get(section, {})
    for i, name in enumerate(own.get(key, []) if own.get("datasets") else []):
        method = ATTACKS.get(definitions.get(name, {}).get("method"))
        if name not in definitions and ("attacks", name) not in {p[:2] for p in problems.paths}:
            message = f"unknown attack {name!r}{suggestion(name, definitions)}"
            problems.add((section, key, i), message)
        elif method is not None:
            yield i, name, method


def check_units(written: Written, section: str, problems: Problems) -> None:
    """Report attacks in `attacks` and `relative_attacks` of a section that are unknown or of the other unit."""
    own, definitions = written.get(section, {}), written.get("attacks", {})
    wrong = {path[1] for path in problems.paths if path[0] == "attacks" and len(path) > 1}
    for key, budget in (("attacks", "absolute"), ("relative_attacks", "relative")):
        for i, name in enumerate(own.get(key, [])):
            if name not in definitions:
                if name not in wrong:
                    message = f"unknown attack {name!r}{suggestion(name, definitions)}"
                    problems.add((section, key, i), message)
                continue
            of = definitions[name]
            members = [*of.get("members", []), of.get("attack")]
            first = next((m for m in members if m in definitions), name)
            if (its := definitions[first].get("budget", "absolute")) != budget:
                message = (
                    f"{name} has budget: {its}, but this list is of attacks with budget: {budget}"
                )
                problems.add((section, key, i), message)


def check_compared(written: Written, section: str, problems: Problems) -> None:
    """Report an epsilon `compare_at` of a section that is not among its `epsilon`."""
    own = written.get(section, {})
    at = own.get("compare_at")
    if at is not None and at not in own.get("epsilon", [at]):
        known = ", ".join(f"{x:g}" for x in own["epsilon"])
        problems.add((section, "compare_at"), f"{at:g} is not in `{section}.epsilon` ({known})")


def tables_and_figures(
    study: Study, datasets: Sequence[str], tables: Mapping[str, str], *figures: str
) -> list[str]:
    """The files of a product: its tables, and the figures of each of its data sets; none without data sets."""
    made = [
        file for dataset in datasets for name in figures for file in study.figures(dataset, name)
    ]
    return [*tables.values(), *made] if datasets else []


def drawn(jobs: Jobs) -> list[dict[str, Any]]:
    """Return the wildcards and parameters of each job of a rule that draws figures, for the page."""
    figures = [{**of, **jobs.params(SimpleNamespace(**of))} for of in jobs.wildcards]
    return [{**figure, "plots": for_page(figure["plots"])} for figure in figures]


def for_page(plots: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of figures without those of files (dpi, formats), which the page does not use."""
    return {name: value for name, value in plots.items() if name not in ("dpi", "formats")}


def of_each_dataset(datasets: Iterable[str]) -> list[dict[str, str]]:
    """The wildcards of a rule with one job per data set."""
    return [{"dataset": dataset} for dataset in datasets]


def of_each_run(runs: Iterable[Any]) -> list[dict[str, Any]]:
    """The wildcards of a rule with one job per recommender: dataset, model, seed."""
    return [run._asdict() for run in runs]


ONE_JOB: tuple[Mapping[str, Any], ...] = ({},)
"""The wildcards of a rule with a single job."""
