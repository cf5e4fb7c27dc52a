"""Draw Figure 3 for one data set and number of iterations."""

from embrittle.files import read_csv
from embrittle.jobs import job
from embrittle.products.characteristics.figure import figure3
from embrittle.render import published
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    shown = snakemake.params.figure
    settings = PlotSettings(**shown["plots"])
    figure = figure3(
        read_csv(snakemake.input.points),
        snakemake.wildcards.source,
        int(snakemake.wildcards.iterations),
        **shown["arguments"],
        settings=settings,
        published=published.load(snakemake.input.published, "characteristics", shown["names"]),
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
