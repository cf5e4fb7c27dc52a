"""Write the curves of Figures 1 and 2 as numbers."""

import pandas as pd

from embrittle import figures
from embrittle.files import write_csv
from embrittle.jobs import job

with job(snakemake.log[0]):
    metrics = pd.read_parquet(snakemake.input.metrics)
    curves = [
        figures.figure1_curves(metrics, **snakemake.params.curves["figure1"]),
        figures.figure2_curves(metrics, **snakemake.params.curves["figure2"]),
    ]
    write_csv(figures.figures_long(*curves), snakemake.output.long)
