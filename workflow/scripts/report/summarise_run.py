"""Write down what the study was made from, and with."""

from embrittle import provenance
from embrittle.jobs import job

with job(snakemake.log[0]):
    provenance.write(
        snakemake.output.record,
        snakemake.output.jobs,
        repository=snakemake.scriptdir,
        **snakemake.params.study,
    )
