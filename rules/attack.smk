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


rule attack_model:
    """Perturb a trained model's factors with one attack and epsilon, and list its items along the way.

    A step depends on none that follow: one run has the lists after each number of iterations that the study needs.
    """
    input:
        **split_files("train", "validation", "statistics"),
        model=trained_model,
    output:
        lists=ATTACKED_LISTS,
    log:
        logs("attack_model/{dataset}/{model}/seed-{seed}/{attack}_{epsilon}"),
    benchmark:
        benchmarks("attack_model/{dataset}/{model}/seed-{seed}/{attack}_{epsilon}")
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
        attack=lambda wildcards: {
            "attack": configuration.attack_settings(STUDY, wildcards.attack),
            "iterations": iterations_of(wildcards),
            "length": LIST_LENGTH,
        },
        code=code_of("attack_model"),
    script:
        "../workflow/scripts/attack_model.py"
