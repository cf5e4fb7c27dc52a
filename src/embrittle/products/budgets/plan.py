"""Attacks compared at equal perturbation norm instead of at equal epsilon (docs/budgets.md)."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from embrittle.attacks.methods import ATTACKS
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
    drawn,
    is_single_step,
    methods_of,
    of_each_dataset,
    of_each_run,
    of_models,
    tables_and_figures,
    usable_attacks,
    value_at,
)
from embrittle.section import Count, Epsilons, Names, Positive, ProductSection, Text, setting

PARTS = ("points", "matched", "shares")


class BudgetSettings(ProductSection):
    """Attacks compared at equal perturbation norm instead of at equal ε."""

    key = "budgets"

    datasets: Names = setting(
        list,
        "The data sets to compare attacks on. Only those that are also in the study's `datasets` count.",
    )
    attacks: Annotated[Names, Field(min_length=1)] = setting(
        ["fgsm", "noise", "bim", "pgd", "bim-l2", "pgd-l2", "bim-l2-resampled"],
        "The attacks to compare, names from `attacks`.",
    )
    reference: Text = setting(
        "fgsm",
        "The single-step attack, one of `budgets.attacks`, that each other attack is compared with, user by user, at "
        "equal norm.",
    )
    epsilon: Epsilons = setting(
        [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0],
        "The values of ε in the curves of single-step attacks and of attacks with `norm: l2`, whose perturbation norm "
        "is at most ε.",
    )
    epsilon_linf: Epsilons = setting(
        [0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75],
        "The values of ε in the curves of attacks with `norm: linf`, whose perturbation norm is several times ε.",
    )
    iterations: Count = setting(
        25, "The number of iterations of multi-step attacks in the curves over ε."
    )
    compare_at: Positive = setting(
        0.5,
        "The ε at which the papers compare attacks. The table of shares says how much of the difference in nDCG at "
        "this ε is due to the norm.",
    )
    over_iterations: list[Count] = setting(
        [1, 5, 10, 25, 50, 150],
        "The numbers of iterations in a further curve of attacks with `norm: linf`, at `compare_at`. `[]` leaves the "
        "curve out.",
    )
    norms: Epsilons = setting(
        [0.5, 1.0, 2.0, 3.0],
        "The perturbation norms in the table. A norm above the largest of an attack gets a dash.",
    )


class Budgets(Product):
    """The comparison of attacks at equal perturbation norm."""

    name = "budgets"
    sections = (BudgetSettings,)

    def datasets(self, settings: Settings) -> list[str]:
        """The data sets of the study that `budgets.datasets` names."""
        return datasets_named(settings, BudgetSettings.of(settings).datasets)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """A curve over epsilon for each attack and, for attacks with `norm: linf`, one over iterations."""
        own = BudgetSettings.of(settings)
        for attack in own.attacks:
            clipped = norm_of(settings, attack) == "linf"
            steps = 1 if is_single_step(settings, attack) else own.iterations
            grid = own.epsilon_linf if clipped else own.epsilon
            for epsilon in (*grid, own.compare_at):
                yield attack, epsilon, steps
            for iterations in own.over_iterations if clipped else ():
                yield attack, own.compare_at, iterations

    def check(self, written: Written, problems: Problems) -> None:
        """Report a reference that is not among the attacks, or takes several steps."""
        methods = {name: method for _, name, method in usable_attacks(written, "budgets", problems)}
        reference = value_at(written, "budgets.reference")
        if not methods or reference is None:
            return
        if reference not in methods:
            message = f"must be one of budgets.attacks{suggestion(reference, methods)}"
            problems.add(("budgets", "reference"), message)
        elif not methods[reference].single_step:
            message = f"{reference} takes several steps: choose a single-step attack to compare the others with"
            problems.add(("budgets", "reference"), message)

    def model_files(self, study: Study) -> dict[str, str]:
        """Part of the comparison of one model -> the pattern of its file."""
        folder = "budgets/{dataset}/{model}/seed-{seed}"
        return {part: study.results(f"{folder}/{part}.parquet") for part in PARTS}

    def files(self, study: Study) -> dict[str, str]:
        """The tables of the study, by name."""
        return {
            "long": study.results("tables/table_budgets.csv"),
            "matched": study.results("tables/budgets_matched.csv"),
            "seeds": study.results("tables/budgets_seeds.csv"),
            "shares": study.results("tables/budgets_shares.csv"),
            "statements": study.results("tables/budgets_statements.csv"),
            "markdown": study.results("tables/budgets.md"),
            "latex": study.results("tables/budgets.tex"),
        }

    def runs(self, study: Study) -> list[Any]:
        """The models on which attacks are compared, without those that lack all lists."""
        datasets = self.datasets(study.settings)
        here = [run for run in study.trained if run.dataset in datasets]
        return [run for run in here if study.shown_for(run, "budgets")]

    def of_models(self, study: Study) -> dict[str, list[str]]:
        """`model_files` of all models."""
        return of_models(self.model_files(study), self.runs(study))

    def _at(self, study: Study) -> dict[str, int]:
        """The parameters that evaluation, tables, figure and page share."""
        return {"iterations": BudgetSettings.of(study.settings).iterations, "k": study.k}

    def _methods(self, study: Study) -> dict[str, str]:
        attacks = BudgetSettings.of(study.settings).attacks
        return methods_of(study.settings, attacks if self.datasets(study.settings) else ())

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The comparison of each model, the tables, and a figure of each data set."""
        settings, own = study.settings, BudgetSettings.of(study.settings)
        datasets, methods = self.datasets(settings), self._methods(study)
        against = {"reference": own.reference, "compare_at": own.compare_at}

        def model(wildcards: Any) -> dict[str, Any]:
            return {
                "conditions": study.shown_for(study.run_of(wildcards), "budgets"),
                "length": study.list_length,
                "norms_of": {name: norm_of(settings, name) for name in methods},
                "norms": own.norms,
                **self._at(study),
                **against,
            }

        def table(wildcards: Any) -> dict[str, Any]:
            many = [name for name, method in methods.items() if not ATTACKS[method].single_step]
            shown = [run for run in study.measured if run.dataset in datasets]
            texts = {"titles": study.titles(), "notes": study.notes(shown)}
            return {"multi_step": many, **self._at(study), **against, **texts}

        def figure(wildcards: Any) -> dict[str, Any]:
            shape = {"methods": methods, **self._at(study), "largest": 1.5 * max(own.norms)}
            title = study.titles()[wildcards.dataset]
            return {"arguments": {**shape, "title": title}, "plots": settings.plots.plain()}

        return {
            "evaluate_budgets": Jobs(of_each_run(self.runs(study)), model),
            "tabulate_budgets": Jobs(ONE_JOB if datasets else (), table),
            "draw_budgets": Jobs(of_each_dataset(datasets), figure),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`budgets`: the tables, and the figure of each data set."""
        datasets, tables = self.datasets(study.settings), self.files(study)
        return {"budgets": tables_and_figures(study, datasets, tables, "budgets")}

    def verdict_inputs(self, study: Study) -> Files:
        """The differences to the reference in each seed."""
        return {"budgets": self.files(study)["seeds"] if self.datasets(study.settings) else []}

    def page_inputs(self, study: Study) -> Files:
        """The points of the curves, and both tables."""
        if not self.datasets(study.settings):
            return {}
        files = self.files(study)
        shown = {"points": "long", "matched": "matched", "shares": "shares"}
        return {f"budgets_{part}": files[name] for part, name in shown.items()}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its figures."""
        return {"figures": drawn(self.jobs(study)["draw_budgets"])}


def norm_of(settings: Settings, attack: str) -> str:
    """The norm that epsilon limits in an attack: "linf" or "l2"; "l2" for all single-step attacks."""
    return settings.attacks[attack].plain().get("norm", "l2")


BUDGETS = Budgets()
