"""What no perturbation can take from each model, beside what attacks do take (docs/certificates.md)."""

from collections.abc import Iterator
from typing import Any

from embrittle.attacks.methods import ATTACKS
from embrittle.certificates.threats import BUDGETS, Threat
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
    knowledge_of,
    members_of,
    of_each_dataset,
    of_each_run,
    of_models,
    tables_and_figures,
    with_members,
)
from embrittle.section import Epsilons, Names, Positive, ProductSection, Text, Whole, setting

GRID = [
    *(0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007),
    *(0.01, 0.015, 0.02, 0.03, 0.05, 0.07),
    *(0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0),
]


class CertificatesSettings(ProductSection):
    """What no perturbation within a budget can take from each model, beside what attacks do take."""

    key = "certificates"

    datasets: Names = setting(
        list,
        "The data sets whose models are certified. Only those that are also in the study's `datasets` count.",
    )
    epsilon: Epsilons = setting(
        GRID,
        "The ε of all curves, absolute and relative. One pass serves all of them, so more cost nothing.",
    )
    compare_at: Positive = setting(
        0.01,
        "The relative ε of the sentences on the page, and at which models are compared, one of "
        "`certificates.epsilon`.",
    )
    model: Text = setting("BPR-MF", "The model that the others are compared with.")
    search_nodes: Whole = setting(
        1000,
        "For the exact worst case of perturbed user rows: so many sets of items are tried for each user. 0 leaves the "
        "exact worst case out.",
        ge=0,
    )
    attacks: Names = setting(
        ["pgd-l2", "reliable", "reliable-test"],
        "The attacks of an absolute ε to show beside the certificates, names from `attacks`. No attack may leave less "
        "than its certificate says: the study stops if one does.",
    )
    attack_epsilon: Epsilons = setting([0.02, 0.1, 0.5], "The ε of these attacks.")
    relative_attacks: Names = setting(
        list, "The attacks with `budget: relative`, names from `attacks`. `[]` leaves them out."
    )
    relative_attack_epsilon: Epsilons = setting([0.01, 0.1], "The relative ε of these attacks.")
    iterations: Whole = setting(50, "The number of iterations of multi-step attacks.", ge=1)
    attributes: Names = setting(
        ["user_gender", "user_interactions"],
        "The attributes of users, names from `attributes`, whose groups are compared by their certified radii.",
    )


class Certificates(Product):
    """Certified curves of each model, radii of users and groups, and attacks beside them."""

    name = "certificates"
    sections = (CertificatesSettings,)

    def datasets(self, settings: Settings) -> list[str]:
        """The data sets of the study that `certificates.datasets` names."""
        return datasets_named(settings, CertificatesSettings.of(settings).datasets)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Each attack at each epsilon of its budget."""
        own = CertificatesSettings.of(settings)
        yield from conditions_at(settings, own.attacks, own.attack_epsilon, own.iterations)
        relative = own.relative_attacks, own.relative_attack_epsilon
        yield from conditions_at(settings, *relative, own.iterations)

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks and attributes that are not defined or of the wrong kind, and an ε that is not in its list."""
        own = written.get("certificates", {})
        if not own.get("datasets"):
            return
        check_units(written, "certificates", problems)
        check_compared(written, "certificates", problems)
        attributes = written.get("attributes", {})
        wrong = {path[:2] for path in problems.paths}
        for i, name in enumerate(own.get("attributes", [])):
            if name in attributes and attributes[name].get("of") == "items":
                message = f"{name} is an attribute of items; radii are those of users"
                problems.add(("certificates", "attributes", i), message)
            elif name not in attributes and ("attributes", name) not in wrong:
                message = f"unknown attribute {name!r}{suggestion(name, attributes)}"
                problems.add(("certificates", "attributes", i), message)

    def model_files(self, study: Study) -> dict[str, str]:
        """The results of each model, as patterns of paths."""
        folder = "certificates/{dataset}/{model}/seed-{seed}"
        return {
            "radii": study.results(f"{folder}/radii.safetensors"),
            "search": study.results(f"{folder}/search.parquet"),
            "curves": study.results(f"{folder}/curves.parquet"),
            "users": study.results(f"{folder}/users.parquet"),
            "groups": study.results(f"{folder}/groups.parquet"),
        }

    def evaluated(self, study: Study) -> dict[str, str]:
        """`model_files` that are made by the last job of a model."""
        return {name: self.model_files(study)[name] for name in ("curves", "users", "groups")}

    def search_file(self, study: Study) -> str | list[str]:
        """The results of the search in a model; none if the search is left out."""
        searched = CertificatesSettings.of(study.settings).search_nodes > 0
        return self.model_files(study)["search"] if searched else []

    def runs(self, study: Study) -> list[Any]:
        """The models to certify, without those that lack all lists."""
        datasets = self.datasets(study.settings)
        found = [run for run in study.trained_shown if run.dataset in datasets]
        return [run for run in found if study.shown_for(run, self.name)]

    def of_models(self, study: Study) -> dict[str, list[str]]:
        """The curves and groups of all models."""
        files = self.model_files(study)
        return of_models({name: files[name] for name in ("curves", "groups")}, self.runs(study))

    def files(self, study: Study) -> dict[str, str]:
        """The tables of the study, by name."""
        return {
            "long": study.results("tables/table_certificates.csv"),
            "curves": study.results("tables/certificates_curves.csv"),
            "sandwich": study.results("tables/certificates_sandwich.csv"),
            "differences": study.results("tables/certificates_differences.csv"),
            "seeds": study.results("tables/certificates_seeds.csv"),
            "groups": study.results("tables/certificates_groups.csv"),
            "markdown": study.results("tables/certificates.md"),
        }

    def _attacks(self, settings: Settings) -> dict[str, dict[str, Any]]:
        """Attack, or member of an ensemble -> what it may perturb, what it knows, and whether tables show it."""
        own = CertificatesSettings.of(settings)
        shown = [*own.attacks, *own.relative_attacks]
        return {
            name: {
                "threat": list(threat_of(settings, name)),
                "knows": knowledge_of(settings, name),
                "shown": name in shown,
            }
            for name in with_members(settings, shown)
        }

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The radii of each model, the search for the exact worst case, curves and groups, tables, and figures."""
        settings, own = study.settings, CertificatesSettings.of(study.settings)
        datasets = self.datasets(settings)
        runs = of_each_run(self.runs(study)) if datasets else []
        shown = settings.evaluation.k

        def search(wildcards: Any) -> dict[str, Any]:
            return {"epsilon": own.epsilon, "n_nodes": own.search_nodes, "k": study.k}

        def evaluate(wildcards: Any) -> dict[str, Any]:
            return {
                "conditions": study.shown_for(study.run_of(wildcards), self.name),
                "attacks": self._attacks(settings),
                "epsilon": own.epsilon,
                "k": shown,
                "attributes": {name: settings.attributes[name].plain() for name in own.attributes},
            }

        def table(wildcards: Any) -> dict[str, Any]:
            return {
                "runs": [tuple(run) for run in self.runs(study)],
                "model": own.model,
                "epsilon": own.compare_at,
                "attacks": self._attacks(settings),
                "k": study.k,
                "titles": study.titles(),
                "notes": study.notes(self.runs(study)),
            }

        def figure(wildcards: Any) -> dict[str, Any]:
            title = study.titles()[wildcards.dataset]
            return {
                "arguments": {"title": title, "k": study.k},
                "plots": settings.plots.plain(),
            }

        return {
            "certify_model": Jobs(runs, lambda w: {"k": study.k, "length": max(shown)}),
            "search_worst_case": Jobs(runs if own.search_nodes else (), search),
            "evaluate_certificates": Jobs(runs, evaluate),
            "tabulate_certificates": Jobs(ONE_JOB if datasets else (), table),
            "draw_certificates": Jobs(
                [of | {"budget": budget} for of in of_each_dataset(datasets) for budget in BUDGETS],
                figure,
            ),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`certificates`: the tables, the figures of each data set, and the radii of all users."""
        datasets, tables = self.datasets(study.settings), self.files(study)
        users = of_models({"users": self.model_files(study)["users"]}, self.runs(study))["users"]
        figures = [f"certificates_{budget}" for budget in BUDGETS]
        made = tables_and_figures(study, datasets, tables, *figures)
        return {"certificates": [*made, *(users if datasets else ())]}

    def verdict_inputs(self, study: Study) -> Files:
        """The differences of models in each seed."""
        made = self.datasets(study.settings)
        return {"certificates": self.files(study)["seeds"] if made else []}

    def page_inputs(self, study: Study) -> Files:
        """The curves, the values beside the attacks, the differences of models, and the radii of groups."""
        if not self.datasets(study.settings):
            return {}
        files = self.files(study)
        names = ("curves", "sandwich", "seeds", "groups")
        return {f"certificates_{name}": files[name] for name in names}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its figures, and what its sentences are about."""
        own = CertificatesSettings.of(study.settings)
        return {
            "figures": drawn(self.jobs(study)["draw_certificates"]),
            "sentence": {"epsilon": own.compare_at, "model": own.model, "k": study.k},
        }


def threat_of(settings: Settings, attack: str) -> Threat:
    """What an attack may perturb; members of an ensemble that differ in the norm are covered by the elements' limit."""
    members = [settings.attacks[name] for name in members_of(settings, attack)]
    norms = {of.plain().get("norm", ATTACKS[of.method].options.get("norm", "l2")) for of in members}
    norm = "l2" if norms == {"l2"} else "linf"
    return Threat(members[0].rows or "both", norm, budget_of(settings, attack))


CERTIFICATES = Certificates()
