"""Draw the heat map of what perturbations do to fairness, for one data set."""

import pandas as pd

from embrittle.jobs import job
from embrittle.products.curves import figure as figures
from embrittle.products.fairness import figure as fairness_figure
from embrittle.products.fairness import tables as fairness_tables
from embrittle.render.style import save

with job(snakemake.log[0]):
    settings = figures.PlotSettings.from_config(snakemake.params.figure["plots"])
    changes = fairness_figure.relative_changes(
        fairness_tables.cells(
            pd.read_parquet(snakemake.input.fairness),
            fairness_tables.TABLE3,
            **snakemake.params.figure["cells"],
        )
    )
    figure = fairness_figure.heat_map(
        changes, snakemake.wildcards.dataset, settings, snakemake.params.figure["title"]
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
