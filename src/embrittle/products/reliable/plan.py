"""What attacks on the ranking leave of each model, beside the papers' attacks (docs/reliable.md)."""

from collections.abc import Iterator
from typing import Any

from embrittle.attacks.losses import DEFAULT
from embrittle.problems import Problems, suggestion
from embrittle.products.product import (
    ONE_JOB,
    Files,
    Jobs,
    Product,
    Settings,
    Study,
    Written,
    budget_of,
    check_compared,
    check_units,
    conditions_at,
    datasets_named,
    drawn,
    is_single_step,
    knowledge_of,
    members_of,
    of_each_dataset,
    tables_and_figures,
    with_members,
)
from embrittle.section import Count, Epsilons, Names, Positive, ProductSection, Text, setting


class ReliableSettings(ProductSection):
    """What attacks on the ranking leave of each model, beside the papers' attacks."""

    key = "reliable"

    datasets: Names = setting(
        list,
        "The data sets to attack. Only those that are also in the study's `datasets` count.",
    )
    attacks: Names = setting(
        ["noise", "pgd-l2", "reliable", "reliable-test"],
        "The attacks of an absolute ε, names from `attacks`. They should limit the L2 norm of each row (`norm: l2`), "
        "so that one ε is one size of the perturbation.",
    )
    reference: Text = setting(
        "pgd-l2", "The attack whose damage the others are compared with, one of `reliable.attacks`."
    )
    epsilon: Epsilons = setting([0.1, 0.25, 0.5, 1.0], "The absolute ε.")
    compare_at: Positive = setting(
        0.5, "The ε of the sentences on the page, one of `reliable.epsilon`."
    )
    relative_attacks: Names = setting(
        list, "The attacks with `budget: relative`, names from `attacks`. `[]` leaves them out."
    )
    relative_epsilon: Epsilons = setting([0.02, 0.05, 0.1, 0.2], "The relative ε.")
    iterations: Count = setting(50, "The number of iterations of multi-step attacks.")


class Reliable(Product):
    """What attacks on the ranking leave of each model."""

    name = "reliable"
    sections = (ReliableSettings,)

    def datasets(self, settings: Settings) -> list[str]:
        """The data sets of the study that `reliable.datasets` names."""
        return datasets_named(settings, ReliableSettings.of(settings).datasets)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Each attack at each epsilon of its budget."""
        own = ReliableSettings.of(settings)
        yield from conditions_at(settings, own.attacks, own.epsilon, own.iterations)
        relative = own.relative_attacks, own.relative_epsilon
        yield from conditions_at(settings, *relative, own.iterations)

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks that are not defined or in the wrong list, and a reference or ε that is not in its list."""
        own = written.get("reliable", {})
        if not own.get("datasets"):
            return
        check_units(written, "reliable", problems)
        if (name := own.get("reference")) is not None and name not in own.get("attacks", [name]):
            message = f"{name!r} is not in `reliable.attacks`{suggestion(name, own['attacks'])}"
            problems.add(("reliable", "reference"), message)
        check_compared(written, "reliable", problems)

    def files(self, study: Study) -> dict[str, str]:
        """The tables of the study, by name."""
        return {
            "long": study.results("tables/table_reliable.csv"),
            "curves": study.results("tables/reliable_curves.csv"),
            "damage": study.results("tables/reliable_damage.csv"),
            "warnings": study.results("tables/reliable_warnings.csv"),
            "markdown": study.results("tables/reliable.md"),
        }

    def _about(self, settings: Settings) -> dict[str, dict[str, Any]]:
        """Attack, or member of an ensemble -> what is said of it in the long form."""
        own = ReliableSettings.of(settings)
        shown = [*own.attacks, *own.relative_attacks]
        return {
            name: _about(settings, name, own.iterations) | {"shown": name in shown}
            for name in with_members(settings, shown)
        }

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The tables, and a figure of each data set."""
        settings, own = study.settings, ReliableSettings.of(study.settings)
        datasets = self.datasets(settings)

        def table(wildcards: Any) -> dict[str, Any]:
            shown = [run for run in study.measured if run.dataset in datasets]
            return {
                "datasets": datasets,
                "attacks": self._about(settings),
                "epsilon": {"absolute": own.epsilon, "relative": own.relative_epsilon},
                "reference": own.reference,
                "k": study.k,
                "titles": study.titles(),
                "notes": study.notes(shown),
            }

        def figure(wildcards: Any) -> dict[str, Any]:
            title = study.titles()[wildcards.dataset]
            return {
                "arguments": {"title": title, "k": study.k},
                "plots": settings.plots.plain(),
            }

        return {
            "tabulate_reliable": Jobs(ONE_JOB if datasets else (), table),
            "draw_reliable": Jobs(of_each_dataset(datasets), figure),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`reliable`: the tables, and the figure of each data set."""
        datasets, tables = self.datasets(study.settings), self.files(study)
        return {"reliable": tables_and_figures(study, datasets, tables, "reliable")}

    def page_inputs(self, study: Study) -> Files:
        """The curves, the damage beside the reference, and the warnings."""
        if not self.datasets(study.settings):
            return {}
        files = self.files(study)
        return {f"reliable_{name}": files[name] for name in ("curves", "damage", "warnings")}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its figures, and what its sentence is about."""
        own = ReliableSettings.of(study.settings)
        return {
            "figures": drawn(self.jobs(study)["draw_reliable"]),
            "sentence": {"reference": own.reference, "epsilon": own.compare_at, "k": study.k},
        }


def _about(settings: Settings, attack: str, iterations: int) -> dict[str, Any]:
    """What the long form says of an attack; an ensemble or a transfer has no loss of its own."""
    members = members_of(settings, attack)
    first = settings.attacks[members[0]]
    has_loss = members == [attack] and first.method != "noise"
    return {
        "loss": first.plain().get("loss", DEFAULT) if has_loss else "",
        "knows": knowledge_of(settings, attack),
        "rows": first.rows or "both",
        "budget": budget_of(settings, attack),
        "iterations": 1 if is_single_step(settings, attack) else iterations,
        "members": members,
        "model": settings.attacks[attack].model or "",
    }


RELIABLE = Reliable()
