"""Write the tables of certificates: every value, curves, proofs beside attacks, models compared, radii of groups."""

from embrittle.files import read_parquet, write_results
from embrittle.jobs import job
from embrittle.products.certificates.tables import report

with job(snakemake.log[0]):
    table = dict(snakemake.params.table)
    runs = [tuple(run) for run in table.pop("runs")]
    curves, groups = (
        {run: read_parquet(path).to_pandas() for run, path in zip(runs, paths, strict=True)}
        for paths in (snakemake.input.curves, snakemake.input.groups)
    )
    write_results(report(curves, groups, **table), snakemake.output)
