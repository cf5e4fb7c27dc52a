"""Write the random recommender's lists."""

from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.ranking import lists_to_columns, random_items

with job(snakemake.log[0]):
    train = read_user_items(snakemake.input.train, snakemake.input.statistics)
    lists = random_items(train, snakemake.params.length, int(snakemake.wildcards.seed))
    write_parquet(lists_to_columns(*lists), snakemake.output.lists)
