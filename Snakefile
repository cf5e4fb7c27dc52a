"""embrittle: how brittle are a recommender's embeddings?

    download -> prepare -> subsample -> split -> train -> attack -> evaluate -> tables, figures

`snakemake --cores all` runs the default study; `--configfile config/paper.yaml` the papers'. Targets: see below.
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/download.smk"
include: "rules/prepare.smk"
include: "rules/subsample.smk"
include: "rules/split.smk"
include: "rules/train.smk"
include: "rules/attack.smk"
include: "rules/evaluate.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"


rule all:
    """Everything the study's configuration asks for."""
    default_target: True
    input:
        rules.metrics.input,
        rules.table1.input,
        rules.figure1.input,
        rules.figure2.input,
        rules.figure3.input,
        rules.poster.input,
