"""Draw Figure 3 for one data set and number of iterations."""

from embrittle import figures, published
from embrittle.figure3 import figure3
from embrittle.files import read_csv
from embrittle.jobs import job

with job(snakemake.log[0]):
    settings = figures.PlotSettings.from_config(snakemake.params.figure["plots"])
    figure = figure3(
        read_csv(snakemake.input.points),
        snakemake.wildcards.source,
        int(snakemake.wildcards.iterations),
        **snakemake.params.figure["arguments"],
        settings=settings,
        published=published.load(snakemake.input.published),
    )
    for path in snakemake.output.files:
        figures.save(figure, path, settings.dpi)
