"""Compute every user's nDCG in the cells of Table 1, for one model and seed, from the stored lists."""

from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.products.table1.evaluate import cells_of_users

with job(snakemake.log[0]):
    users = cells_of_users(
        snakemake.input.lists,
        test_items=read_user_items(snakemake.input.test, snakemake.input.statistics),
        **snakemake.params.users,
    )
    write_parquet(users, snakemake.output.users)
