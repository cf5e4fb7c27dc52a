"""Collect the measures of all models, seeds and conditions into one tidy table."""

from embrittle.files import write_csv, write_parquet
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect, complete

with job(snakemake.log[0]):
    metrics = complete(collect(snakemake.input.metrics), **snakemake.params.expected)
    write_parquet(metrics, snakemake.output.parquet)
    write_csv(metrics, snakemake.output.csv)
