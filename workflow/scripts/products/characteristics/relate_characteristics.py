"""Combine the loss by perturbations with the characteristics of the sub-samples."""

from embrittle.files import read_json, write_results
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect
from embrittle.products.characteristics.cells import related

with job(snakemake.log[0]):
    statistics = [read_json(path) for path in snakemake.input.statistics]
    found = related(
        collect(snakemake.input.metrics), statistics, **snakemake.params.characteristics
    )
    write_results(found, snakemake.output)
