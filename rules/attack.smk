"""Top lists: of the models as trained, under each perturbation, and of the random recommender."""

LISTS = "lists/{dataset}/{model}/seed-{seed}"
INITIAL_LISTS = LISTS + "/initial.parquet"
ATTACKED_LISTS = LISTS + "/{attack}_epsilon-{epsilon}_iterations-{iterations}.parquet"


def trained_model(wildcards):
    """The selected factors at the end of a model's training."""
    path = "models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/model.safetensors"
    return results(path).format(**wildcards, epoch=STUDY["training"]["epochs"])


rule recommend_random:
    """The random recommender's lists."""
    input:
        **split_files("train", "statistics"),
    output:
        lists=results("lists/{dataset}/Random/seed-{seed}/initial.parquet"),
    log:
        logs("recommend_random/{dataset}/seed-{seed}"),
    params:
        length=LIST_LENGTH,
    script:
        "../workflow/scripts/recommend_random.py"


rule recommend:
    """A trained model's lists, unperturbed."""
    input:
        **split_files("train", "statistics"),
        model=trained_model,
    output:
        lists=results(INITIAL_LISTS),
    log:
        logs("recommend/{dataset}/{model}/seed-{seed}"),
    resources:
        gpu=GPUS,
    params:
        length=LIST_LENGTH,
    script:
        "../workflow/scripts/recommend.py"


ruleorder: recommend_random > recommend


rule attack_model:
    """A trained model's lists after one perturbation of its factors."""
    input:
        **split_files("train", "statistics"),
        model=trained_model,
    output:
        lists=results(ATTACKED_LISTS),
    log:
        logs(
            "attack_model/{dataset}/{model}/seed-{seed}/{attack}_{epsilon}_{iterations}"
        ),
    benchmark:
        benchmarks(
            "attack_model/{dataset}/{model}/seed-{seed}/{attack}_{epsilon}_{iterations}"
        )
    threads: 1
    resources:
        gpu=GPUS,
    params:
        attack=lambda wildcards: {
            "attack": configuration.attack_settings(STUDY, wildcards.attack),
            "length": LIST_LENGTH,
        },
    script:
        "../workflow/scripts/attack_model.py"
