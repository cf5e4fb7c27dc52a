"""Write the lists of a trained model without perturbation."""

from embrittle import device
from embrittle.data.interactions import read_train_and_seen
from embrittle.files import read_tensors, write_parquet
from embrittle.jobs import job
from embrittle.kernels.devices import get_backend
from embrittle.kernels.ranking import lists_to_columns, top_items

with job(snakemake.log[0]):
    backend = get_backend(device.of_job(snakemake.resources.gpu))
    model, _ = read_tensors(snakemake.input.model)
    _, seen_items = read_train_and_seen(
        snakemake.input.train, snakemake.input.validation, snakemake.input.statistics
    )
    lists = top_items(
        backend,
        backend.put(model["user_factors"]),
        backend.put(model["item_factors"]),
        seen_items,
        snakemake.params.length,
    )
    write_parquet(lists_to_columns(*lists), snakemake.output.lists)
