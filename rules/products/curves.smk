"""Figures 1 and 2: measures against the number of iterations, and against epsilon."""

CURVES = PRODUCTS["curves"]


localrules:
    draw_figure,
    tabulate_curves,


rule draw_figure:
    """Draw Figure 1 or 2 for one data set from the metrics, with published curves, if any, in the background."""
    input:
        metrics=results("metrics.parquet"),
        published=STUDY.published_for("curves", "figures_1_2.csv"),
    output:
        files=figure_files("{figure}"),
    log:
        logs("draw_figure/{dataset}/{figure}"),
    benchmark:
        benchmarks("draw_figure/{dataset}/{figure}")
    wildcard_constraints:
        figure="|".join(section.key for section in CURVES.sections),
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_figure"),
        code=code_of("products/curves/draw_figure"),
    script:
        "../../workflow/scripts/products/curves/draw_figure.py"


rule tabulate_curves:
    """Write the curves of Figures 1 and 2 as numbers, in the format of the published curves."""
    input:
        metrics=results("metrics.parquet"),
    output:
        long=CURVES.numbers_file(STUDY),
    log:
        logs("tabulate_curves"),
    benchmark:
        benchmarks("tabulate_curves")
    conda:
        ENVIRONMENT
    params:
        curves=params_of("tabulate_curves"),
        code=code_of("products/curves/tabulate_curves"),
    script:
        "../../workflow/scripts/products/curves/tabulate_curves.py"


rule figure1:
    """Make Figure 1 (a-d) for every data set, if the configuration lists attacks for it."""
    input:
        STUDY.target("figure1"),


rule figure2:
    """Make Figure 2 (a, b) for every data set, if the configuration lists attacks for it."""
    input:
        STUDY.target("figure2"),
