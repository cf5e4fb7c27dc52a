"""Draw Figure 1 or 2 for one data set."""

from embrittle.files import read_parquet
from embrittle.jobs import job
from embrittle.products.curves.figure import draw
from embrittle.render import published
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    shown = snakemake.params.figure
    settings = PlotSettings(**shown["plots"])
    figure = draw(
        read_parquet(snakemake.input.metrics).to_pandas(),
        snakemake.wildcards.figure,
        snakemake.wildcards.dataset,
        settings,
        published=published.load(snakemake.input.published, "figures_1_2", shown["names"]),
        **shown["arguments"],
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
