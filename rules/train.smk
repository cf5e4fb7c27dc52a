"""Trained models. A training goes through the states that other models start from, and keeps them."""


rule train_model:
    """Train a model up to an epoch: the state to go on from, the selected factors, and the curve."""
    input:
        **split_files("train", "validation", "test", "statistics"),
        start=start_of,
    output:
        state=STATE,
        model=MODEL,
        curve=CURVE,
    log:
        logs("train_model/{dataset}/{model}/seed-{seed}/epoch-{epoch}"),
    benchmark:
        benchmarks("train_model/{dataset}/{model}/seed-{seed}/epoch-{epoch}")
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=model_memory,
        runtime=training_minutes,
        # Not a parameter: how often a training is written down does not change what comes out.
        checkpoint_seconds=STUDY["training"]["checkpoint_seconds"],
    params:
        settings=lambda wildcards: configuration.training_settings(
            STUDY, wildcards.model
        ),
        code=code_of("train_model"),
    script:
        "../workflow/scripts/train_model.py"


rule models:
    """Train every model of the study."""
    input:
        [MODEL.format(**run) for run in RUNS],


rule train_baseline:
    """Train a baseline and list its items at the epoch selected: nothing is attacked, so no model is kept."""
    input:
        **split_files("train", "validation", "test", "statistics"),
    output:
        lists=BASELINE_LISTS,
        curve=BASELINE_CURVE,
    log:
        logs("train_baseline/{dataset}/{baseline}/seed-{seed}"),
    benchmark:
        benchmarks("train_baseline/{dataset}/{baseline}/seed-{seed}")
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=model_memory,
        runtime=baseline_minutes,
    params:
        settings=lambda wildcards: {
            **configuration.baseline_settings(STUDY, wildcards.baseline),
            "length": LIST_LENGTH,
        },
        code=code_of("train_baseline"),
    script:
        "../workflow/scripts/train_baseline.py"
