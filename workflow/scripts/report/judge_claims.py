"""Test the papers' claims on the results of the study."""

from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.verdict import verdict as study

with job(snakemake.log[0]):
    verdict = study.judge_files(dict(snakemake.input.items()), **snakemake.params.verdict)
    write_csv(verdict.claims, snakemake.output.claims)
    write_csv(verdict.cases, snakemake.output.cases)
    write_csv(verdict.disagreements, snakemake.output.disagreements)
