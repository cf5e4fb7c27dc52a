"""Write the training curves of the APR poster's figure as numbers."""

from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.products.poster.cells import training_curves

with job(snakemake.log[0]):
    settings = snakemake.params.curves
    curves = zip(settings["trainings"], snakemake.input.curves, strict=True)
    write_csv(training_curves(curves, settings["k"]), snakemake.output.long)
