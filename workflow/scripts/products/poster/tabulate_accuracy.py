"""Write the accuracy table of the APR poster."""

from embrittle.files import write_results
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect
from embrittle.products.poster.tables import report_accuracy
from embrittle.render import published

with job(snakemake.log[0]):
    found = report_accuracy(
        collect([snakemake.input.metrics, *snakemake.input.baselines]),
        published.load(snakemake.input.published, "apr_performance"),
        **snakemake.params.table["arguments"],
        **snakemake.params.table["captions"],
    )
    write_results(found, snakemake.output)
