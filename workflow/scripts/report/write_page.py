"""Write the page of the study from all results."""

from embrittle.jobs import job
from embrittle.page import page

with job(snakemake.log[0]):
    page.write(snakemake.output.page, dict(snakemake.input.items()), snakemake.params.page)
