"""Compute all measures of one model and seed in every condition, from the stored lists."""

from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.metrics.evaluation import evaluate_conditions

with job(snakemake.log[0]):
    train = read_user_items(snakemake.input.train, snakemake.input.statistics)
    metrics = evaluate_conditions(
        snakemake.input.lists,
        test_items=read_user_items(snakemake.input.test, snakemake.input.statistics),
        train_counts=train.item_counts(),
        about=dict(snakemake.wildcards.items()),
        **snakemake.params.evaluation,
    )
    write_parquet(metrics, snakemake.output.metrics)
