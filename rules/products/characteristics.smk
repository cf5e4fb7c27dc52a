"""Figure 3: what density, size and shape of the data change."""

CHARACTERISTICS = PRODUCTS["characteristics"]


localrules:
    relate_characteristics,
    tabulate_figure3,
    draw_figure3,


rule relate_characteristics:
    """Put what perturbations cost beside the characteristics of the sub-samples."""
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
        characteristics=STUDY.params("relate_characteristics"),
        code=code_of("products/characteristics/relate_characteristics"),
    script:
        "../../workflow/scripts/products/characteristics/relate_characteristics.py"


rule tabulate_figure3:
    """The regressions of Figure 3 with their intervals, beside the published slopes, and what they say."""
    input:
        samples=results("tables/figure3_samples.csv"),
        points=results("tables/figure3_points.csv"),
        published=STUDY.published("characteristics.csv"),
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
        table=STUDY.params("tabulate_figure3"),
        code=code_of("products/characteristics/tabulate_figure3"),
    script:
        "../../workflow/scripts/products/characteristics/tabulate_figure3.py"


rule draw_figure3:
    """Draw rho against density, size and shape of one data set's sub-samples."""
    input:
        points=results("tables/figure3_points.csv"),
        published=STUDY.published("characteristics.csv"),
    output:
        files=figure_files(
            "figure3_iterations-{iterations}",
            "{source}",
            label="figure3 iterations-{iterations}",
        ),
    log:
        logs("draw_figure3/{source}/{iterations}"),
    conda:
        ENVIRONMENT
    params:
        figure=STUDY.params("draw_figure3"),
        code=code_of("products/characteristics/draw_figure3"),
    script:
        "../../workflow/scripts/products/characteristics/draw_figure3.py"


rule figure3:
    """Draw Figure 3 for every data set that it is wanted for, with its regressions."""
    input:
        STUDY.target("figure3"),
