"""Write the curves of the noise figure as numbers."""

import pandas as pd

from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.products.poster import figure as poster_figures

with job(snakemake.log[0]):
    metrics = pd.read_parquet(snakemake.input.metrics)
    curves = poster_figures.noise_curves(metrics, **snakemake.params.curves)
    write_csv(curves, snakemake.output.long)
