"""What the study was made from, and with, beside its results. The last of all jobs."""


localrules:
    summarise_run,


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
