"""Draw one figure for one data set."""

from embrittle.files import read_parquet
from embrittle.jobs import job
from embrittle.products.curves import figure as figures
from embrittle.render import published
from embrittle.render.style import save

DRAW = {"figure1": figures.figure1, "figure2": figures.figure2}

with job(snakemake.log[0]):
    settings = figures.PlotSettings.from_config(snakemake.params.figure["plots"])
    figure = DRAW[snakemake.wildcards.figure](
        read_parquet(snakemake.input.metrics).to_pandas(),
        snakemake.wildcards.dataset,
        **snakemake.params.figure["arguments"],
        settings=settings,
        published=published.load(snakemake.input.published),
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
