"""Leave one out: training, validation and test interactions."""


rule split_dataset:
    """Hold out one interaction of each user for the test, and one for validation where that selects the epoch."""
    input:
        interactions=results("data/{dataset}/prepared/interactions.parquet"),
        user_table=results("data/{dataset}/prepared/users.parquet"),
        item_table=results("data/{dataset}/prepared/items.parquet"),
    output:
        **split_files("train", "validation", "test", "statistics"),
    log:
        logs("split_dataset/{dataset}"),
    benchmark:
        benchmarks("split_dataset/{dataset}")
    params:
        split=lambda wildcards: configuration.split_settings(
            STUDY, REGISTRY, wildcards.dataset
        ),
    script:
        "../workflow/scripts/split_dataset.py"


rule statistics:
    """Collect the sizes and characteristics of all data sets."""
    input:
        expand(
            results("data/{dataset}/split/statistics.json"), dataset=STUDY["datasets"]
        ),
