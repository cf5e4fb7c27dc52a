"""Figures 1 and 2: against the number of iterations, and against epsilon."""

from collections.abc import Iterator
from typing import Any

from embrittle.problems import Problems
from embrittle.products.product import (
    ONE_JOB,
    Files,
    Jobs,
    Product,
    Settings,
    Study,
    attacks_shown,
    check_attacks,
    grid_conditions,
    is_single_step,
)


class Curves(Product):
    """See the module."""

    name = "curves"
    sections = ("figure1", "figure2")

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Figure 2 has no epsilon of its own for single steps: its reference line is Figure 1's."""
        first, second = settings["figure1"], settings["figure2"]
        yield from grid_conditions(settings, "figure1")
        for attack in second["attacks"]:
            if is_single_step(settings, attack):
                yield attack, first["epsilon"], 1
            else:
                for epsilon in second["epsilon"]:
                    yield attack, epsilon, second["iterations"]

    def check(self, settings: Settings, problems: Problems) -> None:
        """The attacks are defined."""
        for section in self.sections:
            check_attacks(settings, section, problems)

    def numbers_file(self, study: Study) -> str:
        """The curves of both figures as numbers."""
        return study.results("figures/figures_1_2.csv")

    def curves(self, study: Study) -> dict[str, dict[str, Any]]:
        """Figure -> what its curves are computed from."""
        return {
            section: {
                "attacks": attacks_shown(study.settings, section),
                "k": study.k,
                "epsilon": study.settings[section]["epsilon"],
                "iterations": study.settings[section]["iterations"],
            }
            for section in self.sections
        }

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """A figure for each data set, and the numbers."""
        curves = self.curves(study)
        references = {"figure2": {"fgsm_epsilon": study.settings["figure1"]["epsilon"]}}
        shown = [name for name in self.sections if study.settings[name]["attacks"]]

        def figure(wildcards: Any) -> dict[str, Any]:
            name = wildcards.figure
            title = {"title": study.titles()[wildcards.dataset]}
            return {
                "arguments": {**curves[name], **references.get(name, {}), **title},
                "plots": study.settings["plots"],
            }

        datasets = study.settings["datasets"]
        each = [{"dataset": dataset, "figure": name} for name in shown for dataset in datasets]
        return {
            "draw_figure": Jobs(each, figure),
            "tabulate_curves": Jobs(ONE_JOB if shown else (), lambda wildcards: curves),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """Each figure for every data set, if it is to show any attack."""
        return {
            name: [
                *(
                    f
                    for dataset in study.settings["datasets"]
                    for f in study.figures(dataset, name)
                ),
                self.numbers_file(study),
            ]
            if study.settings[name]["attacks"]
            else []
            for name in self.sections
        }

    def page_inputs(self, study: Study) -> Files:
        """The published curves; ours come from the metrics."""
        return {"published_figures": study.published("figures_1_2.csv")}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """What the curves are computed from."""
        epsilon = study.settings["figure1"]["epsilon"]
        return {"figures": self.curves(study), "single_step_epsilon": epsilon}


CURVES = Curves()
