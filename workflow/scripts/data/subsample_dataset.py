"""Make the sub-sample of a data set in which users and items have at least k interactions."""

from embrittle.data import normal_form
from embrittle.data.subsample import subsample
from embrittle.jobs import job

with job(snakemake.log[0]):
    source, output = snakemake.input, snakemake.output
    form = normal_form.read(source.interactions, source.user_table, source.item_table)
    form = subsample(form, int(snakemake.wildcards.k), snakemake.params.method)
    normal_form.write(form, output.interactions, output.user_table, output.item_table)
