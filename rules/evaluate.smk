"""Measures, computed from stored lists: a changed measure trains no model and runs no attack again."""


localrules:
    collect_metrics,
    collect_models,
    list_missing,


rule evaluate_model:
    """Compute all measures of one model and seed in every condition, from the stored lists."""
    input:
        **PATHS.split("train", "test", "statistics"),
        lists=lambda wildcards: STUDY.lists_of(
            STUDY.run_of(wildcards),
            STUDY.shown_conditions(STUDY.run_of(wildcards)),
        ),
    output:
        metrics=PATHS.metrics,
    log:
        logs("evaluate_model/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_model/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        model=".+",  # the random recommender and baselines, too
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        evaluation=params_of("evaluate_model"),
        code=code_of("evaluate/evaluate_model"),
    script:
        "../workflow/scripts/evaluate/evaluate_model.py"


rule collect_metrics:
    """Collect the measures of all models, seeds and conditions into one tidy table."""
    input:
        metrics=STUDY.metrics_of(STUDY.measured),
    output:
        parquet=results("metrics.parquet"),
        csv=results("metrics.csv"),
    log:
        logs("collect_metrics"),
    benchmark:
        benchmarks("collect_metrics")
    conda:
        ENVIRONMENT
    params:
        expected=params_of("collect_metrics"),
        code=code_of("evaluate/collect_metrics"),
    script:
        "../workflow/scripts/evaluate/collect_metrics.py"


rule collect_models:
    """List all trained models with the selected epoch and its score."""
    input:
        models=[STUDY.model_file(run) for run in STUDY.trained_shown],
    output:
        csv=results("tables/models.csv"),
    log:
        logs("collect_models"),
    benchmark:
        benchmarks("collect_models")
    conda:
        ENVIRONMENT
    params:
        datasets=params_of("collect_models"),
        code=code_of("evaluate/collect_models"),
    script:
        "../workflow/scripts/evaluate/collect_models.py"


rule list_missing:
    """List the missing lists that tables and figures leave out; the table is empty unless `missing: report` is set."""
    output:
        csv=results("missing.csv"),
    log:
        logs("list_missing"),
    benchmark:
        benchmarks("list_missing")
    conda:
        ENVIRONMENT
    params:
        missing=params_of("list_missing"),
        code=code_of("evaluate/list_missing"),
    script:
        "../workflow/scripts/evaluate/list_missing.py"


rule metrics:
    """Make the tidy table of all measures, the table of selected epochs and the table of missing lists."""
    input:
        rules.collect_metrics.output,
        rules.collect_models.output,
        rules.list_missing.output,
