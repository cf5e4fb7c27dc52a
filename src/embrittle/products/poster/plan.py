"""The tables and figures of the APR poster: robustness and accuracy, noise and training curves."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from embrittle.models.baselines.registry import BASELINES
from embrittle.problems import Problems, suggestion
from embrittle.products.product import (
    ONE_JOB,
    Files,
    Jobs,
    Product,
    Settings,
    Study,
    Written,
    datasets_named,
    for_page,
    methods_of,
    usable_attacks,
)
from embrittle.section import Epsilons, Names, ProductSection, setting


class PosterSettings(ProductSection):
    """The tables and figures of the APR poster."""

    key = "poster"

    datasets: Names = setting(
        list,
        "The data sets to make them for. Only those that are also in the study's `datasets` count.",
    )
    attacks: Annotated[Names, Field(min_length=1)] = setting(
        ["fgsm", "noise"],
        "The kinds of noise to show, names from `attacks`; only single-step methods are possible.",
    )
    epsilon: Epsilons = setting([0.5, 1.0, 2.0], "The L2 norms of noise in the robustness table.")
    noise_epsilon: Epsilons = setting(
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0],
        "The L2 norms in the curves of the noise figure; 0 is added.",
    )
    baselines: Names = setting(
        list(BASELINES),
        "The recommenders that the accuracy table compares the models with. The neural ones (all but `ItemPop`) take "
        "more time than everything else; leave them out to save it.",
    )


class Poster(Product):
    """The tables and figures of the APR poster."""

    name = "poster"
    sections = (PosterSettings,)

    def datasets(self, settings: Settings) -> list[str]:
        """The data sets of the study that `poster.datasets` names."""
        return datasets_named(settings, PosterSettings.of(settings).datasets)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Each single-step attack at the norms of table and figure."""
        own = PosterSettings.of(settings)
        for attack in own.attacks:
            for epsilon in (*own.epsilon, *own.noise_epsilon):
                yield attack, epsilon, 1

    def check(self, written: Written, problems: Problems) -> None:
        """Report unknown baselines and, if the poster is made, attacks that are unknown or take several steps."""
        for i, name in enumerate(written.get("poster", {}).get("baselines", [])):
            if name not in BASELINES:
                message = f"unknown baseline {name!r}{suggestion(name, BASELINES)}"
                problems.add(("poster", "baselines", i), message)
        for i, name, method in usable_attacks(written, "poster", problems):
            if not method.single_step:
                message = f"{name} takes several steps: the poster shows single-step attacks only"
                problems.add(("poster", "attacks", i), message)

    def papers_values(self) -> dict[str, Any]:
        """The poster's authors let AMF start with fresh accumulators, and choose the epoch by lists of 100."""
        return {
            "training.criterion": "nDCG@100",
            "adversarial_training.restart_accumulators": True,
        }

    def files(self, study: Study, table: str) -> dict[str, str]:
        """Form -> file of a table, "robustness" or "accuracy"."""
        return {
            "long": study.results(f"tables/{table}.csv"),
            "claims": study.results(f"tables/{table}_claims.csv"),
            "markdown": study.results(f"tables/{table}.md"),
            "latex": study.results(f"tables/{table}.tex"),
        }

    def numbers_file(self, study: Study, figure: str) -> str:
        """The file of the numbers in a figure, "noise" or "training"; `figure` may be a wildcard."""
        return study.results(f"figures/{figure}.csv")

    def trainings(self, study: Study) -> list[Any]:
        """The models in the figure of training curves."""
        datasets = self.datasets(study.settings)
        return [run for run in study.with_curves if run.dataset in datasets]

    def _methods(self, study: Study) -> dict[str, str]:
        attacks = PosterSettings.of(study.settings).attacks
        return methods_of(study.settings, attacks if self.datasets(study.settings) else ())

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """Both tables, the numbers of both figures, and the figures of each data set."""
        own, datasets = PosterSettings.of(study.settings), self.datasets(study.settings)
        methods, once = self._methods(study), ONE_JOB if datasets else ()
        measured = [*study.measured, *study.measured_baselines]

        def captions() -> dict[str, Any]:
            return {"titles": study.titles(), "notes": study.notes(measured)}

        def robustness(wildcards: Any) -> dict[str, Any]:
            shape = {"datasets": datasets, "methods": methods, "epsilon": own.epsilon}
            return {"arguments": {**shape, "k": study.k}, "captions": captions()}

        def accuracy(wildcards: Any) -> dict[str, Any]:
            return {"arguments": {"datasets": datasets, "k": study.k}, "captions": captions()}

        def noise(wildcards: Any) -> dict[str, Any]:
            grid = {"attacks": list(methods), "epsilon": own.noise_epsilon}
            return {"datasets": datasets, **grid, "k": study.k}

        def training(wildcards: Any) -> dict[str, Any]:
            runs = [run._asdict() for run in self.trainings(study)]
            return {"trainings": runs, "k": study.criterion_k}

        def figure(wildcards: Any) -> dict[str, Any]:
            shapes: dict[str, dict[str, Any]] = {
                "noise": {"methods": methods, "k": study.k},
                "training": {"k": study.criterion_k},
            }
            title = study.titles()[wildcards.dataset]
            return {
                "arguments": {**shapes[wildcards.figure], "title": title},
                "plots": study.settings.plots.plain(),
            }

        each = [{"dataset": d, "figure": f} for f in ("noise", "training") for d in datasets]
        return {
            "tabulate_robustness": Jobs(once, robustness),
            "tabulate_accuracy": Jobs(once, accuracy),
            "tabulate_noise": Jobs(once, noise),
            "tabulate_training": Jobs(once, training),
            "draw_poster": Jobs(each, figure),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`poster`: both tables, and both figures of each data set."""
        datasets = self.datasets(study.settings)
        if not datasets:
            return {"poster": []}
        tables = [f for t in ("robustness", "accuracy") for f in self.files(study, t).values()]
        names = ("noise", "training")
        figures = [f for name in names for d in datasets for f in study.figures(d, name)]
        return {"poster": [*tables, *figures]}

    def page_inputs(self, study: Study) -> Files:
        """The long form of both tables."""
        tables = ("robustness", "accuracy") if self.datasets(study.settings) else ()
        return {table: self.files(study, table)["long"] for table in tables}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of the curves under noise, and all trainings, whose curves the page shows in any study."""
        noise = {
            "datasets": self.datasets(study.settings),
            "methods": self._methods(study),
            "epsilon": PosterSettings.of(study.settings).noise_epsilon,
            "k": study.k,
        }
        trainings = [run._asdict() for run in study.with_curves]
        training = {"trainings": trainings, "curve_k": study.criterion_k}
        return {"noise": noise, **training, "plots": for_page(study.settings.plots.plain())}


POSTER = Poster()
