"""Write the regressions of Figure 3 and what they say."""

from embrittle.files import read_csv, write_csv, write_text
from embrittle.jobs import job
from embrittle.products.characteristics import tables as characteristics_report
from embrittle.render import published

with job(snakemake.log[0]):
    points, samples = read_csv(snakemake.input.points), read_csv(snakemake.input.samples)
    settings, output = snakemake.params.table, snakemake.output
    report = characteristics_report.report(
        points, samples, published.load(snakemake.input.published), **settings
    )
    write_csv(report.regressions, output.regressions)
    write_csv(report.joint, output.joint)
    write_csv(report.differences, output.differences)
    write_csv(report.comparison, output.comparison)
    write_csv(report.statements, output.statements)
    write_text(report.markdown, output.markdown)
