"""Write the curves of the APR poster's noise figure as numbers."""

from embrittle.files import read_parquet, write_csv
from embrittle.jobs import job
from embrittle.products.poster.cells import noise_curves

with job(snakemake.log[0]):
    metrics = read_parquet(snakemake.input.metrics).to_pandas()
    write_csv(noise_curves(metrics, **snakemake.params.curves), snakemake.output.long)
