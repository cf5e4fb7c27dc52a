"""Attacks compared at equal perturbation norm."""

BUDGETS = PRODUCTS["budgets"]


localrules:
    tabulate_budgets,
    draw_budgets,


rule evaluate_budgets:
    """Compare the attacks on one model and seed at equal perturbation norms, user by user, from the stored lists."""
    input:
        **PATHS.split("test", "statistics"),
        lists=lambda wildcards: STUDY.lists_of(
            STUDY.run_of(wildcards),
            STUDY.shown_for(STUDY.run_of(wildcards), "budgets"),
        ),
    output:
        **BUDGETS.model_files(STUDY),
    log:
        logs("evaluate_budgets/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_budgets/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        budgets=params_of("evaluate_budgets"),
        code=code_of("products/budgets/evaluate_budgets"),
    script:
        "../../workflow/scripts/products/budgets/evaluate_budgets.py"


rule tabulate_budgets:
    """Write the tables of attacks at equal norms: all points, differences to a single step, and shares of the norm."""
    input:
        **BUDGETS.of_models(STUDY),
    output:
        **reported(
            BUDGETS.files(STUDY),
            "matched",
            "equal_norms",
            "Tables",
            {"table": "Equal norms"},
        ),
    log:
        logs("tabulate_budgets"),
    benchmark:
        benchmarks("tabulate_budgets")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_budgets"),
        code=code_of("products/budgets/tabulate_budgets"),
    script:
        "../../workflow/scripts/products/budgets/tabulate_budgets.py"


rule draw_budgets:
    """Draw nDCG against the norm of the perturbations, for one data set."""
    input:
        points=BUDGETS.files(STUDY)["long"],
        metrics=results("metrics.parquet"),
    output:
        files=figure_files("budgets", caption="budgets", label="equal budgets"),
    log:
        logs("draw_budgets/{dataset}"),
    benchmark:
        benchmarks("draw_budgets/{dataset}")
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_budgets"),
        code=code_of("products/budgets/draw_budgets"),
    script:
        "../../workflow/scripts/products/budgets/draw_budgets.py"


rule budgets:
    """Make tables and figures of attacks at equal norms, for the data sets that the configuration lists."""
    input:
        STUDY.target("budgets"),
