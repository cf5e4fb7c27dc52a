"""Write the lists of a trained model without perturbation."""

from embrittle import device
from embrittle.data.interactions import read_user_items
from embrittle.files import read_tensors, write_parquet
from embrittle.jobs import job
from embrittle.kernels.devices import get_backend
from embrittle.kernels.ranking import lists_to_columns, top_items

with job(snakemake.log[0]):
    backend = get_backend(device.of_job(snakemake.resources.gpu))
    model, _ = read_tensors(snakemake.input.model)
    train, validation = (
        read_user_items(snakemake.input[part], snakemake.input.statistics)
        for part in ("train", "validation")
    )
    lists = top_items(
        backend,
        backend.put(model["user_factors"]),
        backend.put(model["item_factors"]),
        train.including(validation),
        snakemake.params.length,
    )
    write_parquet(lists_to_columns(*lists), snakemake.output.lists)
