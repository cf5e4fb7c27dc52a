"""Draw a figure of the APR poster for one data set."""

import pandas as pd

from embrittle.jobs import job
from embrittle.products.curves import figure as figures
from embrittle.products.poster import figure as poster_figures
from embrittle.render.style import save

DRAW = {"noise": poster_figures.noise_figure, "training": poster_figures.training_figure}

with job(snakemake.log[0]):
    settings = figures.PlotSettings.from_config(snakemake.params.figure["plots"])
    figure = DRAW[snakemake.wildcards.figure](
        pd.read_csv(snakemake.input.curves),
        snakemake.wildcards.dataset,
        **snakemake.params.figure["arguments"],
        settings=settings,
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
