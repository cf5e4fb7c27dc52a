"""Sub-samples of a data set in which users and items have at least k interactions."""


rule subsample_dataset:
    """Keep the users and items with at least k interactions, as a data set of its own."""
    input:
        **prepared_files("{source}"),
    output:
        **prepared_files("{source}.k{k}"),
    log:
        logs("subsample_dataset/{source}.k{k}"),
    benchmark:
        benchmarks("subsample_dataset/{source}.k{k}")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(60),
        runtime=table_minutes,
    params:
        method=STUDY["figure3"]["kcore"],
        code=code_of("subsample_dataset"),
    script:
        "../workflow/scripts/subsample_dataset.py"


rule samples:
    """Make and split all sub-samples."""
    input:
        [results(f"data/{sample}/split/statistics.json") for sample, _, _ in SAMPLES],
