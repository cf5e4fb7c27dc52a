"""Collect the groups' nDCG and the fairness measures of the whole study into two tidy tables."""

from embrittle.files import write_csv, write_parquet
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect

with job(snakemake.log[0]):
    for table in ("groups", "fairness"):
        rows = collect(snakemake.input[table])
        write_parquet(rows, snakemake.output[table])
        write_csv(rows, snakemake.output[f"{table}_csv"])
