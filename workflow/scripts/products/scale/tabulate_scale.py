"""Write the tables of models, defences and controls: every value, curves over the scale, and what the defence saves."""

from embrittle.files import read_csv, read_parquet, write_results
from embrittle.jobs import job
from embrittle.products.scale.tables import report

with job(snakemake.log[0]):
    metrics = read_parquet(snakemake.input.metrics).to_pandas()
    found = report(metrics, read_csv(snakemake.input.models), **snakemake.params.table)
    write_results(found, snakemake.output)
