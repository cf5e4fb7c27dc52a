"""Say in a few numbers for each model how brittle it is."""

from embrittle.brittleness.cells import cells
from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.render.inputs import Inputs

with job(snakemake.log[0]):
    inputs = Inputs(dict(snakemake.input.items()))
    tables = inputs.parquet("metrics"), inputs.parquet("groups")
    write_csv(cells(*tables, **snakemake.params.brittleness), snakemake.output.brittleness)
