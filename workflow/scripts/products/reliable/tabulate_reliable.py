"""Write the tables of attacks on the ranking: every value, curves over epsilon, the damage, and warnings."""

from embrittle.files import read_parquet, write_results
from embrittle.jobs import job
from embrittle.products.reliable.tables import report

with job(snakemake.log[0]):
    metrics = read_parquet(snakemake.input.metrics).to_pandas()
    write_results(report(metrics, **snakemake.params.table), snakemake.output)
