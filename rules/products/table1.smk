"""Table 1: measures before and after each perturbation."""

TABLE1 = PRODUCTS["table1"]


localrules:
    tabulate_table1,


rule evaluate_users:
    """Compute every user's nDCG in the cells of Table 1, for one model and seed; the verdict's paired tests need it."""
    input:
        **PATHS.split("test", "statistics"),
        lists=lambda wildcards: STUDY.lists_of(
            STUDY.run_of(wildcards),
            STUDY.shown_for(STUDY.run_of(wildcards), "table1"),
        ),
    output:
        users=TABLE1.users_file(STUDY),
    log:
        logs("evaluate_users/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_users/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        users=params_of("evaluate_users"),
        code=code_of("products/table1/evaluate_users"),
    script:
        "../../workflow/scripts/products/table1/evaluate_users.py"


rule tabulate_table1:
    """Write Table 1, measures before and after each perturbation, alone and beside the published values."""
    input:
        metrics=results("metrics.parquet"),
        published=STUDY.published_for("table1", "table1.csv"),
    output:
        **reported(
            TABLE1.files(STUDY),
            "comparison",
            "comparison",
            "Tables",
            {"table": "Table 1"},
        ),
    log:
        logs("tabulate_table1"),
    benchmark:
        benchmarks("tabulate_table1")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_table1"),
        code=code_of("products/table1/tabulate_table1"),
    script:
        "../../workflow/scripts/products/table1/tabulate_table1.py"


rule table1:
    """Make Table 1 in all its forms, if the configuration lists attacks for it."""
    input:
        STUDY.target("table1"),
