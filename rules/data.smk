"""Data: source files verified, every data set in one normal form, sub-samples, and splits that leave one out."""


localrules:
    download_source,


rule download_source:
    """Fetch one source file of a data set, with its checksum verified."""
    output:
        file=ensure("resources/downloads/{dataset}/{file}", non_empty=True),
    log:
        logs("download_source/{dataset}/{file}"),
    wildcard_constraints:
        file=r"[^/]+",
    retries: 1
    conda:
        ENVIRONMENT
    resources:
        # Not parameters: the same file from elsewhere is the same file, and nothing is to run again for it.
        url=STUDY.url_of,
        mirror=STUDY.settings.mirror.folder or "",
    params:
        # Nor does the code that fetches a file decide what is in it.
        checksum=STUDY.checksum_of,
    script:
        "../workflow/scripts/data/download_source.py"


rule prepare_dataset:
    """Read a data set's files into the normal form."""
    input:
        downloads=lambda wildcards: STUDY.downloads_of(wildcards.dataset),
        # They lie where the configuration says, not among what this workflow makes.
        own=lambda wildcards: local(STUDY.own_files_of(wildcards.dataset)),
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
            "data/prepare_dataset",
            readers.module_of(STUDY.reader_of(wildcards.dataset)),
        ),
    script:
        "../workflow/scripts/data/prepare_dataset.py"


rule subsample_dataset:
    """Keep the users and items with at least k interactions, as a data set of its own."""
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
    """Hold out one interaction of each user to test, and one to select the epoch where that is asked for."""
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
        expand(
            PATHS.split("statistics")["statistics"], dataset=STUDY.settings.datasets
        ),


rule samples:
    """Make and split all sub-samples."""
    input:
        expand(
            PATHS.split("statistics")["statistics"],
            dataset=[sample for sample, _, _ in STUDY.samples],
        ),
