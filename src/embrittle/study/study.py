"""A study: its models, data sets and conditions, and the inputs and parameters of its jobs.

Rules ask `Study` for paths, inputs and parameters; tests do so without starting Snakemake. `Study` looks at the disk
only through a function that it is given. Light: every cluster job parses the Snakefile anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from embrittle.attacks.losses import knows
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import ENSEMBLE, TRANSFER
from embrittle.data import readers
from embrittle.embeddings.settings import OwnEmbeddings, files_of
from embrittle.errors import ConfigError
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import FACTORISATION, MODELS
from embrittle.problems import listed, number_text
from embrittle.products.poster.plan import PosterSettings
from embrittle.products.product import Files, Product, is_single_step, members_of
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

    The job of each number continues from the perturbation of the number before it.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for attack, epsilon, iterations in sorted(conditions, key=lambda condition: condition[2]):
        found.setdefault((attack, epsilon), []).append(iterations)
    return found


class Run(NamedTuple):
    """A recommender that is measured, on a data set or sub-sample: a model, a baseline or the random recommender."""

    dataset: str
    model: str
    seed: int


class Study:
    """A study, from its settings.

    Attributes:
        settings: the checked configuration.
        registry: the content of config/datasets.yaml.
        paths: the paths of its files.
        k: the length of the lists that tables and figures show.
        list_length: the length of the stored lists.
        criterion_k: the length of the lists that select an epoch.
        report_missing: whether missing lists are reported instead of made.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Mapping[str, Any],
        *,
        published: str = "resources/published",
        exists: Callable[[str], bool] = os.path.exists,
    ):
        """Make a study.

        Args:
            settings: from `study.settings.validate`.
            registry: the content of config/datasets.yaml.
            published: the folder of the published numbers.
            exists: path -> whether the file exists.
        """
        self.settings, self.registry = settings, registry
        self.paths = Paths(settings.study)
        self.results = self.paths.results
        self.k = settings.evaluation.k[0]
        self.list_length = max(settings.evaluation.k)
        self.criterion_k = int(settings.training.criterion.split("@")[1])
        self.report_missing = settings.missing == "report"
        self._published = published
        self._exists = exists
        self._shown: dict[Run, list[Condition]] = {}

    # --- Data ---------------------------------------------------------------------------------------

    def dataset_entry(self, dataset: str) -> dict[str, Any]:
        """The entry of a data set; for a sub-sample, the entry of its source."""
        return stages.dataset_entry(self.settings, self.registry, dataset)

    def reading_settings(self, dataset: str) -> dict[str, Any]:
        """The part of a data set's entry that decides what is read from its files."""
        return stages.reading_settings(self.settings, self.registry, dataset)

    def url_of(self, wildcards: Any) -> str:
        """The address that a source file is downloaded from."""
        sources = self.dataset_entry(wildcards.dataset)["sources"]
        return next(source["url"] for source in sources if source["file"] == wildcards.file)

    def checksum_of(self, wildcards: Any) -> str | None:
        """The checksum that a source file must have; None accepts any file."""
        sources = self.reading_settings(wildcards.dataset)["sources"]
        return next(source["checksum"] for source in sources if source["file"] == wildcards.file)

    def downloads_of(self, dataset: str) -> list[str]:
        """The paths of a data set's downloaded files."""
        sources = self.dataset_entry(dataset).get("sources", [])
        return [f"resources/downloads/{dataset}/{source['file']}" for source in sources]

    def own_files_of(self, dataset: str) -> list[str]:
        """The paths of the user's own tables that a data set is read from."""
        entry = self.dataset_entry(dataset)
        interactions = [entry["path"]] if "path" in entry else list(entry.get("parts", {}).values())
        tables = [entry[table]["path"] for table in ("users", "items") if table in entry]
        return interactions + tables

    def embedding_files_of(self, dataset: str, *, dropping: bool = False) -> list[str]:
        """The files of own embeddings of a data set; with `dropping`, of those that remove users and items from it."""
        entries = (
            entry
            for model in self.settings.models
            for entry in stages.versions(self.settings, model, dataset)
            if entry.missing == "drop" or not dropping
        )
        return list(dict.fromkeys(file for entry in entries for file in files_of(entry).values()))

    def preparing_modules(self, wildcards: Any) -> list[str]:
        """The modules that the job which prepares a data set imports by their names."""
        settings = self.reading_settings(wildcards.dataset)
        own = ["embrittle.embeddings.dropping"] if "embeddings" in settings else []
        return [readers.module_of(settings["reader"]), *own]

    def titles(self) -> dict[str, str]:
        """Data set of the study -> its title in tables and figures."""
        names = self.settings.datasets
        return {name: self.dataset_entry(name).get("title", name) for name in names}

    def all_titles(self) -> dict[str, str]:
        """Data set of the registry -> its title."""
        return {name: entry.get("title", name) for name, entry in self.registry.items()}

    @cached_property
    def samples(self) -> list[tuple[str, str, int]]:
        """The sub-samples, which pass through the stages like data sets: (name, source, k)."""
        return stages.samples(self.settings)

    def published(self, name: str) -> str:
        """The path of a file of published numbers."""
        return f"{self._published}/{name}"

    def published_for(self, product: str, name: str) -> str | list[str]:
        """A file of the papers' numbers; none where the settings of a product are not the papers'."""
        return [] if PRODUCTS[product].deviations(self) else self.published(name)

    @cached_property
    def papers(self) -> Settings:
        """The settings of the papers, which are the defaults, on the data sets of the study."""
        own = {key: self.settings.plain()[key] for key in ("datasets", "own_datasets")}
        return validate(own, self.registry)

    def comparable_products(self) -> list[str]:
        """The products whose settings are the papers'."""
        return [name for name, product in PRODUCTS.items() if not product.deviations(self)]

    def published_tables(self) -> list[str]:
        """The published tables that the tests of claims read."""
        return [self.published(f"{name}.csv") for name in PUBLISHED_TABLES]

    def figures(self, dataset: str, name: str) -> list[str]:
        """The files of a data set's figure, one for each format."""
        formats = self.settings.plots.formats
        return [self.results(f"figures/{dataset}/{name}.{form}") for form in formats]

    # --- Models ---------------------------------------------------------------------------------------

    def epochs_of(self, model: str) -> int:
        """The last epoch of a model's training; 0 for a model without epochs."""
        if MODELS[model].trained_by == FACTORISATION:
            return self.settings.training.epochs
        return stages.own_training(self.settings, model).last_epoch()

    def kept_epochs(self, model: str) -> list[int]:
        """The epochs whose training state is kept, ascending: the last, and those that other models start from.

        The latter are kept even if the study does not train the other models, so that leaving a model out does not
        train this one again.
        """
        last, step = self.epochs_of(model), self.settings.training.evaluate_every
        starts = {
            getattr(self.settings, kind.section).start_epoch
            for kind in MODELS.values()
            if kind.section and kind.starts_from == model
        }
        kept = {start for start in starts if start < last and start % step == 0}
        return sorted({last, *kept})

    def parent_state(self, model: str, epoch: int) -> tuple[str, int] | None:
        """(model, epoch) of the state, its own or another model's, that a training starts from; None if from none."""
        earlier = [kept for kept in self.kept_epochs(model) if kept < epoch]
        kind = MODELS[model]
        if earlier:
            return model, earlier[-1]
        if kind.starts_from and kind.section:
            return kind.starts_from, getattr(self.settings, kind.section).start_epoch
        return None

    def ancestor_states(self, run: Run, epoch: int) -> Iterator[str]:
        """Yield the files of the states that a training passes through before an epoch, the latest first."""
        parent = self.parent_state(run.model, epoch)
        while parent:
            model, epoch = parent
            place = run._replace(model=model)._asdict()
            yield self.paths.state.format(**place, epoch=epoch)
            parent = self.parent_state(model, epoch)

    def start_of(self, wildcards: Any) -> str | list:
        """The file of the state that a training starts from; [] at the beginning."""
        return next(self.ancestor_states(self.run_of(wildcards), int(wildcards.epoch)), [])

    def trained_model(self, wildcards: Any) -> str:
        """`model_file` of the model that a job is about."""
        return self.model_file(self.run_of(wildcards))

    def model_file(self, run: Run) -> str:
        """The file of the factors that are attacked: of an epoch (`training.selection`), or own embeddings."""
        if run.model in self.settings.controls:
            return self.paths.control.format(**run._asdict())
        if run.model not in MODELS:
            return self.paths.embeddings.format(**run._asdict())
        attacked = (
            self.paths.last if self.settings.training.selection == "last" else self.paths.best
        )
        return attacked.format(**run._asdict(), epoch=self.epochs_of(run.model))

    def curve_file(self, run: Run) -> str:
        """The file of the training curve of a model that is trained here."""
        return self.paths.curve.format(**run._asdict(), epoch=self.epochs_of(run.model))

    def loss_of(self, model: str) -> str:
        """The pairwise loss that attacks on a model ascend, a key of `kernels.losses.LOSSES`."""
        model = self._copied(model)
        return MODELS[model].loss if model in MODELS else "bpr"

    def _copied(self, model: str) -> str:
        """The model that a control is of; any other model itself."""
        controls = self.settings.controls
        return controls[model].of if model in controls else model

    def models_of_control(self, wildcards: Any) -> dict[str, str]:
        """The models that a control is made from: the one that is copied, and that whose norms the copy gets."""
        run = self.run_of(wildcards)
        control = self.settings.controls[run.model]
        found = {"model": self.model_file(run._replace(model=control.of))}
        if control.norms_of:
            found["norms_of"] = self.model_file(run._replace(model=control.norms_of))
        return found

    def version_of(self, run: Run) -> OwnEmbeddings:
        """The own embeddings of a model that are those of a seed; a single version is that of all seeds."""
        versions = stages.versions(self.settings, run.model, run.dataset)
        return versions[self.settings.seeds.index(run.seed) if len(versions) > 1 else 0]

    def version_files(self, wildcards: Any) -> list[str]:
        """The files of the own embeddings that a job reads."""
        return list(files_of(self.version_of(self.run_of(wildcards))).values())

    # --- Runs -----------------------------------------------------------------------------------------

    @staticmethod
    def run_of(wildcards: Any) -> Run:
        """The recommender that a job is about."""
        model = wildcards.model if "model" in wildcards.__dict__ else wildcards.baseline
        return Run(wildcards.dataset, model, int(wildcards.seed))

    def _runs(self, datasets: Iterable[str], models: Iterable[str], seeds: list[int]) -> list[Run]:
        models = list(models)
        return [
            Run(dataset, model, seed)
            for dataset in datasets
            for model in models
            if self._is_on(model, dataset)
            for seed in seeds
        ]

    def _is_on(self, model: str, dataset: str) -> bool:
        """Whether a model is one of a data set: own embeddings are of one, and so are controls made from them."""
        if model in self.settings.controls:
            control = self.settings.controls[model]
            made_from = filter(None, (control.of, control.norms_of))
            return all(self._is_on(of, dataset) for of in made_from)
        own = self.settings.embeddings
        return model not in own or bool(stages.versions(self.settings, model, dataset))

    @property
    def _attacked(self) -> list[str]:
        """The models and their controls."""
        return [*self.settings.models, *self.settings.controls]

    @cached_property
    def trained(self) -> list[Run]:
        """Every model on each whole data set: those trained here, own embeddings on theirs, and controls of both."""
        return self._runs(self.settings.datasets, self._attacked, self.settings.seeds)

    @cached_property
    def measured(self) -> list[Run]:
        """Every model and the random recommender on each whole data set."""
        models = [RANDOM, *self._attacked]
        return self._runs(self.settings.datasets, models, self.settings.seeds)

    @cached_property
    def measured_samples(self) -> list[Run]:
        """Every model that is trained here on each sub-sample."""
        names = [sample for sample, _, _ in self.samples]
        models = [model for model in self.settings.models if model in MODELS]
        return self._runs(names, models, stages.sample_seeds(self.settings))

    @cached_property
    def imported(self) -> list[Run]:
        """The own embeddings among `trained`."""
        return [run for run in self.trained if run.model in self.settings.embeddings]

    @cached_property
    def controls(self) -> list[Run]:
        """The controls among `trained`."""
        return [run for run in self.trained if run.model in self.settings.controls]

    @cached_property
    def measured_baselines(self) -> list[Run]:
        """Every baseline on each data set of the poster."""
        datasets = PRODUCTS["poster"].datasets(self.settings)
        return self._runs(datasets, PosterSettings.of(self.settings).baselines, self.settings.seeds)

    @property
    def all_measured(self) -> list[Run]:
        """All recommenders on whole data sets and sub-samples."""
        return [*self.measured, *self.measured_samples, *self.measured_baselines]

    # --- Conditions -----------------------------------------------------------------------------------

    def products_of(self, dataset: str) -> list[Product]:
        """The products that use a data set or sub-sample."""
        if stages.source_name(dataset) != dataset:
            return [product for product in PRODUCTS.values() if product.of_samples]
        return [p for p in PRODUCTS.values() if dataset in p.datasets(self.settings)]

    def conditions(self, *products: Product) -> list[Condition]:
        """The conditions that products need, sorted, each once."""
        asked = {c for product in products for c in product.conditions(self.settings)}
        needed = asked | {member for condition in asked for member in self._members_at(condition)}
        return [(attack, number_text(epsilon), steps) for attack, epsilon, steps in sorted(needed)]

    def _members_at(self, condition: tuple[str, float, int]) -> Iterator[tuple[str, float, int]]:
        """The conditions of the members of an ensemble, or of what is transferred; of another attack, its own."""
        attack, epsilon, iterations = condition
        for name in members_of(self.settings, attack):
            yield name, epsilon, 1 if is_single_step(self.settings, name) else iterations

    @cached_property
    def ensembles(self) -> list[str]:
        """The attacks that are the strongest of others."""
        return [name for name, of in self.settings.attacks.items() if of.method == ENSEMBLE]

    @cached_property
    def transfers(self) -> list[str]:
        """The attacks whose perturbations come from another model."""
        return [name for name, of in self.settings.attacks.items() if of.method == TRANSFER]

    def transferred(self, wildcards: Any) -> dict[str, str]:
        """The other model of a transfer, and the perturbation that was found on it."""
        of = self.settings.attacks[wildcards.attack]
        run = self.run_of(wildcards)._replace(model=str(of.model))
        condition = wildcards.attack, float(wildcards.epsilon), int(wildcards.iterations)
        ((attack, epsilon, steps),) = self._members_at(condition)
        place = {"attack": attack, "epsilon": number_text(epsilon), "iterations": steps}
        return {
            "other": self.model_file(run),
            "perturbation": self.paths.perturbation.format(**run._asdict(), **place),
        }

    def member_lists(self, wildcards: Any) -> list[str]:
        """The files of the lists after each member of an ensemble."""
        condition = wildcards.attack, float(wildcards.epsilon), int(wildcards.iterations)
        members = [
            (attack, number_text(epsilon), steps)
            for attack, epsilon, steps in self._members_at(condition)
        ]
        return self.lists_of(self.run_of(wildcards), members)

    def conditions_of(self, run: Run) -> list[Condition]:
        """All conditions of a recommender; the random recommender and baselines are not attacked."""
        attacked = run.model in (*MODELS, *self.settings.embeddings, *self.settings.controls)
        return [INITIAL, *(self.conditions(*self.products_of(run.dataset)) if attacked else ())]

    def list_of(self, run: Run, condition: Condition) -> str:
        """The file of a recommender's lists in one condition."""
        attack, epsilon, iterations = condition
        path = self.paths.initial_lists() if condition == INITIAL else self.paths.attacked_lists
        place = run._asdict()
        return path.format(**place, attack=attack, epsilon=epsilon, iterations=iterations)

    def lists_of(self, run: Run, conditions: Iterable[Condition]) -> list[str]:
        """The files of a recommender's lists in several conditions."""
        return [self.list_of(run, condition) for condition in conditions]

    def iterations_before(self, wildcards: Any) -> int:
        """The number of iterations that an attack continues from: the next smaller one in its grid, or 0.

        An attack that is run as a whole (`attacks.registry.Attack.run`) continues from none.

        With `missing: report`, the grid has only the numbers whose lists exist, so that a longer grid runs no attack.
        """
        if not self._continues(wildcards.attack):
            return 0
        shown = grids(self.shown_conditions(self.run_of(wildcards)))
        grid = shown.get((wildcards.attack, wildcards.epsilon), [])
        return max((steps for steps in grid if steps < int(wildcards.iterations)), default=0)

    def _continues(self, attack: str) -> bool:
        """Whether an attack can go on from the perturbation of fewer iterations."""
        method = self.settings.attacks[attack].method
        return method in ATTACKS and ATTACKS[method].step is not None

    def parent_perturbation(self, wildcards: Any) -> str | list:
        """The file of the perturbation that an attack continues from; [] at the beginning."""
        before = self.iterations_before(wildcards)
        if not before:
            return []
        place = self.run_of(wildcards)._asdict()
        attack = {"attack": wildcards.attack, "epsilon": wildcards.epsilon}
        return self.paths.perturbation.format(**place, **attack, iterations=before)

    def known_test_items(self, wildcards: Any) -> str | list:
        """The file of test items for an attack that knows them; [] for others, whose jobs cannot read them."""
        if knows(self.settings.attacks[wildcards.attack].plain()) != "test":
            return []
        return self.paths.split("test", dataset=wildcards.dataset)["test"]

    def last_combinations(self) -> str:
        """A regular expression for the last condition of each grid, in paths from the name of the data set on.

        Only multi-step attacks have grids. Their last perturbation is kept, for a larger number of iterations later,
        unless the attack is run as a whole and cannot go on from it.
        """
        datasets: dict[str, list[str]] = {}
        for dataset in [*self.settings.datasets, *(sample for sample, _, _ in self.samples)]:
            needed = grids(self.conditions(*self.products_of(dataset)))
            last = "|".join(
                re.escape(f"{attack}_epsilon-{epsilon}_iterations-{grid[-1]}.")
                for (attack, epsilon), grid in needed.items()
                if self._continues(attack) and not is_single_step(self.settings, attack)
            )
            datasets.setdefault(last, []).append(re.escape(dataset))
        return "|".join(
            rf"(?:{'|'.join(names)})/[^/]+/seed-\d+/(?:{last})"
            for last, names in datasets.items()
            if last
        )

    # --- What is missing ------------------------------------------------------------------------------
    # With `missing: report`, no training and no attack runs. Tables and figures show the lists that exist and name the
    # others.

    def _basis_of(self, run: Run) -> list[str]:
        """The files of data and training that a recommender's lists rest on.

        If one of them is missing, lists on the disk are of other data or another training.
        """
        data = self.paths.split("statistics", dataset=run.dataset)["statistics"]
        if run.model in self.settings.controls:
            copied = run._replace(model=self._copied(run.model))
            return [self.model_file(run), *self._basis_of(copied)]
        if run.model in self.settings.embeddings:
            return [data, self.model_file(run)]
        if run.model not in MODELS:  # the random recommender, or a baseline: no state is kept
            return [data]
        return [data, self.model_file(run), *self.ancestor_states(run, self.epochs_of(run.model))]

    def shown_conditions(self, run: Run) -> list[Condition]:
        """The conditions of a recommender that are measured; with `missing: report`, those whose lists exist."""
        if run not in self._shown:
            shown = self.conditions_of(run)
            if self.report_missing:
                based = all(map(self._exists, self._basis_of(run)))
                shown = [c for c in shown if self._exists(self.list_of(run, c))] if based else []
            self._shown[run] = shown
        return self._shown[run]

    def shown_for(self, run: Run, product: str) -> list[Condition]:
        """The measured conditions of a recommender that a product needs."""
        needed = {INITIAL, *self.conditions(PRODUCTS[product])}
        return [condition for condition in self.shown_conditions(run) if condition in needed]

    def missing_of(self, runs: Iterable[Run]) -> list[tuple]:
        """The conditions without lists, if they are reported: (data set, model, seed, attack, epsilon, iterations)."""
        found = []
        for run in runs if self.report_missing else ():
            shown = set(self.shown_conditions(run))
            found += [(*run, *c) for c in self.conditions_of(run) if c not in shown]
        return found

    def missing_notes(self, runs: Iterable[Run]) -> list[str]:
        """The sentences on missing lists in a caption about these recommenders."""
        return missing.notes(self.missing_of(runs))

    def selected_on_test(self, runs: Iterable[Run]) -> list[str]:
        """The models among these, or copied by them, whose epoch the test items select; not all have epochs."""

        def has_epochs(model: str) -> bool:
            return model in BASELINES or (model in MODELS and self.epochs_of(model) > 0)

        if self.settings.training.selection != "best-on-test":
            return []
        models = dict.fromkeys(self._copied(run.model) for run in runs)
        return [model for model in models if has_epochs(model)]

    def notes(self, runs: Iterable[Run], *, named: bool = False) -> list[str]:
        """The sentences on selection and missing lists in a caption about these recommenders.

        `named`: the models with epochs are named. Otherwise a further model changes no caption.
        """
        runs = list(runs)
        leaks = self.selected_on_test(runs)
        whose = f" of {listed(leaks)}" if named else ""
        notes = [f"The attacked epoch{whose} was chosen on the test items."] if leaks else []
        if frozen := self.single_versions(runs):
            notes.append(
                f"{', '.join(frozen)}: one version of embeddings, so the spread over seeds is that of the attacks' "
                "random draws, not of trainings."
            )
        return notes + self.missing_notes(runs)

    def single_versions(self, runs: Iterable[Run]) -> list[str]:
        """The models whose own embeddings are the same for several seeds."""
        several = len(self.settings.seeds) > 1
        own = {(run.model, run.dataset) for run in runs} if several else set()
        single = {
            model
            for model, dataset in own
            if len(stages.versions(self.settings, model, dataset)) == 1
        }
        return [model for model in self.settings.models if model in single]

    def metrics_of(self, runs: Iterable[Run]) -> list[str]:
        """The files of metrics of several recommenders, without those that lack all lists."""
        shown = [run for run in runs if self.shown_conditions(run)]
        return [self.paths.metrics.format(**run._asdict()) for run in shown]

    @cached_property
    def trained_shown(self) -> list[Run]:
        """The models on whole data sets; with `missing: report`, those whose training is finished."""
        if not self.report_missing:
            return self.trained
        return [run for run in self.trained if self._exists(self.model_file(run))]

    @property
    def with_curves(self) -> list[Run]:
        """The models among `trained_shown` that are trained here, and so have a training curve."""
        return [run for run in self.trained_shown if run.model in MODELS]

    @cached_property
    def samples_shown(self) -> list[tuple[str, str, int]]:
        """The sub-samples with lists of at least one model."""
        shown = {run.dataset for run in self.measured_samples if self.shown_conditions(run)}
        return [sample for sample in self.samples if sample[0] in shown]

    def check_shown(self) -> None:
        """Raise ConfigError if no model has lists that tables and figures could show."""
        if not self.metrics_of(self.trained):
            raise ConfigError(
                "missing: report shows finished recommendation lists only, and this study has none. Run the study "
                "with missing: error first."
            )

    def check_own_files(self, exists: Callable[[str], bool] = os.path.exists) -> None:
        """Raise ConfigError if the study has results of own files that are missing.

        Snakemake takes a result whose input is missing for a source file. After a mistyped path it would show the
        results of the earlier files as those of the new ones.

        Args:
            exists: path -> whether the user's own file exists; own files have no prefix if another workflow imports
                this one.
        """
        if self.report_missing:  # shows what exists, on purpose
            return
        made_of = {
            self.paths.prepared(name)["interactions"]: self.own_files_of(name)
            for name in self.settings.datasets
        }
        for run in self.imported:
            made_of[self.model_file(run)] = list(files_of(self.version_of(run)).values())
        gone = {
            file: result
            for result, files in made_of.items()
            for file in files
            if not exists(file) and self._exists(result)
        }
        if gone:
            raise ConfigError(
                "\n".join(
                    f"{file} not found, but {result} was made from it or from another file: check the path, or remove "
                    f"{result}"
                    for file, result in gone.items()
                )
            )

    # --- Verdict, page, run -----------------------------------------------------------------------------

    @cached_property
    def targets(self) -> dict[str, list[str]]:
        """Target rule of a product -> its files, for all products."""
        found: dict[str, list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.targets(self)
        return found

    def target(self, name: str) -> list[str]:
        """The files of a target rule."""
        return self.targets[name]

    def products(self) -> list[str]:
        """The files of all products."""
        return list(dict.fromkeys(file for files in self.targets.values() for file in files))

    def verdict_inputs(self) -> Files:
        """The files of products that the tests of claims read."""
        found: dict[str, str | list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.verdict_inputs(self)
        return found

    def page_inputs(self) -> Files:
        """The files that the products' parts of the page are made from."""
        found: dict[str, str | list[str]] = {}
        for product in PRODUCTS.values():
            found |= product.page_inputs(self)
        return found

    def page_settings(self) -> dict[str, Any]:
        """Module that shows a product on the page -> its settings, in the order of the page."""
        return {p.page_module: p.page_settings(self) for p in PRODUCTS.values()}

    def compared_studies(self) -> dict[str, list[str]]:
        """The files of the studies in `verdict.compare`, of those that are finished."""
        names = {
            "claims": "claims.csv",
            "cases": "claims_cases.csv",
            "record": "provenance.json",
        }
        folders = [f"results/{study}" for study in self.settings.verdict.compare]
        done = [f for f in folders if all(self._exists(f"{f}/{n}") for n in names.values())]
        return {f"other_{name}": [f"{f}/{file}" for f in done] for name, file in names.items()}

    def unlike_the_papers(self) -> list[str]:
        """The settings that change numbers of its products and differ from the papers', each as a line of text."""
        made = [p for p in PRODUCTS.values() if any(p.targets(self).values())]
        # If all models are own embeddings, no number depends on how models are trained here.
        apart = () if self.with_curves else ("training", "adversarial_training")
        found = {
            str(deviation): None
            for product in made
            for deviation in product.deviations(self)
            if deviation.setting.split(".")[0] not in apart
        }
        return list(found)
