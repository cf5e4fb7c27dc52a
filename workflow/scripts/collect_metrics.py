"""Put the measures of all models and seeds into one tidy table."""

from embrittle.evaluation import collect
from embrittle.files import write_csv, write_parquet
from embrittle.jobs import job

with job(snakemake.log[0]):
    metrics = collect(snakemake.input.metrics)
    write_parquet(metrics, snakemake.output.parquet)
    write_csv(metrics, snakemake.output.csv)
