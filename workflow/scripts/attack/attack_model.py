"""Perturb a trained model with one attack, epsilon and number of iterations, and write the perturbed model's lists."""

from embrittle import device
from embrittle.attacks.norms import NORMS_KEY
from embrittle.attacks.run import Attacked, Perturbation, attack_model
from embrittle.data.interactions import read_train_and_seen, read_user_items
from embrittle.files import read_tensors, write_parquet
from embrittle.jobs import job
from embrittle.kernels.devices import get_backend

with job(snakemake.log[0]):
    source, params = snakemake.input, snakemake.params.attack
    train, seen_items = read_train_and_seen(source.train, source.validation, source.statistics)
    model, about = read_tensors(source.model)
    attacked = Attacked(
        get_backend(device.of_job(snakemake.resources.gpu)),
        (model["user_factors"], model["item_factors"]),
        train,
        seen_items,
        seed=int(snakemake.wildcards.seed),
        loss=params["loss"],
        fixed=about.get("fixed_factors", 0),
        # Only attacks that know the test items have them as an input, and only those on lists have k.
        test=read_user_items(source.test, source.statistics) if source.test else None,
        **{key: params[key] for key in ("k",) if key in params},
    )
    perturbation, lists = attack_model(
        attacked,
        attack=params["definition"],
        epsilon=float(snakemake.wildcards.epsilon),
        iterations=int(snakemake.wildcards.iterations),
        length=params["length"],
        parent=Perturbation.read(source.parent) if source.parent else None,
    )
    perturbation.write(snakemake.output.perturbation)
    write_parquet(lists, snakemake.output.lists, {NORMS_KEY: perturbation.norms(model)})
