"""Figure 3: how the loss under attack depends on density, size and shape of the data, on sub-samples of a data set."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from embrittle.problems import Problems
from embrittle.products.product import (
    ONE_JOB,
    PAPERS_ATTACKS,
    Files,
    Jobs,
    Product,
    Settings,
    Study,
    Written,
    attacks_shown,
    check_attacks,
    drawn,
    grid_conditions,
    papers_names,
)
from embrittle.section import Counts, Names, Positive, ProductSection, Seed, setting

EPOCHS = {
    "best-on-test": "the best one on the test items",
    "best-on-validation": "the best one on held-out training interactions",
    "last": "the last one",
}
"""Selection of the epoch -> which one is attacked; the report says so, because the slopes hang on it."""


class Figure3Settings(ProductSection):
    """Figure 3 and its regressions: how the loss under attack depends on density, size and shape of the data."""

    key = "figure3"

    datasets: Names = setting(
        list,
        "The data sets to take sub-samples of. Only those that are also in the study's `datasets` count. Each "
        "sub-sample is trained and attacked like a data set of its own, which takes long; `[]` leaves Figure 3 out.",
    )
    kcore: Literal["one-pass", "iterative"] = setting(
        "one-pass",
        "`one-pass` removes users with fewer than k interactions, then items with fewer than k remaining ones, each "
        "once, as in the papers. `iterative` repeats this until every user and item has k, the k-core of graph "
        "theory.",
    )
    k: Counts = setting(
        [*range(10, 101, 10)],
        "The smallest numbers of interactions of users and items, one sub-sample each. Give at least three, for "
        "regressions with errors. If a k leaves no data, the error names the largest possible one.",
    )
    seeds: list[Seed] = setting(
        list,
        "The seeds on sub-samples; `[]` takes those of the study. Each seed trains all models on every k, so a study "
        "of many seeds may take fewer here.",
    )
    attacks: Annotated[Names, Field(min_length=1)] = setting(
        list(PAPERS_ATTACKS), "The attacks, names from `attacks`."
    )
    epsilon: Positive = setting(0.5, "The ε of all attacks.")
    iterations: Counts = setting(
        [10, 25],
        "The numbers of iterations of multi-step attacks, a figure for each. The paper does not print its number.",
    )


class Characteristics(Product):
    """Figure 3 and its regressions."""

    name = "characteristics"
    sections = (Figure3Settings,)
    of_samples = True

    def datasets(self, settings: Settings) -> list[str]:
        """None: Figure 3 needs sub-samples, which are data sets of their own, and no whole data set."""
        return []

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """The conditions of every sub-sample."""
        yield from grid_conditions(settings, Figure3Settings.of(settings))

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks that are not defined."""
        check_attacks(written, "figure3", problems)

    def deciding(self, study: Study) -> tuple[str, ...]:
        """Budget and kind of sub-samples. The paper does not state its number of iterations."""
        return "figure3.epsilon", "figure3.kcore"

    def accepted(self) -> dict[str, tuple[Any, ...]]:
        """The epoch that is attacked on sub-samples: the paper does not state it, and the best and the last differ."""
        return {"training.selection": ("best-on-test", "last")}

    def related(self, study: Study) -> dict[str, str]:
        """The tables of the sub-samples, and of the loss under attack on each."""
        names = ("samples", "points")
        return {name: study.results(f"tables/figure3_{name}.csv") for name in names}

    def files(self, study: Study) -> dict[str, str]:
        """The tables of regressions, and the report in Markdown."""
        names = ("regressions", "joint", "differences", "comparison", "statements")
        tables = {name: study.results(f"tables/figure3_{name}.csv") for name in names}
        return {**tables, "markdown": study.results("tables/figure3.md")}

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The table of points, their regressions, and a figure for each source and number of iterations."""
        settings, own = study.settings, Figure3Settings.of(study.settings)
        samples = study.samples_shown
        names = papers_names(study, own.attacks)

        def relate(wildcards: Any) -> dict[str, Any]:
            return {"samples": list(samples), "k": study.k, "epsilon": own.epsilon}

        def table(wildcards: Any) -> dict[str, Any]:
            which = EPOCHS[settings.training.selection]
            epoch = f"The attacked epoch of each sub-sample is {which}; the paper does not say which one it attacked."
            notes = [epoch, *study.missing_notes(study.measured_samples)]
            arguments = {"k": study.k, "titles": study.titles(), "notes": notes}
            return {"arguments": arguments, "names": names}

        def figure(wildcards: Any) -> dict[str, Any]:
            title = study.titles()[wildcards.source]
            shape = {"attacks": attacks_shown(settings, own.attacks), "k": study.k, "title": title}
            return {"arguments": shape, "names": names, "plots": settings.plots.plain()}

        once = ONE_JOB if samples else ()
        each = [
            {"source": source, "iterations": str(iterations)}
            for source in self._sources(study)
            for iterations in own.iterations
        ]
        return {
            "relate_characteristics": Jobs(once, relate),
            "tabulate_figure3": Jobs(once, table),
            "draw_figure3": Jobs(each, figure),
        }

    @staticmethod
    def _sources(study: Study) -> list[str]:
        return sorted({source for _, source, _ in study.samples_shown})

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`figure3`: the figures of every source, and the regressions."""
        figures = [
            file
            for source in self._sources(study)
            for iterations in Figure3Settings.of(study.settings).iterations
            for file in study.figures(source, f"figure3_iterations-{iterations}")
        ]
        return {"figure3": [*figures, *self.files(study).values()] if figures else []}

    def verdict_inputs(self, study: Study) -> Files:
        """The points, and the tables of regressions."""
        files = {**self.related(study), **self.files(study)}
        names = ("points", "regressions", "differences", "comparison")
        return {name: files[name] if study.samples_shown else [] for name in names}

    def page_inputs(self, study: Study) -> Files:
        """The sub-samples and their points, and the printed points."""
        theirs = study.published_for("characteristics", "characteristics.csv")
        related = self.related(study)
        return {"published_characteristics": theirs} | {
            name: related[name] if study.samples_shown else [] for name in related
        }

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its figures."""
        return {"figures": drawn(self.jobs(study)["draw_figure3"])}


CHARACTERISTICS = Characteristics()
