"""Download one source file of a data set, or copy it from the mirror, and verify its checksum."""

from embrittle.data.download import fetch
from embrittle.jobs import job

with job(snakemake.log[0]) as logger:
    provenance = fetch(
        snakemake.resources.url,
        snakemake.output.file,
        snakemake.params.checksum,
        mirror_folder=snakemake.resources.mirror or None,
    )
    logger.info("%s", provenance)
