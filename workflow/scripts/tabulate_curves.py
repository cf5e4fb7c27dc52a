"""Write the curves of Figures 1 and 2 as numbers."""

from embrittle import figures
from embrittle.files import read_parquet, write_csv
from embrittle.jobs import job

with job(snakemake.log[0]):
    metrics = read_parquet(snakemake.input.metrics).to_pandas()
    curves = [
        figures.figure1_curves(metrics, **snakemake.params.curves["figure1"]),
        figures.figure2_curves(metrics, **snakemake.params.curves["figure2"]),
    ]
    write_csv(figures.figures_long(*curves), snakemake.output.long)
