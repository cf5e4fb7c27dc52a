"""The verdict on the papers' claims, the record of the run, and the page that shows both. The last of all jobs."""


localrules:
    judge_claims,
    summarise_run,
    write_page,


rule judge_claims:
    """Judge what the papers say by what the study has found."""
    input:
        **REGISTER,
        published=[published(f"{name}.csv") for name in PUBLISHED],
        metrics=results("metrics.parquet"),
        models=results("tables/models.csv"),
        baselines=metrics_of(MEASURED_BASELINES),
        users=[USERS.format(**run) for run in users_there()],
        groups=results("groups.parquet") if ATTRIBUTES else [],
        fairness=results("fairness.parquet") if ATTRIBUTES else [],
        points=results("tables/figure3_points.csv") if SAMPLES_SHOWN else [],
        regressions=results("tables/figure3_regressions.csv") if SAMPLES_SHOWN else [],
        differences=results("tables/figure3_differences.csv") if SAMPLES_SHOWN else [],
        comparison=results("tables/figure3_comparison.csv") if SAMPLES_SHOWN else [],
        budgets=results("tables/budgets_seeds.csv") if BUDGET_DATASETS else [],
    output:
        claims=report(
            results("claims.csv"),
            caption="../docs/report/claims.rst",
            category="Verdict",
        ),
        cases=report(
            results("claims_cases.csv"),
            caption="../docs/report/cases.rst",
            category="Verdict",
        ),
        disagreements=results("disagreements.csv"),
    log:
        logs("judge_claims"),
    benchmark:
        benchmarks("judge_claims")
    conda:
        ENVIRONMENT
    params:
        verdict={
            "configuration": {name: STUDY[name] for name in JUDGED_BY},
            "attacks": shown("table1")["attacks"],
            "users": [tuple(run.values()) for run in users_there()],
        },
        code=code_of("judge_claims"),
    script:
        "../workflow/scripts/judge_claims.py"


rule summarise_run:
    """Record configuration, code, versions, machine and source files, and what every job took."""
    input:
        rules.metrics.input,
        rules.table1.input,
        rules.fairness.input,
        rules.figure1.input,
        rules.figure2.input,
        rules.figure3.input,
        rules.poster.input,
        rules.budgets.input,
        rules.judge_claims.output,
    output:
        record=results("provenance.json"),
        jobs=results("run.csv"),
    log:
        logs("summarise_run"),
    conda:
        ENVIRONMENT
    params:
        study={
            "configuration": STUDY,
            "sources": {dataset: sources_of(dataset) for dataset in STUDY["datasets"]},
            "missing": len(missing_of(ALL_MEASURED)),
        },
        code=code_of("summarise_run"),
    script:
        "../workflow/scripts/summarise_run.py"


rule write_page:
    """Write the page of the study: the verdict, its tables and figures beside the published ones, and its record."""
    input:
        **REGISTER,
        **tables_shown(),
        **budgets_shown(),
        **results_of_others(),
        claims=rules.judge_claims.output.claims,
        cases=rules.judge_claims.output.cases,
        disagreements=rules.judge_claims.output.disagreements,
        record=rules.summarise_run.output.record,
        metrics=results("metrics.parquet"),
        models=results("tables/models.csv"),
        statistics=[
            results(f"data/{dataset}/split/statistics.json")
            for dataset in STUDY["datasets"]
        ],
        curves=[CURVE.format(**run) for run in runs_there()],
        samples=results("tables/figure3_samples.csv") if SAMPLES_SHOWN else [],
        points=results("tables/figure3_points.csv") if SAMPLES_SHOWN else [],
        published_figures=published("figures_1_2.csv"),
        published_characteristics=published("characteristics.csv"),
        citation=str(Path(HOME, "CITATION.cff")),
        templates=sorted(str(file) for file in TEMPLATES.iterdir()),
    output:
        page=report(
            results("index.html"),
            caption="../docs/report/page.rst",
            category="Verdict",
        ),
    log:
        logs("write_page"),
    conda:
        ENVIRONMENT
    params:
        page={
            "study": STUDY["study"],
            "titles": titles(),
            "known": all_titles(),
            "notes": table_notes(ALL_MEASURED),
            "differs": settings_unlike_the_papers(),
            "compare": STUDY["verdict"]["compare"],
            "figures": FIGURES,
            "single_step_epsilon": STUDY["figure1"]["epsilon"],
            "noise": {
                "datasets": POSTER_DATASETS,
                "methods": POSTER_METHODS,
                "epsilon": STUDY["poster"]["noise_epsilon"],
                "k": POSTER_K,
            },
            "budgets": {"methods": BUDGET_METHODS, **BUDGETS_AT},
            "sample_iterations": STUDY["figure3"]["iterations"],
            "trainings": [
                {name: run[name] for name in ("dataset", "model", "seed")}
                for run in runs_there()
            ],
            "curve_k": CURVE_K,
        },
        code=code_of("write_page"),
    script:
        "../workflow/scripts/write_page.py"


rule page:
    """Make the page of the study, and all that it shows."""
    input:
        rules.write_page.output,
