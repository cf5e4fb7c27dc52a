"""Trained models and baselines. A training is cut at epochs from which other models start, and keeps these states."""


rule train_model:
    """Train a model up to an epoch, from a split and optionally an earlier state; write state, factors and curve.

    Studies share finished trainings (`cache` in profiles/default/config.yaml). Snakemake allows no benchmark here, as
    it could not measure a job that did not run: the script writes one itself, which is shared like the rest.
    """
    input:
        **PATHS.split("train", "validation", "test", "statistics"),
        start=STUDY.start_of,
    output:
        state=PATHS.state,
        best=PATHS.best,
        last=PATHS.last,
        curve=PATHS.curve,
        usage=benchmarks("train_model/{dataset}/{model}/seed-{seed}/epoch-{epoch}"),
    log:
        logs("train_model/{dataset}/{model}/seed-{seed}/epoch-{epoch}"),
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.training_minutes,
        # See "Values that rerun nothing" in common.smk.
        checkpoint_seconds=STUDY.settings.training.checkpoint_seconds,
    params:
        settings=params_of("train_model"),
        # By its parameters, not by its wildcards, Snakemake recognises a training that another study has finished.
        training=lambda wildcards: dict(wildcards.items()),
        code=code_of("train/train_model"),
    script:
        "../workflow/scripts/train/train_model.py"


rule models:
    """Train every model of the study."""
    input:
        [STUDY.model_file(run) for run in STUDY.trained],


rule train_baseline:
    """Train a baseline on a split and write its lists at the selected epoch; no model is kept, as none is attacked."""
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
