"""Write the curves of Figures 1 and 2 as numbers, in the format of the published curves."""

from embrittle.files import read_parquet, write_csv
from embrittle.jobs import job
from embrittle.products.curves.cells import curves, long_form

with job(snakemake.log[0]):
    metrics = read_parquet(snakemake.input.metrics).to_pandas()
    shown = snakemake.params.curves
    of_figures = [curves(metrics, name, **arguments) for name, arguments in shown.items()]
    write_csv(long_form(*of_figures), snakemake.output.long)
