"""Train one model up to an epoch."""

from embrittle import training
from embrittle.compute.backend import get_backend
from embrittle.data.interactions import read_targets, read_user_items
from embrittle.jobs import job

with job(snakemake.log[0]):
    positives = read_user_items(snakemake.input.train, snakemake.input.statistics)
    start = snakemake.input.get("start")
    state = training.train(
        get_backend("cuda" if snakemake.resources.gpu else "cpu"),
        positives,
        test=read_targets(snakemake.input.test, positives.n_users),
        validation=read_targets(snakemake.input.validation, positives.n_users),
        settings=training.TrainingSettings(**snakemake.params.settings),
        seed=int(snakemake.wildcards.seed),
        epochs=int(snakemake.wildcards.epoch),
        start=training.read_state(start) if start else None,
    )
    state.write(**snakemake.output)
