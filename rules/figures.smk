"""Figures, from the tidy metrics alone: a plot setting redraws, and nothing else."""

FIGURES = {
    "figure1": {
        "epsilon": STUDY["figure1"]["epsilon"],
        "iterations": STUDY["figure1"]["iterations"],
    },
    "figure2": {
        "iterations": STUDY["figure2"]["iterations"],
        "epsilon": STUDY["figure2"]["epsilon"],
        "fgsm_epsilon": STUDY["figure1"]["epsilon"],
    },
}


rule draw_figure:
    """Draw one figure for one data set, with the published curves behind ours where there are any."""
    input:
        metrics=results("metrics.parquet"),
        published=workflow.source_path("../resources/published/figures_1_2.csv"),
    output:
        files=expand(
            results("figures/{{dataset}}/{{figure}}.{format}"),
            format=STUDY["plots"]["formats"],
        ),
    log:
        logs("draw_figure/{dataset}/{figure}"),
    wildcard_constraints:
        figure="|".join(FIGURES),
    params:
        figure=lambda wildcards: {
            "what": FIGURES[wildcards.figure],
            "k": STUDY["evaluation"]["k"][0],
            "single_step": single_step_attacks(),
            "title": titles()[wildcards.dataset],
            "plots": STUDY["plots"],
        },
    script:
        "../workflow/scripts/draw_figure.py"


rule tabulate_curves:
    """The curves of Figures 1 and 2 as numbers, in the form of the published ones."""
    input:
        metrics=results("metrics.parquet"),
    output:
        long=results("figures/figures_1_2.csv"),
    log:
        logs("tabulate_curves"),
    params:
        curves={
            "figure1": FIGURES["figure1"],
            "figure2": FIGURES["figure2"],
            "k": STUDY["evaluation"]["k"][0],
            "single_step": single_step_attacks(),
        },
    script:
        "../workflow/scripts/tabulate_curves.py"


rule figure1:
    """Draw Figure 1 (a-d) for every data set."""
    input:
        expand(
            rules.draw_figure.output.files, figure="figure1", dataset=STUDY["datasets"]
        ),
        rules.tabulate_curves.output,


rule figure2:
    """Draw Figure 2 (a, b) for every data set."""
    input:
        expand(
            rules.draw_figure.output.files, figure="figure2", dataset=STUDY["datasets"]
        ),
        rules.tabulate_curves.output,
