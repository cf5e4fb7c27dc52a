"""Measures, from stored lists alone: no model is loaded and no attack run again."""


localrules:
    collect_metrics,
    collect_fairness,
    collect_models,
    list_missing,
    relate_characteristics,


rule evaluate_model:
    """Measure one model and seed in every condition."""
    input:
        **split_files("train", "test", "statistics"),
        lists=lambda wildcards: lists_of(wildcards, shown_conditions(wildcards)),
    output:
        metrics=METRICS,
    log:
        logs("evaluate_model/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_model/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        model=".+",  # the random recommender as well
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        evaluation=lambda wildcards: {
            "conditions": shown_conditions(wildcards),
            "k": STUDY["evaluation"]["k"],
        },
        code=code_of("evaluate_model"),
    script:
        "../workflow/scripts/evaluate_model.py"


rule evaluate_fairness:
    """Measure groups of users and items of one model and seed, in the conditions of Tables 2 and 3."""
    input:
        **split_files("train", "test", "statistics"),
        user_table=prepared_files()["user_table"],
        item_table=prepared_files()["item_table"],
        lists=lambda wildcards: lists_of(wildcards, shown_for(wildcards, "fairness")),
    output:
        groups=GROUPS,
        fairness=FAIRNESS,
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
        fairness=lambda wildcards: {
            "conditions": shown_for(wildcards, "fairness"),
            "k": STUDY["evaluation"]["k"],
            **configuration.fairness_settings(STUDY, REGISTRY, wildcards.dataset),
        },
        code=code_of("evaluate_fairness"),
    script:
        "../workflow/scripts/evaluate_fairness.py"


rule evaluate_budgets:
    """Hold the attacks on one model and seed against each other at the norms that they have spent, user by user."""
    input:
        **split_files("test", "statistics"),
        lists=lambda wildcards: lists_of(wildcards, shown_for(wildcards, "budgets")),
    output:
        **{
            table: BUDGETS.replace("{table}", table)
            for table in ("points", "matched", "shares")
        },
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
        budgets=lambda wildcards: {
            "conditions": shown_for(wildcards, "budgets"),
            "length": LIST_LENGTH,
            "norms_of": {
                name: configuration.norm_of(STUDY, name) for name in BUDGET_METHODS
            },
            "norms": STUDY["budgets"]["norms"],
            **BUDGETS_AT,
            **BUDGETS_AGAINST,
        },
        code=code_of("evaluate_budgets"),
    script:
        "../workflow/scripts/evaluate_budgets.py"


rule evaluate_users:
    """Measure every user of one model and seed in the cells of Table 1, for the paired tests of the verdict."""
    input:
        **split_files("train", "test", "statistics"),
        lists=lambda wildcards: lists_of(wildcards, shown_for(wildcards, "table1")),
    output:
        users=USERS,
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
        users=lambda wildcards: {
            **shown("table1"),
            "length": LIST_LENGTH,
            "epsilon": STUDY["table1"]["epsilon"],
            "iterations": STUDY["table1"]["iterations"],
            "conditions": shown_for(wildcards, "table1"),
        },
        code=code_of("evaluate_users"),
    script:
        "../workflow/scripts/evaluate_users.py"


rule collect_metrics:
    """Put the measures of the whole study into one tidy table."""
    input:
        metrics=metrics_of(MEASURED),
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
        expected={
            "runs": [tuple(run.values()) for run in MEASURED],
            "conditions": {
                run["dataset"]: conditions_of(run)
                for run in MEASURED
                if run["model"] != "Random"
            },
        },
        code=code_of("collect_metrics"),
    script:
        "../workflow/scripts/collect_metrics.py"


rule collect_fairness:
    """Put what groups get, and what compares them, into two tidy tables of the whole study."""
    input:
        groups=fairness_of(GROUPS),
        fairness=fairness_of(FAIRNESS),
    output:
        groups=results("groups.parquet"),
        groups_csv=results("groups.csv"),
        fairness=results("fairness.parquet"),
        fairness_csv=results("fairness.csv"),
    log:
        logs("collect_fairness"),
    conda:
        ENVIRONMENT
    params:
        code=code_of("collect_fairness"),
    script:
        "../workflow/scripts/collect_fairness.py"


rule collect_models:
    """List the trained models with the epoch that was selected, and by what score."""
    input:
        models=[MODEL.format(**run) for run in runs_there()],
    output:
        csv=results("tables/models.csv"),
    log:
        logs("collect_models"),
    conda:
        ENVIRONMENT
    params:
        datasets=[run["dataset"] for run in runs_there()],
        code=code_of("collect_models"),
    script:
        "../workflow/scripts/collect_models.py"


rule relate_characteristics:
    """Put what perturbations cost beside the characteristics of the sub-samples."""
    input:
        metrics=metrics_of(MEASURED_SAMPLES),
        statistics=[
            results(f"data/{sample}/split/statistics.json")
            for sample, _, _ in SAMPLES_SHOWN
        ],
    output:
        samples=results("tables/figure3_samples.csv"),
        points=results("tables/figure3_points.csv"),
    log:
        logs("relate_characteristics"),
    benchmark:
        benchmarks("relate_characteristics")
    conda:
        ENVIRONMENT
    params:
        characteristics={
            "samples": SAMPLES_SHOWN,
            "k": STUDY["evaluation"]["k"][0],
            "epsilon": STUDY["figure3"]["epsilon"],
        },
        code=code_of("relate_characteristics"),
    script:
        "../workflow/scripts/relate_characteristics.py"


rule list_missing:
    """Name what tables and figures do without; nothing, unless the study is told to go without (missing: report)."""
    output:
        csv=results("missing.csv"),
    log:
        logs("list_missing"),
    conda:
        ENVIRONMENT
    params:
        missing=missing_of(ALL_MEASURED),
        code=code_of("list_missing"),
    script:
        "../workflow/scripts/list_missing.py"


rule metrics:
    """Make the tidy table of all measures."""
    input:
        rules.collect_metrics.output,
        rules.collect_models.output,
        rules.list_missing.output,
