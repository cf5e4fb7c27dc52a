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
        length=STUDY.params("recommend_random"),
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
        length=STUDY.params("recommend"),
        code=code_of("attack/recommend"),
    script:
        "../workflow/scripts/attack/recommend.py"


rule attack_model:
    """Perturb a trained model's factors with one attack and epsilon, and list its items along the way.

    A step depends on none that follow: one run has the lists after each number of iterations that the study needs.
    """
    input:
        **PATHS.split("train", "validation", "statistics"),
        model=STUDY.trained_model,
    output:
        lists=PATHS.attacked_lists,
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
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.attack_minutes,
    params:
        attack=STUDY.params("attack_model"),
        code=lambda wildcards: digest_of(
            "attack/attack_model",
            attack=(STUDY.settings["attacks"][wildcards.attack]["method"],),
        ),
    script:
        "../workflow/scripts/attack/attack_model.py"
