"""Evaluate a model's certificate at every epsilon, check its attacks against it, and compare groups of users."""

import pandas as pd

from embrittle.certificates.certificate import Certificate
from embrittle.data.interactions import read_user_items
from embrittle.data.normal_form import read_attributes
from embrittle.files import read_parquet, write_parquet
from embrittle.jobs import job
from embrittle.products.certificates.evaluate import (
    beside_attacks,
    curves,
    groups_table,
    users_table,
)

with job(snakemake.log[0]):
    source, settings = snakemake.input, snakemake.params.certificate
    certificate = Certificate.read(source.radii)
    train = read_user_items(source.train, source.statistics)
    test_items = read_user_items(source.test, source.statistics)
    searched = read_parquet(source.search).to_pandas() if source.search else None
    certain = curves(
        certificate, test_items, searched, epsilon=settings["epsilon"], k=settings["k"]
    )
    attacked = beside_attacks(
        source.lists,
        certificate.radii,
        test_items,
        conditions=settings["conditions"],
        attacks=settings["attacks"],
        k=settings["k"],
    )
    users = users_table(certificate.radii, test_items, settings["k"][0])
    groups = groups_table(
        users,
        certificate.radii.threats,
        settings["attributes"],
        read_attributes(source.user_table),
        train.counts,
    )
    write_parquet(pd.concat([certain, attacked], ignore_index=True), snakemake.output.curves)
    write_parquet(users, snakemake.output.users)
    write_parquet(groups, snakemake.output.groups)
