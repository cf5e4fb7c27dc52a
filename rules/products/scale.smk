"""How much of a defence is the length of the rows."""

SCALE = PRODUCTS["scale"]


localrules:
    tabulate_scale,
    draw_scale,


rule tabulate_scale:
    """Write the tables of models, defences and controls: every value, curves over the scale, what the defence saves."""
    input:
        metrics=results("metrics.parquet"),
        models=results("tables/models.csv"),
    output:
        **reported(
            SCALE.files(STUDY),
            "savings",
            "scale_savings",
            "Tables",
            {"table": "What the defence saves"},
        ),
    log:
        logs("tabulate_scale"),
    benchmark:
        benchmarks("tabulate_scale")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_scale"),
        code=code_of("products/scale/tabulate_scale"),
    script:
        "../../workflow/scripts/products/scale/tabulate_scale.py"


rule draw_scale:
    """Draw what attacks leave of rescaled models, for one data set."""
    input:
        curves=SCALE.files(STUDY)["curves"],
        models=results("tables/models.csv"),
    output:
        files=figure_files("scale", caption="scale"),
    log:
        logs("draw_scale/{dataset}"),
    benchmark:
        benchmarks("draw_scale/{dataset}")
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_scale"),
        code=code_of("products/scale/draw_scale"),
    script:
        "../../workflow/scripts/products/scale/draw_scale.py"


rule scale:
    """Make tables and figures of models and their controls, for the data sets that the configuration lists."""
    input:
        STUDY.target("scale"),
