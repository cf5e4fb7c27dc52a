"""Write lists of the random recommender for a split."""

from embrittle.data.interactions import read_train_and_seen
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.kernels.ranking import lists_to_columns, random_items

with job(snakemake.log[0]):
    _, seen_items = read_train_and_seen(
        snakemake.input.train, snakemake.input.validation, snakemake.input.statistics
    )
    lists = random_items(seen_items, snakemake.params.length, int(snakemake.wildcards.seed))
    write_parquet(lists_to_columns(*lists), snakemake.output.lists)
