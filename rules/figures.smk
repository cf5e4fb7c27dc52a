"""Figures, from the tidy metrics alone: a plot setting redraws them, and does nothing else."""


localrules:
    draw_figure,
    tabulate_curves,
    draw_fairness,
    draw_figure3,
    tabulate_noise,
    tabulate_training,
    draw_poster,
    draw_budgets,


rule draw_figure:
    """Draw one figure for one data set, with the published curves behind ours where there are any."""
    input:
        metrics=results("metrics.parquet"),
        published=published("figures_1_2.csv"),
    output:
        files=report(
            expand(
                results("figures/{{dataset}}/{{figure}}.{format}"),
                format=STUDY["plots"]["formats"],
            ),
            caption="../docs/report/figure.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "{figure}"},
        ),
    log:
        logs("draw_figure/{dataset}/{figure}"),
    benchmark:
        benchmarks("draw_figure/{dataset}/{figure}")
    wildcard_constraints:
        figure="|".join(FIGURES),
    conda:
        ENVIRONMENT
    params:
        figure=lambda wildcards: {
            "arguments": {
                **FIGURES[wildcards.figure],
                **REFERENCES[wildcards.figure],
                "title": titles()[wildcards.dataset],
            },
            "plots": STUDY["plots"],
        },
        code=code_of("draw_figure"),
    script:
        "../workflow/scripts/draw_figure.py"


rule tabulate_curves:
    """Write the curves of the figures as numbers, in the form of the published ones."""
    input:
        metrics=results("metrics.parquet"),
    output:
        long=results("figures/figures_1_2.csv"),
    log:
        logs("tabulate_curves"),
    conda:
        ENVIRONMENT
    params:
        curves=FIGURES,
        code=code_of("tabulate_curves"),
    script:
        "../workflow/scripts/tabulate_curves.py"


rule figure1:
    """Draw Figure 1 (a-d) for every data set, if it is to show any attack."""
    input:
        expand(
            rules.draw_figure.output.files,
            figure=shown_figures("figure1"),
            dataset=STUDY["datasets"],
        ),
        rules.tabulate_curves.output if shown_figures("figure1") else [],


rule figure2:
    """Draw Figure 2 (a, b) for every data set, if it is to show any attack."""
    input:
        expand(
            rules.draw_figure.output.files,
            figure=shown_figures("figure2"),
            dataset=STUDY["datasets"],
        ),
        rules.tabulate_curves.output if shown_figures("figure2") else [],


rule draw_fairness:
    """Draw what perturbations do to the fairness measures of one data set, as a heat map."""
    input:
        fairness=results("fairness.parquet"),
    output:
        files=report(
            expand(
                results("figures/{{dataset}}/fairness.{format}"),
                format=STUDY["plots"]["formats"],
            ),
            caption="../docs/report/figure.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "fairness"},
        ),
    log:
        logs("draw_fairness/{dataset}"),
    conda:
        ENVIRONMENT
    params:
        figure=lambda wildcards: {
            "cells": FAIRNESS_TABLES["cells"],
            "title": titles()[wildcards.dataset],
            "plots": STUDY["plots"],
        },
        code=code_of("draw_fairness"),
    script:
        "../workflow/scripts/draw_fairness.py"


rule fairness:
    """Draw the heat map of every data set, beside Tables 2 and 3."""
    input:
        rules.table2.input,
        rules.table3.input,
        expand(rules.draw_fairness.output.files, dataset=STUDY["datasets"])
        if ATTRIBUTES
        else [],


rule draw_figure3:
    """Draw rho against density, size and shape of one data set's sub-samples."""
    input:
        points=results("tables/figure3_points.csv"),
        published=published("characteristics.csv"),
    output:
        files=report(
            expand(
                results(
                    "figures/{{source}}/figure3_iterations-{{iterations}}.{format}"
                ),
                format=STUDY["plots"]["formats"],
            ),
            caption="../docs/report/figure.rst",
            category="Figures",
            labels={
                "data set": "{source}",
                "figure": "figure3 iterations-{iterations}",
            },
        ),
    log:
        logs("draw_figure3/{source}/{iterations}"),
    conda:
        ENVIRONMENT
    params:
        figure=lambda wildcards: {
            "arguments": {**shown("figure3"), "title": titles()[wildcards.source]},
            "plots": STUDY["plots"],
        },
        code=code_of("draw_figure3"),
    script:
        "../workflow/scripts/draw_figure3.py"


rule figure3:
    """Draw Figure 3 for every data set that it is wanted for, with its regressions."""
    input:
        expand(
            rules.draw_figure3.output.files,
            source=sorted({source for _, source, _ in SAMPLES_SHOWN}),
            iterations=STUDY["figure3"]["iterations"],
        ),
        rules.tabulate_figure3.output if SAMPLES_SHOWN else [],


rule tabulate_noise:
    """Write the curves of the APR poster's noise figure as numbers."""
    input:
        metrics=results("metrics.parquet"),
    output:
        long=results("figures/noise.csv"),
    log:
        logs("tabulate_noise"),
    conda:
        ENVIRONMENT
    params:
        curves={
            "datasets": POSTER_DATASETS,
            "attacks": list(POSTER_METHODS),
            "epsilon": STUDY["poster"]["noise_epsilon"],
            "k": POSTER_K,
        },
        code=code_of("tabulate_noise"),
    script:
        "../workflow/scripts/tabulate_noise.py"


rule tabulate_training:
    """Write the training curves of the APR poster's figure as numbers."""
    input:
        curves=[CURVE.format(**run) for run in POSTER_RUNS],
    output:
        long=results("figures/training.csv"),
    log:
        logs("tabulate_training"),
    conda:
        ENVIRONMENT
    params:
        curves={
            "trainings": [
                {name: run[name] for name in ("dataset", "model", "seed")}
                for run in POSTER_RUNS
            ],
            "k": CURVE_K,
        },
        code=code_of("tabulate_training"),
    script:
        "../workflow/scripts/tabulate_training.py"


rule draw_poster:
    """Draw a figure of the APR poster for one data set."""
    input:
        curves=results("figures/{figure}.csv"),
    output:
        files=report(
            expand(
                results("figures/{{dataset}}/{{figure}}.{format}"),
                format=STUDY["plots"]["formats"],
            ),
            caption="../docs/report/figure.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "{figure}"},
        ),
    log:
        logs("draw_poster/{dataset}/{figure}"),
    wildcard_constraints:
        figure="|".join(POSTER_FIGURES),
    conda:
        ENVIRONMENT
    params:
        figure=lambda wildcards: {
            "arguments": {
                **POSTER_FIGURES[wildcards.figure],
                "title": titles()[wildcards.dataset],
            },
            "plots": STUDY["plots"],
        },
        code=code_of("draw_poster"),
    script:
        "../workflow/scripts/draw_poster.py"


rule poster:
    """Make the tables and figures of the APR poster, for the data sets that they are wanted for."""
    input:
        rules.tabulate_robustness.output if POSTER_DATASETS else [],
        rules.tabulate_accuracy.output if POSTER_DATASETS else [],
        expand(
            rules.draw_poster.output.files,
            figure=POSTER_FIGURES,
            dataset=POSTER_DATASETS,
        ),


rule draw_budgets:
    """Draw nDCG against the norm that attacks have spent, for one data set."""
    input:
        points=results("tables/table_budgets.csv"),
        metrics=results("metrics.parquet"),
    output:
        files=report(
            expand(
                results("figures/{{dataset}}/budgets.{format}"),
                format=STUDY["plots"]["formats"],
            ),
            caption="../docs/report/budgets.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "equal budgets"},
        ),
    log:
        logs("draw_budgets/{dataset}"),
    conda:
        ENVIRONMENT
    params:
        figure=lambda wildcards: {
            "arguments": {
                "methods": BUDGET_METHODS,
                **BUDGETS_AT,
                "largest": 1.5 * max(STUDY["budgets"]["norms"]),
                "title": titles()[wildcards.dataset],
            },
            "plots": STUDY["plots"],
        },
        code=code_of("draw_budgets"),
    script:
        "../workflow/scripts/draw_budgets.py"


rule budgets:
    """Compare the attacks at equal norms, for the data sets that this is wanted for."""
    input:
        rules.tabulate_budgets.output if BUDGET_DATASETS else [],
        expand(rules.draw_budgets.output.files, dataset=BUDGET_DATASETS),
