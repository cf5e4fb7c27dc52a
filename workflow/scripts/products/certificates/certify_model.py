"""Compute the certified radii of a model: of its users' test items, and of the items of its own lists."""

from embrittle.certificates.certificate import certify
from embrittle.certificates.radii import Model
from embrittle.data.interactions import read_train_and_seen, read_user_items
from embrittle.jobs import job

with job(snakemake.log[0]):
    source = snakemake.input
    _, seen_items = read_train_and_seen(source.train, source.validation, source.statistics)
    test_items = read_user_items(source.test, source.statistics)
    model = Model.read(source.model)
    certificate = certify(model, seen_items, test_items, **snakemake.params.certificate)
    certificate.write(snakemake.output.radii)
