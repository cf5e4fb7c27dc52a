"""Brittleness, the verdict on the papers' claims, the record of the run, and the page, which are made last."""

REGISTER = {
    "register": STUDY.published("claims.yaml"),
}
TEMPLATES = Path(LIBRARY, "embrittle", "page", "templates")


localrules:
    judge_claims,
    measure_brittleness,
    summarise_run,
    write_page,


rule judge_claims:
    """Test the papers' claims on the results of the study."""
    input:
        **REGISTER,
        **STUDY.verdict_inputs(),
        published=STUDY.published_tables(),
        metrics=results("metrics.parquet"),
        models=results("tables/models.csv"),
        baselines=STUDY.metrics_of(STUDY.measured_baselines),
    output:
        claims=report(
            results("claims.csv"),
            caption=str(Path(CAPTIONS, "claims.rst")),
            category="Verdict",
        ),
        cases=report(
            results("claims_cases.csv"),
            caption=str(Path(CAPTIONS, "cases.rst")),
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
        verdict=params_of("judge_claims"),
        code=code_of("report/judge_claims"),
    script:
        "../workflow/scripts/report/judge_claims.py"


rule measure_brittleness:
    """Say in a few numbers for each model how brittle it is."""
    input:
        metrics=results("metrics.parquet"),
        groups=STUDY.verdict_inputs()["groups"],
    output:
        brittleness=results("brittleness.csv"),
    log:
        logs("measure_brittleness"),
    benchmark:
        benchmarks("measure_brittleness")
    conda:
        ENVIRONMENT
    params:
        brittleness=params_of("measure_brittleness"),
        code=code_of("report/measure_brittleness"),
    script:
        "../workflow/scripts/report/measure_brittleness.py"


rule summarise_run:
    """Record configuration, code, versions, machine and source files, and the time and memory of every job."""
    input:
        rules.metrics.input,
        STUDY.products(),
        rules.judge_claims.output,
        rules.measure_brittleness.output,
    output:
        record=results("provenance.json"),
        jobs=results("run.csv"),
    log:
        logs("summarise_run"),
    conda:
        ENVIRONMENT
    params:
        study=lambda wildcards: {
            **params_of("summarise_run")(wildcards),
            "sources": {
                dataset: [
                    *map(on_disk, STUDY.downloads_of(dataset)),
                    *STUDY.own_files_of(dataset),
                    *STUDY.embedding_files_of(dataset),
                ]
                for dataset in STUDY.settings.datasets
            },
        },
        code=code_of("report/summarise_run"),
    script:
        "../workflow/scripts/report/summarise_run.py"


rule write_page:
    """Write the page of the study: brittleness, verdict, tables and figures beside the published ones, record."""
    input:
        **REGISTER,
        **STUDY.page_inputs(),
        **STUDY.compared_studies(),
        claims=rules.judge_claims.output.claims,
        cases=rules.judge_claims.output.cases,
        disagreements=rules.judge_claims.output.disagreements,
        brittleness=rules.measure_brittleness.output.brittleness,
        record=rules.summarise_run.output.record,
        metrics=results("metrics.parquet"),
        models=results("tables/models.csv"),
        statistics=expand(
            PATHS.split("statistics")["statistics"], dataset=STUDY.settings.datasets
        ),
        curves=[STUDY.curve_file(run) for run in STUDY.with_curves],
        citation=str(Path(HOME, "CITATION.cff")),
        templates=sorted(str(file) for file in TEMPLATES.iterdir()),
    output:
        page=report(
            results("index.html"),
            caption=str(Path(CAPTIONS, "page.rst")),
            category="Verdict",
        ),
    log:
        logs("write_page"),
    conda:
        ENVIRONMENT
    params:
        page=lambda wildcards: {
            **params_of("write_page")(wildcards),
            "differs": STUDY.unlike_the_papers(),
        },
        code=lambda wildcards: digest_of("report/write_page", *STUDY.page_settings()),
    script:
        "../workflow/scripts/report/write_page.py"


rule page:
    """Make the page of the study and all results that it shows."""
    input:
        rules.write_page.output,
