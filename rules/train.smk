"""Trained models. A training goes through the states that other models start from, and keeps them."""


rule train_model:
    """Train a model up to an epoch: the state to go on from, the selected factors, and the curve."""
    input:
        **PATHS.split("train", "validation", "test", "statistics"),
        start=STUDY.start_of,
    output:
        state=PATHS.state,
        model=PATHS.model,
        curve=PATHS.curve,
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
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.training_minutes,
        # Not a parameter: how often a training is written down does not change what comes out.
        checkpoint_seconds=STUDY.settings.training.checkpoint_seconds,
    params:
        settings=params_of("train_model"),
        code=code_of("train/train_model"),
    script:
        "../workflow/scripts/train/train_model.py"


rule models:
    """Train every model of the study."""
    input:
        [STUDY.model_file(run) for run in STUDY.trained],


rule train_baseline:
    """Train a baseline and list its items at the epoch selected: nothing is attacked, so no model is kept."""
    input:
        **PATHS.split("train", "validation", "test", "statistics"),
    output:
        lists=PATHS.initial_lists("{baseline}"),
        curve=PATHS.baseline_curve,
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
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.baseline_minutes,
    params:
        settings=params_of("train_baseline"),
        code=lambda wildcards: digest_of(
            "train/train_baseline", baselines.module_of(wildcards.baseline)
        ),
    script:
        "../workflow/scripts/train/train_baseline.py"
