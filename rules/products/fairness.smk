"""Tables 2 and 3: nDCG of groups, fairness measures between groups, and a heat map of their changes."""

FAIRNESS = PRODUCTS["fairness"]


localrules:
    collect_fairness,
    tabulate_fairness,
    draw_fairness,


rule evaluate_fairness:
    """Compute nDCG of groups and fairness measures of one model and seed in every condition, from the stored lists."""
    input:
        **PATHS.split("train", "test", "statistics"),
        user_table=PATHS.prepared()["user_table"],
        item_table=PATHS.prepared()["item_table"],
        lists=lambda wildcards: STUDY.lists_of(
            STUDY.run_of(wildcards),
            STUDY.shown_for(STUDY.run_of(wildcards), "fairness"),
        ),
    output:
        **FAIRNESS.model_files(STUDY),
    log:
        logs("evaluate_fairness/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_fairness/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        fairness=params_of("evaluate_fairness"),
        code=code_of("products/fairness/evaluate_fairness"),
    script:
        "../../workflow/scripts/products/fairness/evaluate_fairness.py"


rule collect_fairness:
    """Collect the groups' nDCG and the fairness measures of the whole study into two tidy tables."""
    input:
        **FAIRNESS.of_models(STUDY),
    output:
        **FAIRNESS.collected(STUDY),
    log:
        logs("collect_fairness"),
    benchmark:
        benchmarks("collect_fairness")
    conda:
        ENVIRONMENT
    params:
        code=code_of("products/fairness/collect_fairness"),
    script:
        "../../workflow/scripts/products/fairness/collect_fairness.py"


rule tabulate_fairness:
    """Write Table 2 (nDCG of groups) or Table 3 (fairness measures), alone and beside the published table."""
    input:
        groups=results("groups.parquet"),
        fairness=results("fairness.parquet"),
        published=STUDY.published_for("fairness", "{table}.csv"),
    output:
        **reported(
            table_files(STUDY, "{table}"),
            "comparison",
            "comparison",
            "Tables",
            {"table": "{table}"},
        ),
    log:
        logs("tabulate_fairness/{table}"),
    benchmark:
        benchmarks("tabulate_fairness/{table}")
    wildcard_constraints:
        table="table2|table3",
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_fairness"),
        code=code_of("products/fairness/tabulate_fairness"),
    script:
        "../../workflow/scripts/products/fairness/tabulate_fairness.py"


rule draw_fairness:
    """Draw the changes of the fairness measures by perturbations as a heat map, for one data set."""
    input:
        fairness=results("fairness.parquet"),
    output:
        files=figure_files("fairness"),
    log:
        logs("draw_fairness/{dataset}"),
    benchmark:
        benchmarks("draw_fairness/{dataset}")
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_fairness"),
        code=code_of("products/fairness/draw_fairness"),
    script:
        "../../workflow/scripts/products/fairness/draw_fairness.py"


rule table2:
    """Make Table 2 in all its forms, if the configuration has attributes to group by."""
    input:
        STUDY.target("table2"),


rule table3:
    """Make Table 3 in all its forms, if the configuration has attributes to group by."""
    input:
        STUDY.target("table3"),


rule fairness:
    """Make the heat map of fairness for every data set, and Tables 2 and 3."""
    input:
        STUDY.target("fairness"),
