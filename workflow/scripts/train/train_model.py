"""Train one model up to an epoch, by the module that its settings name."""

from importlib import import_module

from embrittle import device
from embrittle.data.interactions import read_user_items
from embrittle.jobs import job
from embrittle.kernels.devices import get_backend
from embrittle.models import module_of
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.state import read_state
from embrittle.usage import measured

with job(snakemake.log[0]), measured(snakemake.output.usage):
    positives = read_user_items(snakemake.input.train, snakemake.input.statistics)
    start = snakemake.input.get("start")
    checkpoint = Checkpoint(
        snakemake.output.state,
        every_seconds=snakemake.resources.checkpoint_seconds,
        inputs=snakemake.input,
        settings=[
            snakemake.params.code,
            snakemake.params.settings,
            snakemake.params.training,
        ],
    )
    settings = dict(snakemake.params.settings)
    module = import_module(module_of(settings.pop("trained_by", "training")))
    state = module.train(
        get_backend(device.of_job(snakemake.resources.gpu)),
        positives,
        test=read_user_items(snakemake.input.test, snakemake.input.statistics),
        validation=read_user_items(snakemake.input.validation, snakemake.input.statistics),
        settings=module.TrainingSettings(**settings),
        seed=int(snakemake.wildcards.seed),
        epochs=int(snakemake.wildcards.epoch),
        checkpoint=checkpoint,
        **({"start": read_state(start)} if start else {}),
    )
    state.write(*(snakemake.output[name] for name in ("state", "best", "last", "curve")))
    checkpoint.remove()
