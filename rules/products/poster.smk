"""Tables and figures of the APR poster: robustness and accuracy, noise and training curves."""

POSTER = PRODUCTS["poster"]


localrules:
    tabulate_robustness,
    tabulate_accuracy,
    tabulate_noise,
    tabulate_training,
    draw_poster,


rule tabulate_robustness:
    """Write the APR poster's robustness table, changes of nDCG under adversarial noise, beside the printed changes."""
    input:
        metrics=results("metrics.parquet"),
        published=STUDY.published_for("poster", "apr_robustness.csv"),
    output:
        **reported(
            POSTER.files(STUDY, "robustness"),
            "long",
            "comparison",
            "Tables",
            {"table": "Robustness (APR)"},
        ),
    log:
        logs("tabulate_robustness"),
    benchmark:
        benchmarks("tabulate_robustness")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_robustness"),
        code=code_of("products/poster/tabulate_robustness"),
    script:
        "../../workflow/scripts/products/poster/tabulate_robustness.py"


rule tabulate_accuracy:
    """Write the APR poster's accuracy table of models and baselines, beside the printed values."""
    input:
        metrics=results("metrics.parquet"),
        baselines=STUDY.metrics_of(STUDY.measured_baselines),
        published=STUDY.published_for("poster", "apr_performance.csv"),
    output:
        **reported(
            POSTER.files(STUDY, "accuracy"),
            "long",
            "comparison",
            "Tables",
            {"table": "Accuracy (APR)"},
        ),
    log:
        logs("tabulate_accuracy"),
    benchmark:
        benchmarks("tabulate_accuracy")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_accuracy"),
        code=code_of("products/poster/tabulate_accuracy"),
    script:
        "../../workflow/scripts/products/poster/tabulate_accuracy.py"


rule tabulate_noise:
    """Write the curves of the APR poster's noise figure as numbers."""
    input:
        metrics=results("metrics.parquet"),
    output:
        long=POSTER.numbers_file(STUDY, "noise"),
    log:
        logs("tabulate_noise"),
    benchmark:
        benchmarks("tabulate_noise")
    conda:
        ENVIRONMENT
    params:
        curves=params_of("tabulate_noise"),
        code=code_of("products/poster/tabulate_noise"),
    script:
        "../../workflow/scripts/products/poster/tabulate_noise.py"


rule tabulate_training:
    """Write the training curves of the APR poster's figure as numbers."""
    input:
        curves=[STUDY.curve_file(run) for run in POSTER.trainings(STUDY)],
    output:
        long=POSTER.numbers_file(STUDY, "training"),
    log:
        logs("tabulate_training"),
    benchmark:
        benchmarks("tabulate_training")
    conda:
        ENVIRONMENT
    params:
        curves=params_of("tabulate_training"),
        code=code_of("products/poster/tabulate_training"),
    script:
        "../../workflow/scripts/products/poster/tabulate_training.py"


rule draw_poster:
    """Draw the noise or training figure of the APR poster for one data set, from its curves."""
    input:
        curves=POSTER.numbers_file(STUDY, "{figure}"),
    output:
        files=figure_files("{figure}"),
    log:
        logs("draw_poster/{dataset}/{figure}"),
    benchmark:
        benchmarks("draw_poster/{dataset}/{figure}")
    wildcard_constraints:
        figure="noise|training",
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_poster"),
        code=code_of("products/poster/draw_poster"),
    script:
        "../../workflow/scripts/products/poster/draw_poster.py"


rule poster:
    """Make the tables and figures of the APR poster, for the data sets that the configuration lists."""
    input:
        STUDY.target("poster"),
