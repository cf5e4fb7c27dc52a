"""embrittle: how brittle are a recommender's embeddings?

    download -> prepare -> subsample -> split -> train -> attack -> evaluate -> tables, figures -> report

`snakemake --cores all` runs the default study, and with `--configfile config/paper.yaml` the study of the papers.
`snakemake --list-target-rules` lists the targets.
"""

from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/attack.smk"
include: "rules/evaluate.smk"


for product in PRODUCTS:

    include: f"rules/products/{product}.smk"


include: "rules/report.smk"


TERMINAL = terminal.ShortLines(workflow.output_settings.dryrun)
# Jobs on a cluster and workflows that import this one keep Snakemake's own format, as does --verbose.
if workflow.is_main_process and not workflow.output_settings.verbose:
    if workflow.modifier.is_main_snakefile():
        TERMINAL.attach(logger)


onstart:
    TRAININGS.mkdir(parents=True, exist_ok=True)
    lift_submission_limit(workflow)
    if STUDY.selected_on_test(STUDY.all_measured):
        logger.warning(terminal.BEST_ON_TEST)


onsuccess:
    print(*terminal.success_lines(Path(on_disk(results("")))), sep="\n")


onerror:
    print(*terminal.failure_lines(TERMINAL.failed), sep="\n")


rule all:
    """Make all results that the study's configuration asks for."""
    default_target: True
    input:
        rules.summarise_run.input,
        rules.summarise_run.output,
        rules.write_page.output,
