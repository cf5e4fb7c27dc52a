"""Evaluate a model's certificate at every epsilon, check its attacks against it, and compare groups of users."""

from embrittle.certificates.certificate import Certificate
from embrittle.data.interactions import read_user_items
from embrittle.data.normal_form import read_attributes
from embrittle.files import read_parquet, write_parquet
from embrittle.jobs import job
from embrittle.products.certificates.evaluate import evaluate

with job(snakemake.log[0]):
    source = snakemake.input
    found = evaluate(
        Certificate.read(source.radii),
        read_user_items(source.test, source.statistics),
        read_parquet(source.search).to_pandas() if source.search else None,
        source.lists,
        read_attributes(source.user_table),
        read_user_items(source.train, source.statistics).counts,
        **snakemake.params.certificate,
    )
    for name, table in found.items():
        write_parquet(table, snakemake.output[name])
