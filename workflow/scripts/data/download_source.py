"""Fetch one source file of a data set, verified."""

from embrittle.data.download import fetch
from embrittle.jobs import job

with job(snakemake.log[0]) as log:
    provenance = fetch(
        snakemake.resources.url,
        snakemake.output.file,
        snakemake.params.checksum,
        mirror_folder=snakemake.resources.mirror or None,
    )
    log.info("%s", provenance)
