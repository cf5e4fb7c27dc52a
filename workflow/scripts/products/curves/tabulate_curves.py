"""Write the curves of Figures 1 and 2 as numbers."""

from embrittle.files import read_parquet, write_csv
from embrittle.jobs import job
from embrittle.products.curves import figure as figures
from embrittle.products.curves.cells import figures_long

with job(snakemake.log[0]):
    metrics = read_parquet(snakemake.input.metrics).to_pandas()
    curves = [
        figures.figure1_curves(metrics, **snakemake.params.curves["figure1"]),
        figures.figure2_curves(metrics, **snakemake.params.curves["figure2"]),
    ]
    write_csv(figures_long(*curves), snakemake.output.long)
