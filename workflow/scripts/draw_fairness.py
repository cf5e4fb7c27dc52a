"""Draw the heat map of what perturbations do to fairness, for one data set."""

import pandas as pd

from embrittle import fairness_figure, fairness_tables, figures
from embrittle.jobs import job

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
        figures.save(figure, path, settings.dpi)
