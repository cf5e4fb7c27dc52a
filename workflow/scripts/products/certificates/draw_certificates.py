"""Draw what is certain of each model beside what attacks leave, for one data set and one unit of epsilon."""

from embrittle.files import read_csv
from embrittle.jobs import job
from embrittle.products.certificates.figure import certificates_figure
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    settings = PlotSettings(**snakemake.params.figure["plots"])
    figure = certificates_figure(
        read_csv(snakemake.input.curves),
        snakemake.wildcards.dataset,
        snakemake.wildcards.budget,
        **snakemake.params.figure["arguments"],
        settings=settings,
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
