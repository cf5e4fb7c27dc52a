"""Fetch one source file of a data set, verified."""

from embrittle.data.download import fetch
from embrittle.jobs import job

with job(snakemake.log[0]) as log:
    provenance = fetch(destination=snakemake.output.file, **snakemake.params.source)
    log.info("%s", provenance)
