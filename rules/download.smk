"""Source files: from the web or from a mirror folder, verified."""


def source(wildcards):
    """The registry's record of a source file."""
    entry = configuration.dataset_entry(STUDY, REGISTRY, wildcards.dataset)
    record = next(s for s in entry["sources"] if s["file"] == wildcards.file)
    mirror = STUDY["mirror"]
    return {
        "url": record["url"],
        "checksum": record.get("checksum"),
        "mirror_folder": mirror["folder"],
        "mirror_checksum": mirror["checksums"].get(wildcards.file),
    }


localrules:
    download_source,


rule download_source:
    """Fetch one source file; the record of where it came from lies beside it."""
    output:
        file=ensure("resources/downloads/{dataset}/{file}", non_empty=True),
    log:
        logs("download_source/{dataset}/{file}"),
    wildcard_constraints:
        file=r"[^/]+",
    retries: 1
    params:
        source=source,
    script:
        "../workflow/scripts/download_source.py"
