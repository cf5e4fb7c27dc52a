"""Figure 3: the loss by perturbations against density, size and shape of the data."""

CHARACTERISTICS = PRODUCTS["characteristics"]


localrules:
    relate_characteristics,
    tabulate_figure3,
    draw_figure3,


rule relate_characteristics:
    """Combine the loss by perturbations with the characteristics of the sub-samples, from metrics and statistics."""
    input:
        metrics=STUDY.metrics_of(STUDY.measured_samples),
        statistics=[
            PATHS.split("statistics", dataset=sample)["statistics"]
            for sample, _, _ in STUDY.samples_shown
        ],
    output:
        **CHARACTERISTICS.related(STUDY),
    log:
        logs("relate_characteristics"),
    benchmark:
        benchmarks("relate_characteristics")
    conda:
        ENVIRONMENT
    params:
        characteristics=params_of("relate_characteristics"),
        code=code_of("products/characteristics/relate_characteristics"),
    script:
        "../../workflow/scripts/products/characteristics/relate_characteristics.py"


rule tabulate_figure3:
    """Write the regressions of Figure 3 with their intervals, the published slopes, and a summary in words."""
    input:
        samples=results("tables/figure3_samples.csv"),
        points=results("tables/figure3_points.csv"),
        published=STUDY.published_for("characteristics", "characteristics.csv"),
    output:
        **reported(
            CHARACTERISTICS.files(STUDY),
            "comparison",
            "comparison",
            "Tables",
            {"table": "Figure 3"},
        ),
    log:
        logs("tabulate_figure3"),
    benchmark:
        benchmarks("tabulate_figure3")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_figure3"),
        code=code_of("products/characteristics/tabulate_figure3"),
    script:
        "../../workflow/scripts/products/characteristics/tabulate_figure3.py"


rule draw_figure3:
    """Draw the loss rho against density, size and shape of the sub-samples of one data set."""
    input:
        points=results("tables/figure3_points.csv"),
        published=STUDY.published_for("characteristics", "characteristics.csv"),
    output:
        files=figure_files(
            "figure3_iterations-{iterations}",
            "{source}",
            label="figure3 iterations-{iterations}",
        ),
    log:
        logs("draw_figure3/{source}/{iterations}"),
    benchmark:
        benchmarks("draw_figure3/{source}/{iterations}")
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_figure3"),
        code=code_of("products/characteristics/draw_figure3"),
    script:
        "../../workflow/scripts/products/characteristics/draw_figure3.py"


rule figure3:
    """Make Figure 3 and its regressions, for the data sets that the configuration lists."""
    input:
        STUDY.target("figure3"),
