"""Write the robustness table of the APR poster."""

from embrittle.files import read_parquet, write_results
from embrittle.jobs import job
from embrittle.products.poster.tables import report_robustness
from embrittle.render import published

with job(snakemake.log[0]):
    found = report_robustness(
        read_parquet(snakemake.input.metrics).to_pandas(),
        published.load(snakemake.input.published, "apr_robustness"),
        **snakemake.params.table["arguments"],
        **snakemake.params.table["captions"],
    )
    write_results(found, snakemake.output)
