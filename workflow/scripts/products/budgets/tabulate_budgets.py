"""Write the tables of attacks at equal norms: all points, differences to a single step, and shares of the norm."""

from embrittle.files import write_results
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect
from embrittle.products.budgets.tables import report

with job(snakemake.log[0]):
    parts = {name: collect(paths) for name, paths in snakemake.input.items()}
    found = report(parts["matched"], parts["shares"], **snakemake.params.table)
    write_results({"long": parts["points"], "seeds": parts["matched"], **found}, snakemake.output)
