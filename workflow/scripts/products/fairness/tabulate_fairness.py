"""Write Table 2 or Table 3 in its several forms."""

import pandas as pd

from embrittle.files import write_csv, write_text
from embrittle.jobs import job
from embrittle.products.fairness import tables as fairness_tables
from embrittle.render import published

with job(snakemake.log[0]):
    settings = snakemake.params.table
    table = fairness_tables.TABLES[snakemake.wildcards.table]
    groups = pd.read_parquet(snakemake.input.groups)
    rows = groups if table is fairness_tables.TABLE2 else pd.read_parquet(snakemake.input.fairness)
    spread = fairness_tables.cells(rows, table, **settings["cells"])
    long = fairness_tables.long_form(spread, table)
    compared = fairness_tables.comparison(long, published.load(snakemake.input.published), table)
    texts = (
        spread,
        groups,
        table,
        fairness_tables.Caption(**settings["caption"]),
        settings["titles"],
    )
    output = snakemake.output
    write_csv(long, output.long)
    write_csv(spread, output.spread)
    write_csv(fairness_tables.wide_csv(spread, table), output.wide)
    write_text(fairness_tables.markdown(*texts), output.markdown)
    write_text(fairness_tables.latex(*texts), output.latex)
    write_csv(compared, output.comparison)
    write_text(
        fairness_tables.comparison_markdown(compared, table, settings["titles"]),
        output.comparison_markdown,
    )
