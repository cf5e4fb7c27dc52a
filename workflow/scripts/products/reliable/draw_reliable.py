"""Draw what attacks on the ranking leave, for one data set."""

from embrittle.files import read_csv
from embrittle.jobs import job
from embrittle.products.reliable.figure import reliable_figure
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    settings = PlotSettings(**snakemake.params.figure["plots"])
    figure = reliable_figure(
        read_csv(snakemake.input.curves),
        snakemake.wildcards.dataset,
        **snakemake.params.figure["arguments"],
        settings=settings,
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
