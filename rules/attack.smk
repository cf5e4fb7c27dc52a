"""Top-K lists of the unperturbed models, of the models under each perturbation, and of the random recommender."""


rule recommend_random:
    """Write lists of the random recommender for a split, the reference below which a model has learned nothing."""
    input:
        **PATHS.split("train", "validation", "statistics"),
    output:
        lists=PATHS.initial_lists("Random"),
    log:
        logs("recommend_random/{dataset}/seed-{seed}"),
    benchmark:
        benchmarks("recommend_random/{dataset}/seed-{seed}")
    # Early, because this rule is the first to fail if the lists are longer than the catalogue.
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
    """Write the lists of a trained model without perturbation."""
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


# The next two rules differ only in whether the perturbation is temporary, which Snakemake does not allow to depend on
# wildcards. The path of the output selects the rule: a lookahead in the constraint of the first wildcard matches the
# whole combination.
LAST = STUDY.last_combinations() or "(?!)"
ENSEMBLES = "|".join(map(re.escape, STUDY.ensembles)) or "(?!)"
TRANSFERS = "|".join(map(re.escape, STUDY.transfers)) or "(?!)"
ONE_ATTACK = rf"(?!(?:{ENSEMBLES}|{TRANSFERS})_epsilon)(?:{ATTACK})"


rule attack_model:
    """Perturb a trained model with one attack, epsilon and number of iterations, and write the perturbed model's lists.

    The attack continues from the perturbation of the next smaller number of iterations, so that no step is computed
    twice. Such intermediate perturbations are temporary files.
    """
    input:
        **PATHS.split("train", "validation", "statistics"),
        model=STUDY.trained_model,
        parent=STUDY.parent_perturbation,
        test=STUDY.known_test_items,
    output:
        lists=PATHS.attacked_lists,
        perturbation=temp(PATHS.perturbation),
    log:
        logs(f"attack_model/{COMBINATION}"),
    benchmark:
        benchmarks(f"attack_model/{COMBINATION}")
    wildcard_constraints:
        dataset=rf"(?!{LAST}){DATASET}",
        attack=ONE_ATTACK,
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
            losses.module_of(STUDY.settings.attacks[wildcards.attack].plain()),
        ),
    script:
        "../workflow/scripts/attack/attack_model.py"


use rule attack_model as attack_model_last with:
    output:
        lists=PATHS.attacked_lists,
        # Not temporary: if a larger number of iterations is added later, the attack continues from here.
        perturbation=PATHS.perturbation,
    wildcard_constraints:
        attack=ONE_ATTACK,
        dataset=rf"(?={LAST}){DATASET}",


rule transfer_attack:
    """Write the lists of a model under a perturbation that was found on another model."""
    input:
        unpack(STUDY.transferred),
        **PATHS.split("train", "validation", "statistics"),
        model=STUDY.trained_model,
    output:
        lists=PATHS.attacked_lists,
    log:
        logs(f"transfer_attack/{COMBINATION}"),
    benchmark:
        benchmarks(f"transfer_attack/{COMBINATION}")
    wildcard_constraints:
        attack=TRANSFERS,
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
        transfer=params_of("transfer_attack"),
        code=code_of("attack/transfer_attack"),
    script:
        "../workflow/scripts/attack/transfer_attack.py"


rule combine_attacks:
    """Write the lists of an ensemble: after the member that leaves the least nDCG, which the test items tell."""
    input:
        **PATHS.split("test", "statistics"),
        lists=STUDY.member_lists,
    output:
        lists=PATHS.attacked_lists,
    log:
        logs(f"combine_attacks/{COMBINATION}"),
    benchmark:
        benchmarks(f"combine_attacks/{COMBINATION}")
    wildcard_constraints:
        attack=ENSEMBLES,
    group:
        ATTACKS_GROUP
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        ensemble=params_of("combine_attacks"),
        code=code_of("attack/combine_attacks"),
    script:
        "../workflow/scripts/attack/combine_attacks.py"
