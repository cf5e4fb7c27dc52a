"""Write the training curves of all models as numbers."""

from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.products.poster import figure as poster_figures

with job(snakemake.log[0]):
    settings = snakemake.params.curves
    curves = zip(settings["trainings"], snakemake.input.curves, strict=True)
    write_csv(poster_figures.training_curves(curves, settings["k"]), snakemake.output.long)
