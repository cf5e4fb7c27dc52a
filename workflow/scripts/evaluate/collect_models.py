"""List all trained models with the selected epoch and its score."""

from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.metrics.evaluation import selected_epochs

with job(snakemake.log[0]):
    models = zip(snakemake.params.datasets, snakemake.input.models, strict=True)
    write_csv(selected_epochs(models), snakemake.output.csv)
