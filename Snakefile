"""embrittle: how brittle are a recommender's embeddings?

    download -> prepare -> subsample -> split -> train -> attack -> evaluate -> tables, figures -> report

`snakemake --cores all` runs the default study, and with `--configfile config/paper.yaml` the study of the papers.
`snakemake --list-target-rules` lists the targets.
"""

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


onstart:
    lift_submission_limit(workflow)


onsuccess:
    page = Path(on_disk(results("index.html")))
    if page.exists():
        print(f"The page of this study: {page.resolve()}")


onerror:
    print(
        "Some jobs failed; the outputs of all other jobs are complete. Fix the cause and run the same command again, "
        "or add --config missing=report to make tables and figures without the missing results."
    )


rule all:
    """Make all results that the study's configuration asks for."""
    default_target: True
    input:
        rules.summarise_run.input,
        rules.summarise_run.output,
        rules.write_page.output,
