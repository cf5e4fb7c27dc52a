"""Source files: from the web or from a mirror folder, verified."""


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
        url=url_of,
        mirror=STUDY["mirror"]["folder"] or "",
    params:
        # Nor does the code that fetches a file decide what is in it.
        checksum=checksum_of,
    script:
        "../workflow/scripts/download_source.py"
