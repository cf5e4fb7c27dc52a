"""Write the curves of Figures 1 and 2 as numbers."""

import pandas as pd

from embrittle import figures
from embrittle.files import write_csv
from embrittle.jobs import job

with job(snakemake.log[0]):
    metrics = pd.read_parquet(snakemake.input.metrics)
    settings = dict(snakemake.params.curves)
    first, second = settings.pop("figure1"), settings.pop("figure2")
    second = {name: second[name] for name in ("iterations", "epsilon")}
    curves = [
        figures.figure1_curves(metrics, **first, **settings),
        figures.figure2_curves(metrics, **second, **settings),
    ]
    write_csv(figures.figures_long(*curves), snakemake.output.long)
