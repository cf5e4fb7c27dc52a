"""Every data set in one normal form: interactions, users and items, re-indexed, with the mapping kept."""


rule prepare_dataset:
    """Read a data set's files into the normal form."""
    input:
        files=files_of,
    output:
        **prepared_files(),
    log:
        logs("prepare_dataset/{dataset}"),
    benchmark:
        benchmarks("prepare_dataset/{dataset}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(25),
        runtime=table_minutes,
    params:
        entry=lambda wildcards: configuration.reading_settings(
            STUDY, REGISTRY, wildcards.dataset
        ),
        code=lambda wildcards: digest_of(
            "prepare_dataset", readers.module_of(reader_of(wildcards.dataset))
        ),
    script:
        "../workflow/scripts/prepare_dataset.py"
