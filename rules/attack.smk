"""Top lists: of the models as trained, under each perturbation, and of the random recommender."""


rule recommend_random:
    """List items at random, as the reference below which a recommender has learned nothing."""
    input:
        **split_files("train", "validation", "statistics"),
    output:
        lists=RANDOM_LISTS,
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
        mem_mb=model_memory,
        runtime=attack_minutes,
    params:
        length=LIST_LENGTH,
        code=code_of("recommend_random"),
    script:
        "../workflow/scripts/recommend_random.py"


rule recommend:
    """List the items of a trained model, unperturbed."""
    input:
        **split_files("train", "validation", "statistics"),
        model=trained_model,
    output:
        lists=INITIAL_LISTS,
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
        mem_mb=model_memory,
        runtime=attack_minutes,
    params:
        length=LIST_LENGTH,
        code=code_of("recommend"),
    script:
        "../workflow/scripts/recommend.py"


# Which of the two rules below makes a combination must be decided by its path alone: whether an output is temporary
# cannot be a function of wildcards, and a constraint of one wildcard does not see the others, unless it looks ahead.
LAST = last_combinations() or "(?!)"


rule attack_model:
    """Perturb a trained model's factors with one attack, epsilon and number of iterations, and list its items.

    The attack continues from the perturbation of the next smaller number of iterations, so that no step is taken twice.
    Perturbations on the way are temporary.
    """
    input:
        **split_files("train", "validation", "statistics"),
        model=trained_model,
        parent=parent_perturbation,
    output:
        lists=ATTACKED_LISTS,
        perturbation=temp(PERTURBATION),
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
        mem_mb=model_memory,
        runtime=attack_minutes,
    params:
        attack=lambda wildcards: configuration.attack_settings(STUDY, wildcards.attack),
        length=LIST_LENGTH,
        code=lambda wildcards: digest_of(
            "attack_model",
            f"embrittle.attacks.methods.{STUDY['attacks'][wildcards.attack]['method']}",
        ),
    script:
        "../workflow/scripts/attack_model.py"


use rule attack_model as attack_model_last with:
    output:
        lists=ATTACKED_LISTS,
        # Kept: a larger number of iterations that is added later continues from it.
        perturbation=PERTURBATION,
    wildcard_constraints:
        dataset=rf"(?={LAST}){DATASET}",
