"""embrittle: how brittle are a recommender's embeddings?

    download -> prepare -> subsample -> split -> train -> attack -> evaluate -> tables, figures -> report

`snakemake --cores all` runs the default study; `--configfile config/paper.yaml` the papers'. Targets: see below.
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
    # In Snakemake 9.27 each look for jobs to start books another one, one timespan of its limit on submissions later,
    # and that one the next. After a thousand jobs there are a thousand looks in each timespan, and Snakemake takes more
    # time than the jobs. On this machine nothing is submitted, and a look whenever a job has ended is all it needs.
    if workflow.resource_settings.nodes is None:
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    page = Path(on_disk(results("index.html")))
    if page.exists():
        print(f"The page of this study: {page.resolve()}")


onerror:
    print(
        "What could be made is there. The same command makes the rest, once the cause is mended; to go without it and "
        "see what is missing: --config missing=report"
    )


rule all:
    """Everything the study's configuration asks for."""
    default_target: True
    input:
        rules.summarise_run.input,
        rules.summarise_run.output,
        rules.write_page.output,
