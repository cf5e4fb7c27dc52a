"""Put what perturbations cost beside the characteristics of the sub-samples."""

from embrittle.files import read_json, write_csv
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect
from embrittle.products.characteristics import cells as characteristics

with job(snakemake.log[0]):
    settings = snakemake.params.characteristics
    statistics = map(read_json, snakemake.input.statistics)
    samples = characteristics.characteristics_table(
        (*sample, numbers) for sample, numbers in zip(settings["samples"], statistics, strict=True)
    )
    metrics = collect(snakemake.input.metrics)
    robust = characteristics.robustness(metrics, settings["k"], settings["epsilon"])
    write_csv(samples, snakemake.output.samples)
    write_csv(characteristics.points(robust, samples), snakemake.output.points)
