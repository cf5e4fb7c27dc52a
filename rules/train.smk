"""Trained models. A training may go through several states that are kept, because another model starts from one."""


def kept_epochs(model):
    """Epochs of a model at which its state is kept, ascending: the last, and where others start from it."""
    starts = {
        STUDY[kind.section]["start_epoch"]
        for name, kind in MODELS.items()
        if kind.starts_from == model and name in STUDY["models"]
    }
    return sorted(starts | {STUDY["training"]["epochs"]})


def start_state(wildcards):
    """The state a training goes on from: its own last one, or the other model's; none at the very beginning."""
    earlier = [
        epoch for epoch in kept_epochs(wildcards.model) if epoch < int(wildcards.epoch)
    ]
    kind = MODELS[wildcards.model]
    if earlier:
        model, epoch = wildcards.model, earlier[-1]
    elif kind.starts_from:
        model, epoch = kind.starts_from, STUDY[kind.section]["start_epoch"]
    else:
        return []
    state = "models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/state.safetensors"
    return results(state).format(
        dataset=wildcards.dataset, model=model, seed=wildcards.seed, epoch=epoch
    )


rule train_model:
    """Train a model up to an epoch: the state to go on from, the selected factors, and the curve."""
    input:
        **split_files("train", "validation", "test", "statistics"),
        start=start_state,
    output:
        state=results(
            "models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/state.safetensors"
        ),
        model=results(
            "models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/model.safetensors"
        ),
        curve=results(
            "models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/curve.parquet"
        ),
    log:
        logs("train_model/{dataset}/{model}/seed-{seed}/epoch-{epoch}"),
    benchmark:
        benchmarks("train_model/{dataset}/{model}/seed-{seed}/epoch-{epoch}")
    threads: 1
    resources:
        gpu=GPUS,
    params:
        settings=lambda wildcards: configuration.training_settings(
            STUDY, wildcards.model
        ),
    script:
        "../workflow/scripts/train_model.py"
