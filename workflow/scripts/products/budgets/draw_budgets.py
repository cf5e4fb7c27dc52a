"""Draw nDCG against the norm of the perturbations, for one data set."""

from embrittle.files import read_csv, read_parquet
from embrittle.jobs import job
from embrittle.products.budgets.figure import budget_figure
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save

with job(snakemake.log[0]):
    settings = PlotSettings(**snakemake.params.figure["plots"])
    figure = budget_figure(
        read_csv(snakemake.input.points),
        read_parquet(snakemake.input.metrics).to_pandas(),
        snakemake.wildcards.dataset,
        **snakemake.params.figure["arguments"],
        settings=settings,
    )
    for path in snakemake.output.files:
        save(figure, path, settings.dpi)
