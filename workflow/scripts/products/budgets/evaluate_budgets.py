"""Compare the attacks on one model and seed at equal perturbation norms, user by user, from the stored lists."""

from embrittle.data.interactions import read_targets
from embrittle.files import read_json, write_parquet
from embrittle.jobs import job
from embrittle.products.budgets import evaluate as budgets

with job(snakemake.log[0]):
    settings = dict(snakemake.params.budgets)
    n_users = read_json(snakemake.input.statistics)["n_users"]
    points = budgets.read_points(
        snakemake.input.lists,
        settings.pop("conditions"),
        read_targets(snakemake.input.test, n_users),
        settings["k"],
        settings.pop("length"),
    )
    tables = budgets.compare(points, about=dict(snakemake.wildcards.items()), **settings)
    for name, rows in tables.items():
        write_parquet(rows, snakemake.output[name])
