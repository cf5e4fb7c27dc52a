"""What attacks on the ranking leave of each model."""

RELIABLE = PRODUCTS["reliable"]


localrules:
    tabulate_reliable,
    draw_reliable,


rule tabulate_reliable:
    """Write the tables of attacks on the ranking: every value, curves over epsilon, the damage, and warnings."""
    input:
        metrics=results("metrics.parquet"),
    output:
        **reported(
            RELIABLE.files(STUDY),
            "damage",
            "reliable_damage",
            "Tables",
            {"table": "What attacks on the ranking leave"},
        ),
    log:
        logs("tabulate_reliable"),
    benchmark:
        benchmarks("tabulate_reliable")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_reliable"),
        code=code_of("products/reliable/tabulate_reliable"),
    script:
        "../../workflow/scripts/products/reliable/tabulate_reliable.py"


rule draw_reliable:
    """Draw what attacks on the ranking leave, for one data set."""
    input:
        curves=RELIABLE.files(STUDY)["curves"],
    output:
        files=figure_files("reliable", caption="reliable"),
    log:
        logs("draw_reliable/{dataset}"),
    benchmark:
        benchmarks("draw_reliable/{dataset}")
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_reliable"),
        code=code_of("products/reliable/draw_reliable"),
    script:
        "../../workflow/scripts/products/reliable/draw_reliable.py"


rule reliable:
    """Make tables and figures of attacks on the ranking, for the data sets that the configuration lists."""
    input:
        STUDY.target("reliable"),
