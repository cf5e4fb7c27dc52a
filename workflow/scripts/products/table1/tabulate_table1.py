"""Write Table 1 in its several forms."""

from embrittle.files import read_parquet, write_csv, write_text
from embrittle.jobs import job
from embrittle.products.table1 import tables
from embrittle.products.table1.cells import long_form, table1_comparison, table1_spread
from embrittle.render import published

with job(snakemake.log[0]):
    settings, captions = snakemake.params.table["arguments"], snakemake.params.table["captions"]
    shape = {name: settings[name] for name in ("epsilon", "iterations", "k")}
    spread = table1_spread(read_parquet(snakemake.input.metrics).to_pandas(), **settings)
    long = long_form(spread)
    comparison = table1_comparison(long, published.load(snakemake.input.published))
    output = snakemake.output
    write_csv(long, output.long)
    write_csv(spread, output.spread)
    write_csv(tables.table1_wide_csv(spread), output.wide)
    write_text(tables.table1_markdown(spread, **shape, **captions), output.markdown)
    write_text(tables.table1_latex(spread, **shape, **captions), output.latex)
    write_csv(comparison, output.comparison)
    write_text(
        tables.comparison_markdown(comparison, captions["titles"]), output.comparison_markdown
    )
