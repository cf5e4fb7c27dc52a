"""How much of a defence is the length of the rows (docs/scale.md)."""

from collections.abc import Iterator
from typing import Any

from embrittle.problems import Problems, suggestion
from embrittle.products.product import (
    ONE_JOB,
    Files,
    Jobs,
    Product,
    Settings,
    Study,
    Written,
    check_units,
    datasets_named,
    drawn,
    is_single_step,
    of_each_dataset,
    tables_and_figures,
)
from embrittle.section import Count, Names, Positive, ProductSection, Text, setting


class ScaleSettings(ProductSection):
    """How much of a defence is the length of the rows: a model, its defence, and the `controls` of both."""

    key = "scale"

    datasets: Names = setting(
        list,
        "The data sets to compare on. Only those that are also in the study's `datasets` count.",
    )
    model: Text = setting("BPR-MF", "The model that the defence is compared with, one of `models`.")
    defence: Text = setting(
        "AMF",
        "The defence, one of `models`. A control of `scale.model` with `norms_of` this one stands between both.",
    )
    attacks: Names = setting(
        ["fgsm", "bim", "pgd"], "The attacks of an absolute ε, names from `attacks`."
    )
    epsilon: Positive = setting(0.5, "The absolute ε.")
    relative_attacks: Names = setting(
        ["fgsm-relative", "bim-relative"],
        "The attacks with `budget: relative`, names from `attacks`. `[]` leaves them out.",
    )
    relative_epsilon: Positive = setting(0.1, "The relative ε.")
    iterations: Count = setting(25, "The number of iterations of multi-step attacks.")


class Scale(Product):
    """What attacks leave of a model, of its defence, and of copies with the same lists."""

    name = "scale"
    sections = (ScaleSettings,)

    def datasets(self, settings: Settings) -> list[str]:
        """The data sets of the study that `scale.datasets` names."""
        return datasets_named(settings, ScaleSettings.of(settings).datasets)

    def _attacks(self, settings: Settings) -> dict[str, tuple[float, int]]:
        """Attack -> its epsilon and number of iterations."""
        own = ScaleSettings.of(settings)
        of = {
            **dict.fromkeys(own.attacks, own.epsilon),
            **dict.fromkeys(own.relative_attacks, own.relative_epsilon),
        }
        return {
            name: (epsilon, 1 if is_single_step(settings, name) else own.iterations)
            for name, epsilon in of.items()
        }

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Each attack once."""
        for attack, (epsilon, iterations) in self._attacks(settings).items():
            yield attack, epsilon, iterations

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks that are not defined or in the wrong list, models not in the study, and no scaled control."""
        own = written.get("scale", {})
        if not own.get("datasets"):
            return
        check_units(written, "scale", problems)
        models = written.get("models", [])
        for key in ("model", "defence"):
            if (name := own.get(key)) is not None and name not in models:
                problems.add(
                    ("scale", key), f"{name!r} is not in `models`{suggestion(name, models)}"
                )
        if own.get("model") is not None and own.get("model") == own.get("defence"):
            problems.add(
                ("scale", "defence"), "a model is no defence of itself: name another model"
            )
        if not any("scale" in control for control in written.get("controls", {}).values()):
            name = own.get("model", "BPR-MF")
            problems.add(
                ("scale", "datasets"),
                "the figure is drawn over the scale, but none of `controls` has one: add one, such as "
                f"{name}-double: {{of: {name}, scale: 2}}",
            )

    def files(self, study: Study) -> dict[str, str]:
        """The tables of the study, by name."""
        return {
            "long": study.results("tables/table_scale.csv"),
            "curves": study.results("tables/scale_curves.csv"),
            "seeds": study.results("tables/scale_seeds.csv"),
            "savings": study.results("tables/scale_savings.csv"),
            "markdown": study.results("tables/scale.md"),
        }

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The tables, and a figure of each data set."""
        settings, own = study.settings, ScaleSettings.of(study.settings)
        datasets = self.datasets(settings)
        compared = {"model": own.model, "defence": own.defence}

        def table(wildcards: Any) -> dict[str, Any]:
            shown = [run for run in study.measured if run.dataset in datasets]
            return {
                **compared,
                "datasets": datasets,
                "controls": settings.plain()["controls"],
                "attacks": self._attacks(settings),
                "relative": own.relative_attacks,
                "k": study.k,
                "titles": study.titles(),
                "notes": study.notes(shown),
            }

        def figure(wildcards: Any) -> dict[str, Any]:
            title = study.titles()[wildcards.dataset]
            return {
                "arguments": {**compared, "title": title, "k": study.k},
                "plots": settings.plots.plain(),
            }

        return {
            "tabulate_scale": Jobs(ONE_JOB if datasets else (), table),
            "draw_scale": Jobs(of_each_dataset(datasets), figure),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`scale`: the tables, and the figure of each data set."""
        datasets, tables = self.datasets(study.settings), self.files(study)
        return {"scale": tables_and_figures(study, datasets, tables, "scale")}

    def verdict_inputs(self, study: Study) -> Files:
        """What the defence saves in each seed."""
        return {"scale": self.files(study)["seeds"] if self.datasets(study.settings) else []}

    def page_inputs(self, study: Study) -> Files:
        """The curves, and what the defence saves."""
        if not self.datasets(study.settings):
            return {}
        files = self.files(study)
        return {f"scale_{name}": files[name] for name in ("curves", "savings")}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its figures."""
        return {"figures": drawn(self.jobs(study)["draw_scale"])}


SCALE = Scale()
