"""Compute nDCG of groups and fairness measures of one model and seed in every condition, from the stored lists."""

from embrittle.data.interactions import read_user_items
from embrittle.data.normal_form import read_attributes
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.metrics.evaluation import evaluate_fairness, read_relevance

with job(snakemake.log[0]):
    settings = dict(snakemake.params.fairness)
    train = read_user_items(snakemake.input.train, snakemake.input.statistics)
    groups, fairness = evaluate_fairness(
        snakemake.input.lists,
        train=train,
        test_items=read_user_items(snakemake.input.test, snakemake.input.statistics),
        relevance=read_relevance(snakemake.input.test, settings.pop("relevance")),
        tables={
            "users": read_attributes(snakemake.input.user_table),
            "items": read_attributes(snakemake.input.item_table),
        },
        about=dict(snakemake.wildcards.items()),
        **settings,
    )
    write_parquet(groups, snakemake.output.groups)
    write_parquet(fairness, snakemake.output.fairness)
