"""Draw the changes of the fairness measures by perturbations as a heat map, for one data set."""

import pandas as pd

from embrittle.jobs import job
from embrittle.products.fairness.cells import TABLE3, cells, relative_changes
from embrittle.products.fairness.figure import heat_map
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    figure_of = snakemake.params.figure
    settings = PlotSettings(**figure_of["plots"])
    fairness = pd.read_parquet(snakemake.input.fairness)
    changes = relative_changes(cells(fairness, TABLE3, **figure_of["cells"]))
    figure = heat_map(changes, snakemake.wildcards.dataset, settings, figure_of["title"])
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
