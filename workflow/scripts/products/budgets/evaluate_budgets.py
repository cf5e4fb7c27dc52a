"""Compare the attacks on one model and seed at equal perturbation norms, user by user, from the stored lists."""

from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.products.budgets import evaluate as budgets

with job(snakemake.log[0]):
    settings = dict(snakemake.params.budgets)
    points = budgets.read_points(
        snakemake.input.lists,
        settings.pop("conditions"),
        read_user_items(snakemake.input.test, snakemake.input.statistics),
        settings["k"],
        settings.pop("length"),
    )
    tables = budgets.compare(points, about=dict(snakemake.wildcards.items()), **settings)
    for name, rows in tables.items():
        write_parquet(rows, snakemake.output[name])
