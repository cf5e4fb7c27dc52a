"""Figures 1 and 2: measures against the number of iterations, and against epsilon."""

from collections.abc import Iterator
from typing import Any

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
    is_single_step,
    papers_names,
)
from embrittle.section import Count, Counts, Epsilons, Names, Positive, ProductSection, setting

_EPSILONS = [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0]
_EPSILONS += [2.5, 5.0, 7.5, 10.0]


class Figure1Settings(ProductSection):
    """Figure 1: nDCG and item coverage against the number of iterations."""

    key = "figure1"

    attacks: Names = setting(
        list(PAPERS_ATTACKS), "The attacks, names from `attacks`. `[]` leaves Figure 1 out."
    )
    epsilon: Positive = setting(0.5, "The ε of all attacks.")
    iterations: Counts = setting(
        [1, 10, 20, 25, *range(30, 301, 10)],
        "The numbers of iterations in the curves. Those that Table 1 has at the same ε cost nothing; others up to its "
        "largest cost one more set of recommendation lists each.",
    )


class Figure2Settings(ProductSection):
    """Figure 2: nDCG against ε."""

    key = "figure2"

    attacks: Names = setting(
        list(PAPERS_ATTACKS), "The attacks, names from `attacks`. `[]` leaves Figure 2 out."
    )
    iterations: Count = setting(25, "The number of iterations of multi-step attacks.")
    epsilon: Epsilons = setting(
        _EPSILONS, "The values of ε in the curves; the axis is logarithmic."
    )


class Curves(Product):
    """Figures 1 and 2."""

    name = "curves"
    sections = (Figure1Settings, Figure2Settings)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """The conditions of both figures; a single-step attack in Figure 2 is a line at Figure 1's epsilon."""
        first, second = Figure1Settings.of(settings), Figure2Settings.of(settings)
        yield from grid_conditions(settings, first)
        for attack in second.attacks:
            if is_single_step(settings, attack):
                yield attack, first.epsilon, 1
            else:
                for epsilon in second.epsilon:
                    yield attack, epsilon, second.iterations

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks that are not defined."""
        for section in self.sections:
            check_attacks(written, section.key, problems)

    def numbers_file(self, study: Study) -> str:
        """The file of the numbers in both figures."""
        return study.results("figures/figures_1_2.csv")

    def _sections(self, study: Study) -> list[Figure1Settings | Figure2Settings]:
        return [Figure1Settings.of(study.settings), Figure2Settings.of(study.settings)]

    def curves(self, study: Study) -> dict[str, dict[str, Any]]:
        """Figure -> the arguments that its curves are computed with."""
        return {
            own.key: {
                "attacks": attacks_shown(study.settings, own.attacks),
                "k": study.k,
                "epsilon": own.epsilon,
                "iterations": own.iterations,
            }
            for own in self._sections(study)
        }

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """A figure for each data set, and the numbers."""
        curves = self.curves(study)
        epsilon = Figure1Settings.of(study.settings).epsilon
        references = {"figure2": {"fgsm_epsilon": epsilon}}
        shown = [own.key for own in self._sections(study) if own.attacks]

        def figure(wildcards: Any) -> dict[str, Any]:
            name = wildcards.figure
            title = {"title": study.titles()[wildcards.dataset]}
            return {
                "arguments": {**curves[name], **references.get(name, {}), **title},
                "names": papers_names(study, curves[name]["attacks"]),
                "plots": study.settings.plots.plain(),
            }

        datasets = study.settings.datasets
        each = [{"dataset": dataset, "figure": name} for name in shown for dataset in datasets]
        return {
            "draw_figure": Jobs(each, figure),
            "tabulate_curves": Jobs(ONE_JOB if shown else (), lambda wildcards: curves),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`figure1` and `figure2`: a figure for every data set, and the numbers; none without attacks."""
        found: dict[str, list[str]] = {}
        for own in self._sections(study):
            datasets = study.settings.datasets
            figures = [file for dataset in datasets for file in study.figures(dataset, own.key)]
            found[own.key] = [*figures, self.numbers_file(study)] if own.attacks else []
        return found

    def page_inputs(self, study: Study) -> Files:
        """The published curves; ours come from the metrics."""
        return {"published_figures": study.published_for("curves", "figures_1_2.csv")}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its figures."""
        return {"figures": drawn(self.jobs(study)["draw_figure"])}


CURVES = Curves()
