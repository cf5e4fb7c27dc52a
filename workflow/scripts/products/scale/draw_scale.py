"""Draw what attacks leave of rescaled models, for one data set."""

from embrittle.files import read_csv
from embrittle.jobs import job
from embrittle.products.scale.figure import scale_figure
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    settings = PlotSettings(**snakemake.params.figure["plots"])
    figure = scale_figure(
        read_csv(snakemake.input.curves),
        read_csv(snakemake.input.models),
        snakemake.wildcards.dataset,
        **snakemake.params.figure["arguments"],
        settings=settings,
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
