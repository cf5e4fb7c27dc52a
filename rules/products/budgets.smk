"""Attacks compared at equal perturbation norm."""

BUDGETS = PRODUCTS["budgets"]


localrules:
    tabulate_budgets,
    draw_budgets,


rule evaluate_budgets:
    """Hold the attacks on one model and seed against each other at the norms that they have spent, user by user."""
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
        budgets=STUDY.params("evaluate_budgets"),
        code=code_of("products/budgets/evaluate_budgets"),
    script:
        "../../workflow/scripts/products/budgets/evaluate_budgets.py"


rule tabulate_budgets:
    """The attacks at equal norms: every point, differences to a single step, and the share that the norm explains."""
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
    conda:
        ENVIRONMENT
    params:
        table=STUDY.params("tabulate_budgets"),
        code=code_of("products/budgets/tabulate_budgets"),
    script:
        "../../workflow/scripts/products/budgets/tabulate_budgets.py"


rule draw_budgets:
    """Draw nDCG against the norm that attacks have spent, for one data set."""
    input:
        points=BUDGETS.files(STUDY)["long"],
        metrics=results("metrics.parquet"),
    output:
        files=figure_files("budgets", caption="budgets", label="equal budgets"),
    log:
        logs("draw_budgets/{dataset}"),
    conda:
        ENVIRONMENT
    params:
        figure=STUDY.params("draw_budgets"),
        code=code_of("products/budgets/draw_budgets"),
    script:
        "../../workflow/scripts/products/budgets/draw_budgets.py"


rule budgets:
    """Compare the attacks at equal norms, for the data sets that this is wanted for."""
    input:
        STUDY.target("budgets"),
