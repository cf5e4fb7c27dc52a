"""Search the exact worst case of perturbed user rows, for one model and seed."""

from embrittle.certificates.certificate import Certificate
from embrittle.certificates.radii import Model
from embrittle.data.interactions import read_train_and_seen, read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.products.certificates.evaluate import search

with job(snakemake.log[0]):
    source = snakemake.input
    _, seen_items = read_train_and_seen(source.train, source.validation, source.statistics)
    test_items = read_user_items(source.test, source.statistics)
    model, certificate = Model.read(source.model), Certificate.read(source.radii)
    found = search(model, seen_items, test_items, certificate, **snakemake.params.search)
    write_parquet(found, snakemake.output.search)
