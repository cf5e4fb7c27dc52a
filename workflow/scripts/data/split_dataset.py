"""Split the interactions of a data set, with statistics of the split."""

from embrittle.data import normal_form, splits
from embrittle.files import count_rows, write_json, write_parquet
from embrittle.jobs import job

with job(snakemake.log[0]):
    source, output = snakemake.input, snakemake.output
    interactions = normal_form.read_interactions(source.interactions)
    split = splits.split_interactions(interactions, **snakemake.params.split)
    statistics = splits.statistics(
        split, count_rows(source.user_table), count_rows(source.item_table)
    )
    write_parquet(split.train, output.train)
    write_parquet(split.validation, output.validation)
    write_parquet(split.test, output.test)
    write_json(statistics, output.statistics)
