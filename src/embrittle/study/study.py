"""A study: which models are trained, attacked and measured, on what, and what each job is told.

The rules ask it for paths, inputs and parameters; the tests ask it the same without starting Snakemake. It sees the disk
only through the functions that it is given. Light: every cluster job parses the Snakefile again.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from embrittle.attacks.trajectories import trajectories
from embrittle.errors import ConfigError
from embrittle.models.registry import MODELS
from embrittle.problems import number_text
from embrittle.products import PRODUCTS
from embrittle.products.product import (
    ONE_JOB,
    Files,
    Jobs,
    Product,
    attacks_shown,
    of_each_dataset,
    of_each_run,
)
from embrittle.study import missing, stages
from embrittle.study.paths import Paths
from embrittle.study.settings import validate
from embrittle.vocabulary import RANDOM, UNPERTURBED

Condition = tuple[str, str, int]
"""Attack, epsilon as text (as in file names), iterations."""
INITIAL: Condition = (UNPERTURBED, "0", 0)
PUBLISHED_TABLES = (
    *("table1", "figures_1_2", "table2", "table3"),
    *("characteristics", "apr_performance", "apr_robustness"),
)
# The parts of the configuration that the tests of claims ask.
JUDGED_BY = ("datasets", "evaluation", "table1", "figure1", "figure3")


class Run(NamedTuple):
    """A recommender that is measured: a model, a baseline or the random one, on a data set or sub-sample."""

    dataset: str
    model: str
    seed: int


class Study:
    """A study by its settings.

    Attributes:
        settings: the canonical configuration.
        registry: config/datasets.yaml.
        paths: where its files lie.
        k: length of the lists that tables and figures show.
        list_length: length of the lists that are stored.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        registry: Mapping[str, Any],
        *,
        published: str = "resources/published",
        exists: Callable[[str], bool] = os.path.exists,
        iterations_in: Callable[[str], Sequence[int]] = missing.iterations_in,
    ):
        """Take the settings (`settings.validate`), the registry, and a view of the disk.

        Args:
            settings, registry: see above.
            published: the folder of the papers' numbers.
            exists: whether a file is there.
            iterations_in: after which numbers of iterations a file of attacked lists has some.
        """
        self.settings, self.registry = settings, registry
        self.paths = Paths(settings["study"])
        self.results = self.paths.results
        self.k = settings["evaluation"]["k"][0]
        self.list_length = max(settings["evaluation"]["k"])
        # The lists that an epoch is selected by have a length of their own.
        self.criterion_k = int(settings["training"]["criterion"].split("@")[1])
        self.report_missing = settings["missing"] == "report"
        self._published = published
        self._exists, self._iterations_in = exists, iterations_in
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
        names = self.settings["datasets"]
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
        formats = self.settings["plots"]["formats"]
        return [self.results(f"figures/{dataset}/{name}.{form}") for form in formats]

    # --- Models ---------------------------------------------------------------------------------------

    @property
    def epochs(self) -> int:
        """The last epoch of every training."""
        return self.settings["training"]["epochs"]

    def kept_epochs(self, model: str) -> list[int]:
        """Epochs at which a model's state is kept, ascending: the last, and where others may start from it.

        Also where no other model is trained in this study: leaving one out must not train this one again.
        """
        step = self.settings["training"]["evaluate_every"]
        starts = {
            self.settings[kind.section]["start_epoch"]
            for kind in MODELS.values()
            if kind.starts_from == model
        }
        kept = {start for start in starts if start < self.epochs and start % step == 0}
        return sorted({self.epochs, *kept})

    def parent_state(self, model: str, epoch: int) -> tuple[str, int] | None:
        """(model, epoch) of the state that a training starts from: its own last one, or another model's."""
        earlier = [kept for kept in self.kept_epochs(model) if kept < epoch]
        kind = MODELS[model]
        if earlier:
            return model, earlier[-1]
        if kind.starts_from:
            return kind.starts_from, self.settings[kind.section]["start_epoch"]
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
        return self._runs(
            self.settings["datasets"], self.settings["models"], self.settings["seeds"]
        )

    @cached_property
    def measured(self) -> list[Run]:
        """Every recommender that is measured on whole data sets: the random one, which is not trained, as well."""
        models = [RANDOM, *self.settings["models"]]
        return self._runs(self.settings["datasets"], models, self.settings["seeds"])

    @cached_property
    def measured_samples(self) -> list[Run]:
        """Every model on a sub-sample."""
        names = [sample for sample, _, _ in self.samples]
        return self._runs(names, self.settings["models"], stages.sample_seeds(self.settings))

    @cached_property
    def measured_baselines(self) -> list[Run]:
        """Every baseline."""
        datasets = PRODUCTS["poster"].datasets(self.settings)
        return self._runs(datasets, self.settings["poster"]["baselines"], self.settings["seeds"])

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

    def grid(self, dataset: str, attack: str, epsilon: str) -> list[int]:
        """After how many iterations an attack at one epsilon is listed: ascending; empty if the study does not need it."""
        needed = self.conditions(*self.products_of(dataset))
        return [iterations for *place, iterations in needed if place == [attack, epsilon]]

    def list_of(self, run: Run, attack: str, epsilon: str) -> str:
        """The file of lists of a recommender under an attack at one epsilon, or before any attack."""
        path = self.paths.initial_lists() if attack == UNPERTURBED else self.paths.attacked_lists
        return path.format(**run._asdict(), attack=attack, epsilon=epsilon)

    def lists_of(self, run: Run, conditions: Iterable[Condition]) -> list[str]:
        """The files of a recommender that hold several conditions (`trajectories.located`)."""
        return [self.list_of(run, *trajectory) for trajectory in trajectories(conditions)]

    def iterations_of(self, wildcards: Any) -> Sequence[int]:
        """After which numbers of iterations an attack is listed: those that the study needs, in one run.

        With `missing: report`, those that its file has, so that a grid that has grown since runs no attack.
        """
        path = self.paths.attacked_lists.format(**vars(wildcards))
        there = self._iterations_in(path) if self.report_missing else []
        iterations = there or self.grid(wildcards.dataset, wildcards.attack, wildcards.epsilon)
        if not iterations:
            raise ConfigError(f"Nothing in this study needs {path}.")
        return iterations

    # --- What is missing ------------------------------------------------------------------------------
    # With `missing: report` no model is trained and no attack run for lists that are not there: tables and figures show
    # those that are, and what is missing is named.

    def _basis_of(self, run: Run) -> list[str]:
        """Without these files, what lies there as lists of a recommender is not of this study: its data, its training."""
        data = self.paths.split("statistics", dataset=run.dataset)["statistics"]
        if run.model not in MODELS:  # the random recommender, or a baseline: no state is kept
            return [data]
        return [data, self.model_file(run), *self.ancestor_states(run, self.epochs)]

    def _is_there(self, run: Run, condition: Condition) -> bool:
        *trajectory, iterations = condition
        path = self.list_of(run, *trajectory)
        if condition == INITIAL:
            return self._exists(path)
        return iterations in self._iterations_in(path)

    def shown_conditions(self, run: Run) -> list[Condition]:
        """The conditions of a recommender that are measured: all, or with `missing: report` those that are there."""
        if run not in self._shown:
            shown = self.conditions_of(run)
            if self.report_missing:
                based = all(map(self._exists, self._basis_of(run)))
                shown = [c for c in shown if self._is_there(run, c)] if based else []
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
        leaks = self.settings["training"]["selection"] == "best-on-test"
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

    # --- Jobs -----------------------------------------------------------------------------------------

    def jobs(self) -> dict[tuple, Any]:
        """Every job of the study and what decides its result beside its input and its code: (rule, wildcards) -> params.

        Of one rule, wildcards are the values in the order of its names.
        """
        return {
            (rule, *map(str, wildcards.values())): jobs.params(Namespace(**wildcards))
            for rule, jobs in self._jobs.items()
            for wildcards in jobs.wildcards
        }

    def params(self, rule: str) -> Callable[[Any], Any]:
        """The function of wildcards that Snakemake asks for the parameters of a rule."""
        return self._jobs[rule].params

    @cached_property
    def _jobs(self) -> dict[str, Jobs]:
        found = self._stage_jobs() | self._report_jobs()
        for product in PRODUCTS.values():
            found |= product.jobs(self)
        return found

    def _stage_jobs(self) -> dict[str, Jobs]:
        """The jobs of the stages that all products share."""
        settings, registry = self.settings, self.registry
        sources = settings["datasets"]
        datasets = [*sources, *(sample for sample, _, _ in self.samples)]
        trained = [*self.trained, *self.measured_samples]
        lists = {"length": self.list_length}

        def evaluate(wildcards: Any) -> dict[str, Any]:
            conditions = self.shown_conditions(self.run_of(wildcards))
            return {"conditions": conditions, "k": settings["evaluation"]["k"]}

        def attack(wildcards: Any) -> dict[str, Any]:
            definition = stages.attack_settings(settings, wildcards.attack)
            return {"attack": definition, "iterations": self.iterations_of(wildcards), **lists}

        def baseline(wildcards: Any) -> dict[str, Any]:
            return {**stages.baseline_settings(settings, wildcards.baseline), **lists}

        def expected(wildcards: Any) -> dict[str, Any]:
            first = {run.dataset: run for run in reversed(self.trained)}
            conditions = {name: self.conditions_of(first[name]) for name in sources}
            return {"runs": [tuple(run) for run in self.measured], "conditions": conditions}

        return {
            "prepare_dataset": Jobs(
                of_each_dataset(sources), lambda w: self.reading_settings(w.dataset)
            ),
            "subsample_dataset": Jobs(
                [{"source": source, "k": k} for _, source, k in self.samples],
                lambda w: settings["figure3"]["kcore"],
            ),
            "split_dataset": Jobs(
                of_each_dataset(datasets),
                lambda w: stages.split_settings(settings, registry, w.dataset),
            ),
            "train_model": Jobs(
                self._trainings(trained), lambda w: stages.training_settings(settings, w.model)
            ),
            "train_baseline": Jobs(
                [
                    {"dataset": run.dataset, "baseline": run.model, "seed": run.seed}
                    for run in self.measured_baselines
                ],
                baseline,
            ),
            "recommend_random": Jobs(
                [{"dataset": d, "seed": s} for d in sources for s in settings["seeds"]],
                lambda w: self.list_length,
            ),
            "recommend": Jobs(of_each_run(trained), lambda w: self.list_length),
            "attack_model": Jobs(self._attacks(trained), attack),
            "evaluate_model": Jobs(of_each_run(self.all_measured), evaluate),
            "collect_metrics": Jobs(ONE_JOB, expected),
            "collect_models": Jobs(ONE_JOB, lambda w: [run.dataset for run in self.trained_shown]),
            "list_missing": Jobs(ONE_JOB, lambda w: self.missing_of(self.all_measured)),
        }

    def _report_jobs(self) -> dict[str, Jobs]:
        """The verdict, the record of the run, and the page; of the last two, what does not hang on where files lie."""

        def verdict(wildcards: Any) -> dict[str, Any]:
            return {
                "configuration": {name: self.settings[name] for name in JUDGED_BY},
                "attacks": attacks_shown(self.settings, "table1"),
                "users": [tuple(run) for run in PRODUCTS["table1"].users_shown(self)],
            }

        def record(wildcards: Any) -> dict[str, Any]:
            missing_lists = len(self.missing_of(self.all_measured))
            return {"configuration": self.settings, "missing": missing_lists}

        def page(wildcards: Any) -> dict[str, Any]:
            return {
                "study": self.settings["study"],
                "titles": self.titles(),
                "known": self.all_titles(),
                "notes": self.notes(self.all_measured),
                "compare": self.settings["verdict"]["compare"],
                "trainings": [run._asdict() for run in self.trained_shown],
                "curve_k": self.criterion_k,
                **self.page_settings(),
            }

        return {
            "judge_claims": Jobs(ONE_JOB, verdict),
            "summarise_run": Jobs(ONE_JOB, record),
            "write_page": Jobs(ONE_JOB, page),
        }

    def _trainings(self, runs: Iterable[Run]) -> list[dict[str, Any]]:
        """Each training, and those that it starts from, once."""
        found = {}
        for run in runs:
            place: tuple[str, int] | None = (run.model, self.epochs)
            while place:
                model, epoch = place
                wildcards = {**run._replace(model=model)._asdict(), "epoch": epoch}
                found[tuple(wildcards.values())] = wildcards
                place = self.parent_state(model, epoch)
        return list(found.values())

    def _attacks(self, runs: Iterable[Run]) -> list[dict[str, Any]]:
        return [
            {**run._asdict(), "attack": attack, "epsilon": epsilon}
            for run in runs
            for attack, epsilon in trajectories(self.conditions_of(run)[1:])
        ]

    # --- Verdict, page, run -----------------------------------------------------------------------------

    def targets(self) -> dict[str, list[str]]:
        """Name of a target rule -> the files that it makes, of all products."""
        found: dict[str, list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.targets(self)
        return found

    def target(self, name: str) -> list[str]:
        """The files that a target rule makes."""
        return self.targets()[name]

    def products(self) -> list[str]:
        """The files of all products."""
        return list(dict.fromkeys(file for files in self.targets().values() for file in files))

    def verdict_inputs(self) -> Files:
        """What the tests of claims read of the products."""
        found: Files = {}
        for product in PRODUCTS.values():
            found |= product.verdict_inputs(self)
        return found

    def page_inputs(self) -> Files:
        """What the products' parts of the page are made of."""
        found: Files = {}
        for product in PRODUCTS.values():
            found |= product.page_inputs(self)
        return found

    def page_settings(self) -> dict[str, Any]:
        """What the products' parts of the page are told beside."""
        found: dict[str, Any] = {}
        for product in PRODUCTS.values():
            found |= product.page_settings(self)
        return found

    def compared_studies(self) -> dict[str, list[str]]:
        """What the page needs of each study to compare with, as far as it is there."""
        names = {
            "claims": "claims.csv",
            "cases": "claims_cases.csv",
            "record": "provenance.json",
        }
        folders = [f"results/{study}" for study in self.settings["verdict"]["compare"]]
        there = [f for f in folders if all(self._exists(f"{f}/{n}") for n in names.values())]
        return {f"other_{name}": [f"{f}/{file}" for f in there] for name, file in names.items()}

    def unlike_the_papers(self, schema: Mapping[str, Any]) -> list[str]:
        """Settings that decide results and are not the papers', each as a line; `schema` has theirs as defaults."""
        named = {key: self.settings[key] for key in ("datasets", "own_datasets")}
        papers = validate(named, schema, self.registry)
        sections = ("split", "training", "adversarial_training", "evaluation", "table1")
        apart = ("checkpoint_seconds", "attacks")  # of no consequence; said by the tables
        return [
            f"{section}.{key}: {value} (the papers: {papers[section][key]})"
            for section in sections
            for key, value in self.settings[section].items()
            if key not in apart and value != papers[section][key]
        ]
