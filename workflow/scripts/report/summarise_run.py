"""Record configuration, code, versions, machine and source files, and the time and memory of every job."""

from embrittle import provenance
from embrittle.jobs import job

with job(snakemake.log[0]):
    provenance.write(
        snakemake.output.record,
        snakemake.output.jobs,
        repository=snakemake.scriptdir,
        **snakemake.params.study,
    )
