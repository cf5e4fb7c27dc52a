"""Write the attacks at equal norms: every point, the tables over seeds, and what they say."""

from embrittle.files import write_csv, write_text
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect
from embrittle.products.budgets.tables import report

with job(snakemake.log[0]):
    output = snakemake.output
    matched, shares = collect(snakemake.input.matched), collect(snakemake.input.shares)
    said = report(matched, shares, **snakemake.params.table)
    write_csv(collect(snakemake.input.points), output.long)
    write_csv(matched, output.seeds)
    write_csv(said.matched, output.matched)
    write_csv(said.shares, output.shares)
    write_csv(said.statements, output.statements)
    write_text(said.markdown, output.markdown)
    write_text(said.latex, output.latex)
