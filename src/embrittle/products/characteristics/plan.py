"""Figure 3: what density, size and shape of the data change, on sub-samples of a data set."""

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
    attacks_setting,
    attacks_shown,
    check_attacks,
    drawn,
    grid_conditions,
    grid_setting,
)
from embrittle.section import Counts, Names, Positive, ProductSection, Seed, setting


class Figure3Settings(ProductSection):
    """Figure 3 and its regressions: what density, size and shape of the data change."""

    key = "figure3"

    datasets: Names = setting(
        list,
        "The data sets to take sub-samples of. Each k is trained and attacked like a data set of its own, so leave it "
        "empty unless you want to know. A data set that is not in `datasets` has no effect here.",
    )
    kcore: Literal["one-pass", "iterative"] = setting(
        "one-pass",
        "`one-pass`: drop users with fewer than k interactions once, then items with fewer than k among what is left, "
        "once. The papers call this k-core. `iterative`: until all users and items have k, which is one.",
    )
    k: Counts = grid_setting(
        range(10, 101, 10),
        "The smallest numbers of interactions. A k that leaves nothing is an error that names the largest possible "
        "one. At least three make a line worth drawing.",
    )
    seeds: list[Seed] = setting(
        list,
        "Its seeds; empty for those of the study. Each is a training of both models on every k, most of a study's "
        "time, so a study of many seeds may have fewer here.",
    )
    attacks: Annotated[Names, Field(min_length=1)] = attacks_setting(PAPERS_ATTACKS, "Its attacks.")
    epsilon: Positive = setting(0.5, "Its ε.")
    iterations: Counts = grid_setting(
        [10, 25],
        "Its numbers of iterations, a figure for each. The paper does not state its own.",
    )


class Characteristics(Product):
    """See the module."""

    name = "characteristics"
    sections = (Figure3Settings,)
    of_samples = True

    def datasets(self, settings: Settings) -> list[str]:
        """None as a whole: its sub-samples are data sets of their own."""
        return []

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Those of every sub-sample."""
        yield from grid_conditions(settings, Figure3Settings.of(settings))

    def check(self, written: Written, problems: Problems) -> None:
        """The attacks are defined."""
        check_attacks(written, "figure3", problems)

    def related(self, study: Study) -> dict[str, str]:
        """The sub-samples, and what perturbations cost on each."""
        names = ("samples", "points")
        return {name: study.results(f"tables/figure3_{name}.csv") for name in names}

    def files(self, study: Study) -> dict[str, str]:
        """The regressions, and what they say."""
        names = ("regressions", "joint", "differences", "comparison", "statements")
        tables = {name: study.results(f"tables/figure3_{name}.csv") for name in names}
        return {**tables, "markdown": study.results("tables/figure3.md")}

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The points, their regressions, and a figure for each source and number of iterations."""
        settings, own = study.settings, Figure3Settings.of(study.settings)
        samples = study.samples_shown

        def relate(wildcards: Any) -> dict[str, Any]:
            return {"samples": list(samples), "k": study.k, "epsilon": own.epsilon}

        def table(wildcards: Any) -> dict[str, Any]:
            notes = study.missing_notes(study.measured_samples)
            return {"k": study.k, "titles": study.titles(), "notes": notes}

        def figure(wildcards: Any) -> dict[str, Any]:
            title = study.titles()[wildcards.source]
            shape = {"attacks": attacks_shown(settings, own.attacks), "k": study.k, "title": title}
            return {"arguments": shape, "plots": settings.plots.plain()}

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
        """The figure for every data set that it is wanted for, with its regressions."""
        figures = [
            file
            for source in self._sources(study)
            for iterations in Figure3Settings.of(study.settings).iterations
            for file in study.figures(source, f"figure3_iterations-{iterations}")
        ]
        return {"figure3": [*figures, *self.files(study).values()] if figures else []}

    def verdict_inputs(self, study: Study) -> Files:
        """The points and regressions."""
        files = {**self.related(study), **self.files(study)}
        names = ("points", "regressions", "differences", "comparison")
        return {name: files[name] if study.samples_shown else [] for name in names}

    def page_inputs(self, study: Study) -> Files:
        """The sub-samples and their points, and the printed points."""
        published = {"published_characteristics": study.published("characteristics.csv")}
        related = self.related(study)
        return published | {name: related[name] if study.samples_shown else [] for name in related}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """Its figures."""
        return {"figures": drawn(self.jobs(study)["draw_figure3"])}


CHARACTERISTICS = Characteristics()
