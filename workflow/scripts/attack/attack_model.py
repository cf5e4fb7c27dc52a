"""Perturb a trained model's factors and write its lists, after each number of iterations asked for."""

from embrittle import device
from embrittle.attacks.run import attacked_lists
from embrittle.attacks.trajectories import write_snapshots
from embrittle.data.interactions import read_targets, read_user_items
from embrittle.files import read_tensors
from embrittle.jobs import job
from embrittle.kernels.backend import get_backend

with job(snakemake.log[0]):
    train = read_user_items(snakemake.input.train, snakemake.input.statistics)
    snapshots = attacked_lists(
        get_backend(device.of_job(snakemake.resources.gpu)),
        read_tensors(snakemake.input.model)[0],
        train,
        known=train.including(read_targets(snakemake.input.validation, train.n_users)),
        epsilon=float(snakemake.wildcards.epsilon),
        seed=int(snakemake.wildcards.seed),
        **snakemake.params.attack,
    )
    write_snapshots(snapshots, snakemake.output.lists)
