"""Write Table 1 in all its forms, alone and beside the published values."""

from embrittle.files import read_parquet, write_results
from embrittle.jobs import job
from embrittle.products.table1.tables import forms
from embrittle.render import published

with job(snakemake.log[0]):
    settings = snakemake.params.table
    made = forms(
        read_parquet(snakemake.input.metrics).to_pandas(),
        published.load(snakemake.input.published, "table1", settings["names"]),
        **settings["arguments"],
        **settings["captions"],
    )
    write_results(made, snakemake.output)
