"""Perturb a trained model with one attack, epsilon and number of iterations, and write the perturbed model's lists."""

from embrittle import device
from embrittle.attacks.norms import NORMS_KEY
from embrittle.attacks.run import Perturbation, attack_model
from embrittle.data.interactions import read_train_and_seen
from embrittle.files import read_tensors, write_parquet
from embrittle.jobs import job
from embrittle.kernels.devices import get_backend

with job(snakemake.log[0]):
    train, seen_items = read_train_and_seen(
        snakemake.input.train, snakemake.input.validation, snakemake.input.statistics
    )
    parent = snakemake.input.parent
    model, about = read_tensors(snakemake.input.model)
    perturbation, lists = attack_model(
        get_backend(device.of_job(snakemake.resources.gpu)),
        model,
        train,
        seen_items=seen_items,
        attack=snakemake.params.attack["definition"],
        loss=snakemake.params.attack["loss"],
        fixed=about.get("fixed_factors", 0),
        epsilon=float(snakemake.wildcards.epsilon),
        iterations=int(snakemake.wildcards.iterations),
        seed=int(snakemake.wildcards.seed),
        length=snakemake.params.attack["length"],
        parent=Perturbation.read(parent) if parent else None,
    )
    perturbation.write(snakemake.output.perturbation)
    write_parquet(lists, snakemake.output.lists, {NORMS_KEY: perturbation.norms(model)})
