"""Draw the noise or training figure of the APR poster for one data set."""

from embrittle.files import read_csv
from embrittle.jobs import job
from embrittle.products.poster.figure import DRAW
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    settings = PlotSettings(**snakemake.params.figure["plots"])
    figure = DRAW[snakemake.wildcards.figure](
        read_csv(snakemake.input.curves),
        snakemake.wildcards.dataset,
        **snakemake.params.figure["arguments"],
        settings=settings,
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
