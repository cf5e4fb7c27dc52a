"""Write lists of the random recommender for a split."""

from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.kernels.ranking import lists_to_columns, random_items

with job(snakemake.log[0]):
    train, validation = (
        read_user_items(snakemake.input[part], snakemake.input.statistics)
        for part in ("train", "validation")
    )
    seen_items = train.including(validation)
    lists = random_items(seen_items, snakemake.params.length, int(snakemake.wildcards.seed))
    write_parquet(lists_to_columns(*lists), snakemake.output.lists)
