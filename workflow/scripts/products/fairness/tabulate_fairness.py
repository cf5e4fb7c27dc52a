"""Write Table 2 or Table 3 in all its forms, alone and beside the published table."""

import pandas as pd

from embrittle.files import write_results
from embrittle.jobs import job
from embrittle.products.fairness.tables import forms
from embrittle.render import published

with job(snakemake.log[0]):
    settings = snakemake.params.table
    made = forms(
        snakemake.wildcards.table,
        pd.read_parquet(snakemake.input.groups),
        pd.read_parquet(snakemake.input.fairness),
        published.load(snakemake.input.published, snakemake.wildcards.table, settings["names"]),
        shown=settings["cells"],
        about=settings["caption"],
        titles=settings["titles"],
    )
    write_results(made, snakemake.output)
