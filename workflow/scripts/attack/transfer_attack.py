"""Write the lists of a model under a perturbation that was found on another model."""

from embrittle import device
from embrittle.attacks.norms import NORMS_KEY
from embrittle.attacks.run import Perturbation
from embrittle.attacks.transfer import perturbed, transferred
from embrittle.data.interactions import read_train_and_seen
from embrittle.files import read_tensors, write_parquet
from embrittle.jobs import job
from embrittle.kernels.devices import get_backend
from embrittle.kernels.ranking import lists_to_columns, top_items

with job(snakemake.log[0]):
    source, params = snakemake.input, snakemake.params.transfer
    _, seen_items = read_train_and_seen(source.train, source.validation, source.statistics)
    model, about = read_tensors(source.model)
    other, _ = read_tensors(source.other)
    found = Perturbation.read(source.perturbation)
    fixed = about.get("fixed_factors", 0)
    delta = transferred(found, other, model, relative=params["relative"], fixed=fixed)
    backend = get_backend(device.of_job(snakemake.resources.gpu))
    factors = map(backend.put, perturbed(model, delta))
    lists = lists_to_columns(*top_items(backend, *factors, seen_items, params["length"]))
    write_parquet(lists, snakemake.output.lists, {NORMS_KEY: delta.norms(model)})
