"""Table 1, and each user's nDCG in its cells, for the paired tests of the verdict."""

from collections.abc import Iterator
from typing import Any

from embrittle.attacks.methods import ATTACKS
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
    grid_conditions,
    of_each_run,
    of_models,
    papers_names,
    table_files,
    value_at,
)
from embrittle.section import Counts, Names, Positive, ProductSection, setting

# Percent of an area that the papers' grid, from 1 to 300, and the default study's, to 50, may lack in front.
_LARGEST_GAP = 2.0


class Table1Settings(ProductSection):
    """Table 1: all measures, unperturbed and under each attack."""

    key = "table1"

    attacks: Names = setting(
        list(PAPERS_ATTACKS), "The attacks, names from `attacks`. `[]` leaves Table 1 out."
    )
    epsilon: Positive = setting(0.5, "The ε of all attacks.")
    iterations: Counts = setting(
        [1, *range(10, 301, 10)],
        "The numbers of iterations, at least two: a cell of a multi-step attack is the area under its curve over them, "
        "divided by the largest. Only the default values give cells comparable to the published ones.",
    )


class Table1(Product):
    """Table 1."""

    name = "table1"
    sections = (Table1Settings,)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Single-step attacks once; multi-step attacks after each number of iterations."""
        yield from grid_conditions(settings, Table1Settings.of(settings))

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks that are not defined, and a curve of one point, under which there is no area."""
        check_attacks(written, "table1", problems)
        iterations = value_at(written, "table1.iterations")
        if iterations and len(iterations) == 1 and _accumulates(written):
            message = "Table 1 shows areas under curves over iterations: give at least two numbers"
            problems.add(("table1", "iterations"), message)

    def deciding(self, study: Study) -> tuple[str, ...]:
        """Budget and grid: cells of attacks in steps are areas under curves."""
        return "table1.epsilon", "table1.iterations"

    def files(self, study: Study) -> dict[str, str]:
        """Form -> file of the table."""
        return table_files(study, "table1")

    @staticmethod
    def users_file(study: Study) -> str:
        """The pattern of the file with the nDCG of each user of a model."""
        return study.results("users/{dataset}/{model}/seed-{seed}.parquet")

    def users_shown(self, study: Study) -> list[Any]:
        """The models whose users the paired tests compare, without those that lack all lists."""
        if not Table1Settings.of(study.settings).attacks:
            return []
        return [run for run in study.trained if study.shown_for(run, "table1")]

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The table, and the nDCG of each user of each model."""
        own = Table1Settings.of(study.settings)
        shape = {"attacks": attacks_shown(study.settings, own.attacks), "k": study.k}
        shape |= {"epsilon": own.epsilon, "iterations": own.iterations}

        def table(wildcards: Any) -> dict[str, Any]:
            notes = study.notes(study.measured) + self._area_notes(study)
            captions = {"titles": study.titles(), "notes": notes}
            names = papers_names(study, own.attacks)
            return {"arguments": shape, "captions": captions, "names": names}

        def users(wildcards: Any) -> dict[str, Any]:
            conditions = study.shown_for(study.run_of(wildcards), "table1")
            return {**shape, "length": study.list_length, "conditions": conditions}

        return {
            "tabulate_table1": Jobs(ONE_JOB if own.attacks else (), table),
            "evaluate_users": Jobs(of_each_run(self.users_shown(study)), users),
        }

    def _area_notes(self, study: Study) -> list[str]:
        """The sentence about areas that begin late in a short grid: their cells are too small by construction."""
        grid = Table1Settings.of(study.settings).iterations
        attacks = attacks_shown(study.settings, Table1Settings.of(study.settings).attacks)
        missing = 100 * min(grid) / max(grid)
        if missing <= _LARGEST_GAP or all(attacks.values()):
            return []
        return [
            f"The areas of attacks in steps begin at {min(grid)} of {max(grid)} iterations, so their cells are "
            f"{missing:.0f} % too small: add a larger number of iterations (table1.iterations)."
        ]

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`table1`: all forms of the table; none without attacks."""
        made = Table1Settings.of(study.settings).attacks
        return {"table1": list(self.files(study).values()) if made else []}

    def verdict_inputs(self, study: Study) -> Files:
        """The nDCG of each user, one file per model."""
        return of_models({"users": self.users_file(study)}, self.users_shown(study))

    def page_inputs(self, study: Study) -> Files:
        """The cells over seeds, and their comparison with the published ones."""
        if not Table1Settings.of(study.settings).attacks:
            return {}
        files = self.files(study)
        return {"table1_seeds": files["spread"], "table1_comparison": files["comparison"]}


def _accumulates(written: Written) -> bool:
    """Whether Table 1 has a multi-step attack, whose cells are areas under curves."""
    definitions = written.get("attacks", {})
    methods = [
        ATTACKS.get(definitions.get(name, {}).get("method"))
        for name in written["table1"].get("attacks", [])
    ]
    return any(method is not None and not method.single_step for method in methods)


TABLE1 = Table1()
