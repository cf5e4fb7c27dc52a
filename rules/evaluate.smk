"""Measures, from stored lists alone: no model is loaded and no attack run again."""


def conditions_of(model):
    """(attack, epsilon, iterations) of all lists of a model; the random recommender is not attacked."""
    return [("initial", "0", 0)] + (CONDITIONS if model != "Random" else [])


def lists_of(wildcards):
    """The lists of a model and seed, in the order of `conditions_of`."""
    return [results(INITIAL_LISTS).format(**wildcards)] + [
        results(ATTACKED_LISTS).format(
            **wildcards, attack=attack, epsilon=epsilon, iterations=iterations
        )
        for attack, epsilon, iterations in conditions_of(wildcards.model)[1:]
    ]


rule evaluate_model:
    """All measures of one model and seed, in every condition."""
    input:
        **split_files("train", "test", "statistics"),
        lists=lists_of,
    output:
        metrics=results("metrics/{dataset}/{model}/seed-{seed}.parquet"),
    log:
        logs("evaluate_model/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_model/{dataset}/{model}/seed-{seed}")
    params:
        evaluation=lambda wildcards: {
            "conditions": conditions_of(wildcards.model),
            "k": STUDY["evaluation"]["k"],
        },
    script:
        "../workflow/scripts/evaluate_model.py"


rule collect_metrics:
    """One tidy table of all measures of the study."""
    input:
        metrics=expand(
            results("metrics/{dataset}/{model}/seed-{seed}.parquet"),
            dataset=STUDY["datasets"],
            model=["Random", *STUDY["models"]],
            seed=STUDY["seeds"],
        ),
    output:
        parquet=results("metrics.parquet"),
        csv=results("metrics.csv"),
    log:
        logs("collect_metrics"),
    script:
        "../workflow/scripts/collect_metrics.py"


rule metrics:
    """Collect the tidy table of all measures."""
    input:
        rules.collect_metrics.output,
