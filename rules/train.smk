"""Trained models, own embeddings, controls and baselines.

A training is cut at epochs from which other models start, and keeps these states.
"""


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
        gpu=lambda wildcards: GPUS if MODELS[wildcards.model].gpu else 0,
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.training_minutes,
        # See "Values that rerun nothing" in common.smk.
        checkpoint_seconds=STUDY.settings.training.checkpoint_seconds,
    params:
        settings=params_of("train_model"),
        # By its parameters, not by its wildcards, Snakemake recognises a training that another study has finished.
        training=lambda wildcards: dict(wildcards.items()),
        code=lambda wildcards: digest_of(
            "train/train_model", module_of(MODELS[wildcards.model].trained_by)
        ),
    script:
        "../workflow/scripts/train/train_model.py"


rule import_embeddings:
    """Bring own embeddings into the order of the data, by the data's ids."""
    input:
        user_table=PATHS.prepared()["user_table"],
        item_table=PATHS.prepared()["item_table"],
        # The user's own files are local: the configuration gives their paths, and no job of this workflow makes them.
        files=lambda wildcards: local(STUDY.version_files(wildcards)),
    output:
        model=PATHS.embeddings,
    log:
        logs("import_embeddings/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("import_embeddings/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
        model="|".join(map(re.escape, STUDY.settings.embeddings)) or "(?!)",
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(5),
        runtime=table_minutes,
    params:
        embeddings=params_of("import_embeddings"),
        code=code_of("train/import_embeddings"),
    script:
        "../workflow/scripts/train/import_embeddings.py"


rule make_control:
    """Copy a model so that its lists stay and the lengths of its rows change; fail if a list does not stay."""
    input:
        unpack(STUDY.models_of_control),
        **PATHS.split("train", "validation", "statistics"),
    output:
        model=PATHS.control,
    log:
        logs("make_control/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("make_control/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
        model="|".join(map(re.escape, STUDY.settings.controls)) or "(?!)",
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.attack_minutes,
    params:
        control=params_of("make_control"),
        code=code_of("train/make_control"),
    script:
        "../workflow/scripts/train/make_control.py"


rule models:
    """Train every model of the study, bring in own embeddings, and make controls."""
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
