"""Top lists: of the models as trained, under each perturbation, and of the random recommender."""


rule recommend_random:
    """List items at random, as the reference below which a recommender has learned nothing."""
    input:
        **PATHS.split("train", "validation", "statistics"),
    output:
        lists=PATHS.initial_lists("Random"),
    log:
        logs("recommend_random/{dataset}/seed-{seed}"),
    benchmark:
        benchmarks("recommend_random/{dataset}/seed-{seed}")
    # The first to find that the catalogue is smaller than the lists.
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.attack_minutes,
    params:
        length=params_of("recommend_random"),
        code=code_of("attack/recommend_random"),
    script:
        "../workflow/scripts/attack/recommend_random.py"


rule recommend:
    """List the items of a trained model, unperturbed."""
    input:
        **PATHS.split("train", "validation", "statistics"),
        model=STUDY.trained_model,
    output:
        lists=PATHS.initial_lists(),
    log:
        logs("recommend/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("recommend/{dataset}/{model}/seed-{seed}")
    group:
        ATTACKS_GROUP
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.attack_minutes,
    params:
        length=params_of("recommend"),
        code=code_of("attack/recommend"),
    script:
        "../workflow/scripts/attack/recommend.py"


# Which of the two rules below makes a combination must be decided by its path alone: whether an output is temporary
# cannot be a function of wildcards, and a constraint of one wildcard does not see the others, unless it looks ahead.
LAST = STUDY.last_combinations() or "(?!)"


rule attack_model:
    """Perturb a trained model's factors with one attack, epsilon and number of iterations, and list its items.

    The attack continues from the perturbation of the next smaller number of iterations, so that no step is taken twice.
    Perturbations on the way are temporary.
    """
    input:
        **PATHS.split("train", "validation", "statistics"),
        model=STUDY.trained_model,
        parent=STUDY.parent_perturbation,
    output:
        lists=PATHS.attacked_lists,
        perturbation=temp(PATHS.perturbation),
    log:
        logs(f"attack_model/{COMBINATION}"),
    benchmark:
        benchmarks(f"attack_model/{COMBINATION}")
    wildcard_constraints:
        dataset=rf"(?!{LAST}){DATASET}",
    group:
        ATTACKS_GROUP
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.attack_minutes,
    params:
        attack=params_of("attack_model"),
        code=lambda wildcards: digest_of(
            "attack/attack_model",
            f"embrittle.attacks.methods.{STUDY.settings.attacks[wildcards.attack].method}",
        ),
    script:
        "../workflow/scripts/attack/attack_model.py"


use rule attack_model as attack_model_last with:
    output:
        lists=PATHS.attacked_lists,
        # Kept: a larger number of iterations that is added later continues from it.
        perturbation=PATHS.perturbation,
    wildcard_constraints:
        dataset=rf"(?={LAST}){DATASET}",
