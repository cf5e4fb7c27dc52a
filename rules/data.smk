"""Data: verified source files, data sets in normal form, sub-samples, and splits."""


localrules:
    download_source,


rule download_source:
    """Download one source file of a data set, or copy it from the mirror, and verify its checksum."""
    output:
        file=ensure("resources/downloads/{dataset}/{file}", non_empty=True),
    log:
        logs("download_source/{dataset}/{file}"),
    benchmark:
        benchmarks("download_source/{dataset}/{file}")
    wildcard_constraints:
        file=r"[^/]+",
    retries: 1
    conda:
        ENVIRONMENT
    resources:
        # Another source of the same file: see "Values that rerun nothing" in common.smk.
        url=STUDY.url_of,
        mirror=STUDY.settings.mirror.folder or "",
    params:
        # Without the parameter `code`, because the code that fetches a file does not change its content.
        checksum=STUDY.checksum_of,
    script:
        "../workflow/scripts/data/download_source.py"


rule prepare_dataset:
    """Convert the source files of a data set, or the user's own tables, to the normal form."""
    input:
        downloads=lambda wildcards: STUDY.downloads_of(wildcards.dataset),
        # The user's own tables are local: the configuration gives their paths, and no job of this workflow makes them.
        own=lambda wildcards: local(STUDY.own_files_of(wildcards.dataset)),
        # With `missing: drop`, users and items without an embedding leave the data set.
        embeddings=lambda wildcards: local(
            STUDY.embedding_files_of(wildcards.dataset, dropping=True)
        ),
    output:
        **PATHS.prepared(),
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
        entry=params_of("prepare_dataset"),
        code=lambda wildcards: digest_of(
            "data/prepare_dataset", *STUDY.preparing_modules(wildcards)
        ),
    script:
        "../workflow/scripts/data/prepare_dataset.py"


rule subsample_dataset:
    """Make a sub-sample of a data set, with the users and items that have at least k interactions."""
    input:
        **PATHS.prepared("{source}"),
    output:
        **PATHS.prepared("{source}.k{k}"),
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
        method=params_of("subsample_dataset"),
        code=code_of("data/subsample_dataset"),
    script:
        "../workflow/scripts/data/subsample_dataset.py"


rule split_dataset:
    """Split the interactions of a data set into training, validation and test interactions."""
    input:
        **PATHS.prepared(),
    output:
        **PATHS.split("train", "validation", "test", "statistics"),
    log:
        logs("split_dataset/{dataset}"),
    benchmark:
        benchmarks("split_dataset/{dataset}")
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(60),
        runtime=table_minutes,
    params:
        split=params_of("split_dataset"),
        code=code_of("data/split_dataset"),
    script:
        "../workflow/scripts/data/split_dataset.py"


rule splits:
    """Prepare and split every data set of the study."""
    input:
        expand(PATHS.split("statistics")["statistics"], dataset=STUDY.settings.datasets),


rule samples:
    """Make and split every sub-sample of the study."""
    input:
        expand(
            PATHS.split("statistics")["statistics"],
            dataset=[sample for sample, _, _ in STUDY.samples],
        ),
