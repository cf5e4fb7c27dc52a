"""Tables in the papers' shape and in the long form of resources/published/."""


def titles():
    """How tables and figures call the data sets."""
    entries = {
        name: configuration.dataset_entry(STUDY, REGISTRY, name)
        for name in STUDY["datasets"]
    }
    return {name: entry.get("title", name) for name, entry in entries.items()}


def single_step_attacks():
    """Names of the attacks whose cells and lines are single values."""
    return [
        name
        for name, definition in STUDY["attacks"].items()
        if ATTACKS[definition["method"]].single_step
    ]


rule tabulate_table1:
    """Table 1: accuracy and beyond-accuracy before and after each perturbation, also beside the published one."""
    input:
        metrics=results("metrics.parquet"),
        published=workflow.source_path("../resources/published/table1.csv"),
    output:
        long=results("tables/table1.csv"),
        spread=results("tables/table1_seeds.csv"),
        wide=results("tables/table1_wide.csv"),
        markdown=results("tables/table1.md"),
        latex=results("tables/table1.tex"),
        comparison=results("tables/table1_comparison.csv"),
        comparison_markdown=results("tables/table1_comparison.md"),
    log:
        logs("tabulate_table1"),
    params:
        table={
            "epsilon": STUDY["table1"]["epsilon"],
            "iterations": STUDY["table1"]["iterations"],
            "k": STUDY["evaluation"]["k"][0],
            "single_step": single_step_attacks(),
            "titles": titles(),
        },
    script:
        "../workflow/scripts/tabulate_table1.py"


rule table1:
    """Make Table 1 in all its forms."""
    input:
        rules.tabulate_table1.output,
