"""Train a baseline and write its lists at the selected epoch."""

from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.models.baselines.training import train_baseline

with job(snakemake.log[0]):
    positives = read_user_items(snakemake.input.train, snakemake.input.statistics)
    trained = train_baseline(
        snakemake.wildcards.baseline,
        positives,
        test=read_user_items(snakemake.input.test, snakemake.input.statistics),
        validation=read_user_items(snakemake.input.validation, snakemake.input.statistics),
        seed=int(snakemake.wildcards.seed),
        device="cuda" if snakemake.resources.gpu else "cpu",
        **snakemake.params.settings,
    )
    write_parquet(trained.lists, snakemake.output.lists)
    write_parquet(trained.curve_columns(), snakemake.output.curve)
