"""A study: which models are trained, attacked and measured, on what, and what each job is told.

The rules ask it for paths, inputs and parameters; the tests ask the same without starting Snakemake. It sees the disk
only through the functions that it is given. Light: every cluster job parses the Snakefile anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from embrittle.errors import ConfigError
from embrittle.models.registry import MODELS
from embrittle.problems import number_text
from embrittle.products.poster.plan import PosterSettings
from embrittle.products.product import Files, Product, is_single_step
from embrittle.products.registry import PRODUCTS
from embrittle.study import missing, stages
from embrittle.study.paths import Paths
from embrittle.study.settings import Settings, validate
from embrittle.vocabulary import RANDOM, UNPERTURBED

Condition = tuple[str, str, int]
"""Attack, epsilon as text (as in file names), iterations."""
INITIAL: Condition = (UNPERTURBED, "0", 0)
PUBLISHED_TABLES = (
    *("table1", "figures_1_2", "table2", "table3"),
    *("characteristics", "apr_performance", "apr_robustness"),
)


def grids(conditions: Iterable[Condition]) -> dict[tuple[str, str], list[int]]:
    """Group conditions: (attack, epsilon) -> the numbers of iterations, ascending.

    The job of each number continues from the perturbation that the job of the one before it left.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for attack, epsilon, iterations in sorted(conditions, key=lambda condition: condition[2]):
        found.setdefault((attack, epsilon), []).append(iterations)
    return found


class Run(NamedTuple):
    """A recommender that is measured: a model, a baseline or the random one, on a data set or sub-sample."""

    dataset: str
    model: str
    seed: int


class Study:
    """A study by its settings.

    Attributes:
        settings: what the configuration says.
        registry: config/datasets.yaml.
        paths: where its files lie.
        k: length of the lists that tables and figures show.
        list_length: length of the lists that are stored.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Mapping[str, Any],
        *,
        published: str = "resources/published",
        exists: Callable[[str], bool] = os.path.exists,
    ):
        """Take the settings (`study.settings.validate`), the registry, and a view of the disk.

        Args:
            settings, registry: see above.
            published: the folder of the papers' numbers.
            exists: whether a file is there.
        """
        self.settings, self.registry = settings, registry
        self.paths = Paths(settings.study)
        self.results = self.paths.results
        self.k = settings.evaluation.k[0]
        self.list_length = max(settings.evaluation.k)
        # The lists that an epoch is selected by have a length of their own.
        self.criterion_k = int(settings.training.criterion.split("@")[1])
        self.report_missing = settings.missing == "report"
        self._published = published
        self._exists = exists
        self._shown: dict[Run, list[Condition]] = {}

    # --- Data ---------------------------------------------------------------------------------------

    def dataset_entry(self, dataset: str) -> dict[str, Any]:
        """The entry of a data set; of a sub-sample, that of its source."""
        return stages.dataset_entry(self.settings, self.registry, dataset)

    def reading_settings(self, dataset: str) -> dict[str, Any]:
        """What decides what is read from the files of a data set."""
        return stages.reading_settings(self.settings, self.registry, dataset)

    def url_of(self, wildcards: Any) -> str:
        """Where a source file is published."""
        sources = self.dataset_entry(wildcards.dataset)["sources"]
        return next(source["url"] for source in sources if source["file"] == wildcards.file)

    def checksum_of(self, wildcards: Any) -> str | None:
        """What a source file must be, with the mirror of this study."""
        sources = self.reading_settings(wildcards.dataset)["sources"]
        return next(source["checksum"] for source in sources if source["file"] == wildcards.file)

    def downloads_of(self, dataset: str) -> list[str]:
        """The files that a data set is downloaded as."""
        sources = self.dataset_entry(dataset).get("sources", [])
        return [f"resources/downloads/{dataset}/{source['file']}" for source in sources]

    def own_files_of(self, dataset: str) -> list[str]:
        """The user's own tables that a data set is read from: they lie where the configuration says."""
        entry = self.dataset_entry(dataset)
        tables = [entry[table]["path"] for table in ("users", "items") if table in entry]
        return ([entry["path"]] if "path" in entry else []) + tables

    def reader_of(self, dataset: str) -> str:
        """The name of the reader of a data set."""
        return self.dataset_entry(dataset)["reader"]

    def titles(self) -> dict[str, str]:
        """Data set of the study -> what tables and figures call it."""
        names = self.settings.datasets
        return {name: self.dataset_entry(name).get("title", name) for name in names}

    def all_titles(self) -> dict[str, str]:
        """The same for every data set of the registry."""
        return {name: entry.get("title", name) for name, entry in self.registry.items()}

    @cached_property
    def samples(self) -> list[tuple[str, str, int]]:
        """The sub-samples: (name, data set it is taken from, k). They go through the stages like data sets."""
        return stages.samples(self.settings)

    def published(self, name: str) -> str:
        """A file of the papers' numbers."""
        return f"{self._published}/{name}"

    def published_tables(self) -> list[str]:
        """The papers' tables that the claims are judged beside."""
        return [self.published(f"{name}.csv") for name in PUBLISHED_TABLES]

    def figures(self, dataset: str, name: str) -> list[str]:
        """The files of a figure of a data set, one for each format."""
        formats = self.settings.plots.formats
        return [self.results(f"figures/{dataset}/{name}.{form}") for form in formats]

    # --- Models ---------------------------------------------------------------------------------------

    @property
    def epochs(self) -> int:
        """The last epoch of every training."""
        return self.settings.training.epochs

    def kept_epochs(self, model: str) -> list[int]:
        """Epochs at which a model's state is kept, ascending: the last, and where others may start from it.

        Also where no other model is trained in this study: leaving one out must not train this one again.
        """
        step = self.settings.training.evaluate_every
        starts = {
            getattr(self.settings, kind.section).start_epoch
            for kind in MODELS.values()
            if kind.section and kind.starts_from == model
        }
        kept = {start for start in starts if start < self.epochs and start % step == 0}
        return sorted({self.epochs, *kept})

    def parent_state(self, model: str, epoch: int) -> tuple[str, int] | None:
        """(model, epoch) of the state that a training starts from: its own last one, or another model's."""
        earlier = [kept for kept in self.kept_epochs(model) if kept < epoch]
        kind = MODELS[model]
        if earlier:
            return model, earlier[-1]
        if kind.starts_from and kind.section:
            return kind.starts_from, getattr(self.settings, kind.section).start_epoch
        return None

    def ancestor_states(self, run: Run, epoch: int) -> Iterator[str]:
        """The files of the states that a training has gone through before an epoch, the latest first."""
        parent = self.parent_state(run.model, epoch)
        while parent:
            model, epoch = parent
            place = run._replace(model=model)._asdict()
            yield self.paths.state.format(**place, epoch=epoch)
            parent = self.parent_state(model, epoch)

    def start_of(self, wildcards: Any) -> str | list:
        """The state that a training starts from; none at the beginning."""
        return next(self.ancestor_states(self.run_of(wildcards), int(wildcards.epoch)), [])

    def trained_model(self, wildcards: Any) -> str:
        """The selected factors at the end of a model's training."""
        return self.model_file(self.run_of(wildcards))

    def model_file(self, run: Run) -> str:
        """The selected factors of a model."""
        return self.paths.model.format(**run._asdict(), epoch=self.epochs)

    def curve_file(self, run: Run) -> str:
        """The training curve of a model."""
        return self.paths.curve.format(**run._asdict(), epoch=self.epochs)

    # --- Runs -----------------------------------------------------------------------------------------

    @staticmethod
    def run_of(wildcards: Any) -> Run:
        """The recommender that a job is about."""
        model = wildcards.model if "model" in wildcards.__dict__ else wildcards.baseline
        return Run(wildcards.dataset, model, int(wildcards.seed))

    def _runs(self, datasets: Iterable[str], models: Iterable[str], seeds: list[int]) -> list[Run]:
        models = list(models)
        return [Run(d, model, seed) for d in datasets for model in models for seed in seeds]

    @cached_property
    def trained(self) -> list[Run]:
        """Every model on a whole data set."""
        return self._runs(self.settings.datasets, self.settings.models, self.settings.seeds)

    @cached_property
    def measured(self) -> list[Run]:
        """Every recommender that is measured on whole data sets: the random one, which is not trained, as well."""
        models = [RANDOM, *self.settings.models]
        return self._runs(self.settings.datasets, models, self.settings.seeds)

    @cached_property
    def measured_samples(self) -> list[Run]:
        """Every model on a sub-sample."""
        names = [sample for sample, _, _ in self.samples]
        return self._runs(names, self.settings.models, stages.sample_seeds(self.settings))

    @cached_property
    def measured_baselines(self) -> list[Run]:
        """Every baseline."""
        datasets = PRODUCTS["poster"].datasets(self.settings)
        return self._runs(datasets, PosterSettings.of(self.settings).baselines, self.settings.seeds)

    @property
    def all_measured(self) -> list[Run]:
        """All of them."""
        return [*self.measured, *self.measured_samples, *self.measured_baselines]

    # --- Conditions -----------------------------------------------------------------------------------

    def products_of(self, dataset: str) -> list[Product]:
        """The products that a data set or sub-sample is for."""
        if stages.source_name(dataset) != dataset:
            return [product for product in PRODUCTS.values() if product.of_samples]
        return [p for p in PRODUCTS.values() if dataset in p.datasets(self.settings)]

    def conditions(self, *products: Product) -> list[Condition]:
        """The attacks that products need: sorted, each once."""
        needed = {c for product in products for c in product.conditions(self.settings)}
        return [(attack, number_text(epsilon), steps) for attack, epsilon, steps in sorted(needed)]

    def conditions_of(self, run: Run) -> list[Condition]:
        """All conditions of a recommender; the random one and baselines are not attacked."""
        attacked = run.model in MODELS
        return [INITIAL, *(self.conditions(*self.products_of(run.dataset)) if attacked else ())]

    def list_of(self, run: Run, condition: Condition) -> str:
        """The lists of a recommender in one condition."""
        attack, epsilon, iterations = condition
        path = self.paths.initial_lists() if condition == INITIAL else self.paths.attacked_lists
        place = run._asdict()
        return path.format(**place, attack=attack, epsilon=epsilon, iterations=iterations)

    def lists_of(self, run: Run, conditions: Iterable[Condition]) -> list[str]:
        """The lists of a recommender in several conditions."""
        return [self.list_of(run, condition) for condition in conditions]

    def iterations_before(self, wildcards: Any) -> int:
        """The number of iterations that an attack continues from: the next smaller one of its grid, or 0.

        With `missing: report`, of those whose lists are there, so that a grid that has grown since runs no attack.
        """
        shown = grids(self.shown_conditions(self.run_of(wildcards)))
        grid = shown.get((wildcards.attack, wildcards.epsilon), [])
        return max((steps for steps in grid if steps < int(wildcards.iterations)), default=0)

    def parent_perturbation(self, wildcards: Any) -> str | list:
        """The perturbation that an attack continues from; none at the beginning."""
        before = self.iterations_before(wildcards)
        if not before:
            return []
        place = self.run_of(wildcards)._asdict()
        attack = {"attack": wildcards.attack, "epsilon": wildcards.epsilon}
        return self.paths.perturbation.format(**place, **attack, iterations=before)

    def last_combinations(self) -> str:
        """A pattern of the last combination of each grid, as it stands in paths from the name of the data set on.

        Only attacks in steps have grids; their last perturbation is kept, for a larger number of iterations.
        """
        datasets: dict[str, list[str]] = {}
        for dataset in [*self.settings.datasets, *(sample for sample, _, _ in self.samples)]:
            needed = grids(self.conditions(*self.products_of(dataset)))
            last = "|".join(
                re.escape(f"{attack}_epsilon-{epsilon}_iterations-{grid[-1]}.")
                for (attack, epsilon), grid in needed.items()
                if not is_single_step(self.settings, attack)
            )
            datasets.setdefault(last, []).append(re.escape(dataset))
        return "|".join(
            rf"(?:{'|'.join(names)})/[^/]+/seed-\d+/(?:{last})"
            for last, names in datasets.items()
            if last
        )

    # --- What is missing ------------------------------------------------------------------------------
    # With `missing: report` no model is trained and no attack run for lists that are not there: tables and figures show
    # those that are, and what is missing is named.

    def _basis_of(self, run: Run) -> list[str]:
        """The data and training of a recommender: without these files, lists that lie there are not of this study."""
        data = self.paths.split("statistics", dataset=run.dataset)["statistics"]
        if run.model not in MODELS:  # the random recommender, or a baseline: no state is kept
            return [data]
        return [data, self.model_file(run), *self.ancestor_states(run, self.epochs)]

    def shown_conditions(self, run: Run) -> list[Condition]:
        """The conditions of a recommender that are measured: all, or with `missing: report` those there are."""
        if run not in self._shown:
            shown = self.conditions_of(run)
            if self.report_missing:
                based = all(map(self._exists, self._basis_of(run)))
                shown = [c for c in shown if self._exists(self.list_of(run, c))] if based else []
            self._shown[run] = shown
        return self._shown[run]

    def shown_for(self, run: Run, product: str) -> list[Condition]:
        """The conditions of a recommender that a product needs, among those that are measured."""
        needed = {INITIAL, *self.conditions(PRODUCTS[product])}
        return [condition for condition in self.shown_conditions(run) if condition in needed]

    def missing_of(self, runs: Iterable[Run]) -> list[tuple]:
        """What of several recommenders is not measured: (data set, model, seed, attack, epsilon, iterations)."""
        found = []
        for run in runs if self.report_missing else ():
            there = set(self.shown_conditions(run))
            found += [(*run, *c) for c in self.conditions_of(run) if c not in there]
        return found

    def missing_notes(self, runs: Iterable[Run]) -> list[str]:
        """What a reader must be told of it."""
        return missing.notes(self.missing_of(runs))

    def notes(self, runs: Iterable[Run]) -> list[str]:
        """What a reader of a table of these recommenders must be told."""
        leaks = self.settings.training.selection == "best-on-test"
        notes = ["The attacked epoch was chosen on the test items."] if leaks else []
        return notes + self.missing_notes(runs)

    def metrics_of(self, runs: Iterable[Run]) -> list[str]:
        """The measures of several recommenders, without those of which nothing is there."""
        there = [run for run in runs if self.shown_conditions(run)]
        return [self.paths.metrics.format(**run._asdict()) for run in there]

    @cached_property
    def trained_shown(self) -> list[Run]:
        """The models on whole data sets that are listed: all, or with `missing: report` those that are there."""
        there = self._exists if self.report_missing else lambda path: True
        return [run for run in self.trained if there(self.model_file(run))]

    @cached_property
    def samples_shown(self) -> list[tuple[str, str, int]]:
        """The sub-samples of which something is there."""
        there = {run.dataset for run in self.measured_samples if self.shown_conditions(run)}
        return [sample for sample in self.samples if sample[0] in there]

    def check_shown(self) -> None:
        """Raise ConfigError if tables and figures are to be made of what is there, and nothing is."""
        if not self.metrics_of(self.trained):
            raise ConfigError(
                "missing: report makes tables and figures of the lists that are there, and of this study there are "
                "none. Run it without first."
            )

    # --- Verdict, page, run -----------------------------------------------------------------------------

    @cached_property
    def targets(self) -> dict[str, list[str]]:
        """Name of a target rule -> the files that it makes, of all products."""
        found: dict[str, list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.targets(self)
        return found

    def target(self, name: str) -> list[str]:
        """The files that a target rule makes."""
        return self.targets[name]

    def products(self) -> list[str]:
        """The files of all products."""
        return list(dict.fromkeys(file for files in self.targets.values() for file in files))

    def verdict_inputs(self) -> Files:
        """What the tests of claims read of the products."""
        found: dict[str, str | list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.verdict_inputs(self)
        return found

    def page_inputs(self) -> Files:
        """What the products' parts of the page are made of."""
        found: dict[str, str | list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.page_inputs(self)
        return found

    def page_settings(self) -> dict[str, Any]:
        """Module that shows a product on the page -> what it is told beside, in the order of the page."""
        return {p.page_module: p.page_settings(self) for p in PRODUCTS.values()}

    def compared_studies(self) -> dict[str, list[str]]:
        """What the page needs of each study to compare with, as far as it is there."""
        names = {
            "claims": "claims.csv",
            "cases": "claims_cases.csv",
            "record": "provenance.json",
        }
        folders = [f"results/{study}" for study in self.settings.verdict.compare]
        there = [f for f in folders if all(self._exists(f"{f}/{n}") for n in names.values())]
        return {f"other_{name}": [f"{f}/{file}" for f in there] for name, file in names.items()}

    def unlike_the_papers(self) -> list[str]:
        """Settings that decide results and are not the papers', which are the defaults; each as a line."""
        own = {key: self.settings.plain()[key] for key in ("datasets", "own_datasets")}
        papers = validate(own, self.registry).plain()
        sections = ("split", "training", "adversarial_training", "evaluation", "table1")
        apart = ("checkpoint_seconds", "attacks")  # of no consequence; said by the tables
        return [
            f"{section}.{key}: {value} (the papers: {papers[section][key]})"
            for section in sections
            for key, value in self.settings.plain()[section].items()
            if key not in apart and value != papers[section][key]
        ]
