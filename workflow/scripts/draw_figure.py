"""Draw one figure for one data set."""

from embrittle import figures, published
from embrittle.files import read_parquet
from embrittle.jobs import job

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
        figures.save(figure, path, settings.dpi)
