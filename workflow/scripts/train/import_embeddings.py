"""Bring own embeddings into the order of the data, as a model that can be attacked."""

from embrittle.embeddings.matching import read_model
from embrittle.files import read_columns, write_tensors
from embrittle.jobs import job

with job(snakemake.log[0]):
    (users,) = read_columns(snakemake.input.user_table, "id")
    (items,) = read_columns(snakemake.input.item_table, "id")
    factors, fixed = read_model(snakemake.params.embeddings, users, items)
    about = {"model": snakemake.wildcards.model, "seed": int(snakemake.wildcards.seed)}
    # Own embeddings have no epoch; the other models' files have the same keys.
    about |= {"selected_epoch": None, "selected_score": None, "fixed_factors": fixed}
    write_tensors(factors, snakemake.output.model, about)
