"""Tables 2 and 3, and a heat map of the changes in Table 3."""

from collections.abc import Iterator
from typing import Any, Literal

from embrittle.problems import Problems, suggestion
from embrittle.products.product import (
    ONE_JOB,
    PAPERS_ATTACKS,
    Files,
    Jobs,
    Product,
    Settings,
    Study,
    Written,
    check_attacks,
    drawn,
    is_single_step,
    of_each_dataset,
    of_each_run,
    of_models,
    papers_names,
    table_files,
    value_at,
)
from embrittle.section import (
    Count,
    Names,
    Number,
    Positive,
    ProductSection,
    Section,
    Share,
    setting,
)

TABLES = ("table2", "table3")


class CrossEntropy(Section):
    """Generalised cross entropy."""

    beta: Number = setting(2.0, "The order β of GCE, any number except 0 and 1.")
    smoothing: Share = setting(
        0.05,
        "The share, 0 to 1, of the background value in each group's value, so that GCE stays finite if a group has no "
        "hit. With 0, such a group is an error.",
    )
    background: Positive = setting(
        0.0001,
        "The background value. The smaller it is, the more GCE is dominated by groups without hits.",
    )


class FairnessSettings(ProductSection):
    """Tables 2 and 3, and their heat map: the effect of perturbations on groups of users and items."""

    key = "fairness"

    attributes: Names = setting(
        ["item_popularity", "user_gender", "user_interactions"],
        "The attributes whose groups are compared, names from `attributes`. `[]` leaves Tables 2 and 3 out.",
    )
    attacks: Names = setting(list(PAPERS_ATTACKS), "The attacks, names from `attacks`.")
    epsilon: Positive = setting(0.5, "The ε of all attacks.")
    iterations: Count = setting(
        150,
        "The number of iterations of multi-step attacks. One that Table 1 has at the same ε costs nothing.",
    )
    item_value: Literal["rated-hits", "ndcg"] = setting(
        "rated-hits",
        "The value of an item, whose mean over the recommended items of a group is the group's nDCG. `rated-hits`: the "
        "sum of the ratings of its hits, divided by the number of users who have it as a test item; closest to the "
        "published numbers. `ndcg`: the mean of its part in the nDCG of these users.",
    )
    gce: CrossEntropy = setting(CrossEntropy, "Generalised cross entropy (GCE).")


class Fairness(Product):
    """Tables 2 and 3 and the heat map; none of them without attributes to compare."""

    name = "fairness"
    sections = (FairnessSettings,)

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        """Each attack at one epsilon after one number of iterations."""
        own = FairnessSettings.of(settings)
        for attack in own.attacks if own.attributes else ():
            single = is_single_step(settings, attack)
            yield attack, own.epsilon, 1 if single else own.iterations

    def check(self, written: Written, problems: Problems) -> None:
        """Report attacks and attributes that are not defined, and an order of GCE that has another formula."""
        check_attacks(written, "fairness", problems)
        defined = written.get("attributes", {})
        for i, name in enumerate(value_at(written, "fairness.attributes") or []):
            wrong = any(path[:2] == ("attributes", name) for path in problems.paths)
            if "attributes" in written and name not in defined and not wrong:
                message = f"unknown attribute {name!r}{suggestion(name, defined)}"
                problems.add(("fairness", "attributes", i), message)
        if value_at(written, "fairness.gce.beta") in (0, 1):
            message = "GCE has other formulas at 0 and 1, which are not computed: choose another order, such as 2"
            problems.add(("fairness", "gce", "beta"), message)

    def deciding(self, study: Study) -> tuple[str, ...]:
        """All but its attacks, and what groups are made by."""
        names = (f"attributes.{name}" for name in FairnessSettings.of(study.settings).attributes)
        of_groups = [name for name in names if name.split(".")[1] in study.papers.attributes]
        own = ("epsilon", "iterations", "item_value", "gce")
        return (*(f"fairness.{key}" for key in own), *of_groups)

    def model_files(self, study: Study) -> dict[str, str]:
        """The names "groups" and "fairness" -> the pattern of a model's file."""
        folder = "fairness/{dataset}/{model}/seed-{seed}"
        return {name: study.results(f"{folder}/{name}.parquet") for name in ("groups", "fairness")}

    def collected(self, study: Study) -> dict[str, str]:
        """The tidy tables of all models, as Parquet and CSV."""
        return {
            "groups": study.results("groups.parquet"),
            "groups_csv": study.results("groups.csv"),
            "fairness": study.results("fairness.parquet"),
            "fairness_csv": study.results("fairness.csv"),
        }

    def runs(self, study: Study) -> list[Any]:
        """The models whose groups are measured, without those that lack all lists."""
        return [run for run in study.trained if study.shown_for(run, "fairness")]

    def of_models(self, study: Study) -> dict[str, list[str]]:
        """`model_files` of all models."""
        return of_models(self.model_files(study), self.runs(study))

    def jobs(self, study: Study) -> dict[str, Jobs]:
        """The measures of each model, both tables, and a heat map for each data set."""
        settings, own = study.settings, FairnessSettings.of(study.settings)
        attributes = own.attributes
        cells = {
            "k": study.k,
            "attacks": own.attacks,
            "attributes": attributes,
            "seeds": settings.seeds,
        }

        def model(wildcards: Any) -> dict[str, Any]:
            return {
                "conditions": study.shown_for(study.run_of(wildcards), "fairness"),
                "k": settings.evaluation.k,
                "attributes": {name: settings.attributes[name].plain() for name in attributes},
                "relevance": study.dataset_entry(wildcards.dataset).get("relevance", "binary"),
                "item_value": own.item_value,
                "gce": own.gce.plain(),
            }

        def table(wildcards: Any) -> dict[str, Any]:
            fair = {name: settings.attributes[name].distributions for name in attributes}
            said = {key: value for key, value in own.plain().items() if key != "attacks"}
            caption = {"k": study.k, **said, "distributions": fair}
            caption["notes"] = study.notes(study.trained)
            names = papers_names(study, own.attacks)
            return {"cells": cells, "caption": caption, "titles": study.titles(), "names": names}

        def heat_map(wildcards: Any) -> dict[str, Any]:
            title = study.titles()[wildcards.dataset]
            return {"cells": cells, "title": title, "plots": settings.plots.plain()}

        made = bool(attributes)
        runs = self.runs(study) if made else ()
        return {
            "evaluate_fairness": Jobs(of_each_run(runs), model),
            "collect_fairness": Jobs(ONE_JOB if made else (), lambda wildcards: {}),
            "tabulate_fairness": Jobs([{"table": t} for t in TABLES] if made else (), table),
            "draw_fairness": Jobs(of_each_dataset(settings.datasets if made else ()), heat_map),
        }

    def targets(self, study: Study) -> dict[str, list[str]]:
        """`table2`, `table3`, and `fairness`: both tables and the heat maps."""
        if not FairnessSettings.of(study.settings).attributes:
            return {"table2": [], "table3": [], "fairness": []}
        tables = {table: list(table_files(study, table).values()) for table in TABLES}
        datasets = study.settings.datasets
        maps = [file for dataset in datasets for file in study.figures(dataset, "fairness")]
        return {**tables, "fairness": [*tables["table2"], *tables["table3"], *maps]}

    def verdict_inputs(self, study: Study) -> Files:
        """The tidy tables of groups and of fairness measures."""
        made = FairnessSettings.of(study.settings).attributes
        files = self.collected(study)
        return {name: files[name] if made else [] for name in ("groups", "fairness")}

    def page_inputs(self, study: Study) -> Files:
        """The cells of both tables over seeds, beside the published ones; the measures drawn; the groups."""
        if not FairnessSettings.of(study.settings).attributes:
            return {}
        files = {table: table_files(study, table) for table in TABLES}
        seeds = {f"{table}_seeds": files[table]["spread"] for table in TABLES}
        compared = {f"{table}_comparison": files[table]["comparison"] for table in TABLES}
        tidy = self.collected(study)
        return seeds | compared | {name: tidy[name] for name in ("fairness", "groups")}

    def page_settings(self, study: Study) -> dict[str, Any]:
        """The arguments of its heat maps."""
        return {"figures": drawn(self.jobs(study)["draw_fairness"])}


FAIRNESS = Fairness()
