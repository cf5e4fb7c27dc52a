"""Write the regressions of Figure 3 with their intervals, the published slopes, and a summary in words."""

from embrittle.files import read_csv, write_results
from embrittle.jobs import job
from embrittle.products.characteristics.tables import report
from embrittle.render import published

with job(snakemake.log[0]):
    settings = snakemake.params.table
    found = report(
        read_csv(snakemake.input.points),
        read_csv(snakemake.input.samples),
        published.load(snakemake.input.published, "characteristics", settings["names"]),
        **settings["arguments"],
    )
    write_results(found, snakemake.output)
