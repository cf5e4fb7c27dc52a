"""Leave one out: training, validation and test interactions."""


rule split_dataset:
    """Hold out one interaction of each user to test, and one to select the epoch where that is asked for."""
    input:
        **prepared_files(),
    output:
        **split_files("train", "validation", "test", "statistics"),
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
        split=lambda wildcards: configuration.split_settings(
            STUDY, REGISTRY, wildcards.dataset
        ),
        code=code_of("split_dataset"),
    script:
        "../workflow/scripts/split_dataset.py"


rule splits:
    """Prepare and split every data set of the study."""
    input:
        expand(
            results("data/{dataset}/split/statistics.json"), dataset=STUDY["datasets"]
        ),
