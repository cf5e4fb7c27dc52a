"""Every data set in one normal form: interactions, users and items, re-indexed, with the mapping kept."""


def dataset_files(wildcards):
    """The files a data set is read from: downloads, or the user's own tables."""
    entry = configuration.dataset_entry(STUDY, REGISTRY, wildcards.dataset)
    downloads = [
        f"resources/downloads/{wildcards.dataset}/{record['file']}"
        for record in entry.get("sources", [])
    ]
    own = [entry["path"]] if "path" in entry else []
    own += [entry[table]["path"] for table in ("users", "items") if table in entry]
    return downloads + own


rule prepare_dataset:
    """Read a data set's files into the normal form."""
    input:
        files=dataset_files,
    output:
        interactions=results("data/{dataset}/prepared/interactions.parquet"),
        user_table=results("data/{dataset}/prepared/users.parquet"),
        item_table=results("data/{dataset}/prepared/items.parquet"),
    log:
        logs("prepare_dataset/{dataset}"),
    benchmark:
        benchmarks("prepare_dataset/{dataset}")
    params:
        entry=lambda wildcards: configuration.reading_settings(
            STUDY, REGISTRY, wildcards.dataset
        ),
    script:
        "../workflow/scripts/prepare_dataset.py"
