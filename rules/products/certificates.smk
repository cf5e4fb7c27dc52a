"""What no perturbation within a budget can take from each model."""

CERTIFICATES = PRODUCTS["certificates"]


localrules:
    tabulate_certificates,
    draw_certificates,


rule certify_model:
    """Compute the certified radii of a model, which need no attack and no seed."""
    input:
        **PATHS.split("train", "validation", "test", "statistics"),
        model=STUDY.trained_model,
    output:
        radii=CERTIFICATES.model_files(STUDY)["radii"],
    log:
        logs("certify_model/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("certify_model/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.certificate_minutes,
    params:
        certificate=params_of("certify_model"),
        code=code_of("products/certificates/certify_model"),
    script:
        "../../workflow/scripts/products/certificates/certify_model.py"


rule search_worst_case:
    """Search the exact worst case of perturbed user rows, for one model and seed."""
    input:
        **PATHS.split("train", "validation", "test", "statistics"),
        model=STUDY.trained_model,
        radii=CERTIFICATES.model_files(STUDY)["radii"],
    output:
        search=CERTIFICATES.model_files(STUDY)["search"],
    log:
        logs("search_worst_case/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("search_worst_case/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=RESOURCES.model_memory,
        runtime=RESOURCES.certificate_minutes,
    params:
        search=params_of("search_worst_case"),
        code=code_of("products/certificates/search_worst_case"),
    script:
        "../../workflow/scripts/products/certificates/search_worst_case.py"


rule evaluate_certificates:
    """Evaluate a certificate at every epsilon, and fail if an attack leaves less than is certified."""
    input:
        **PATHS.split("train", "test", "statistics"),
        user_table=PATHS.prepared()["user_table"],
        radii=CERTIFICATES.model_files(STUDY)["radii"],
        search=CERTIFICATES.search_file(STUDY),
        lists=lambda wildcards: STUDY.lists_of(
            STUDY.run_of(wildcards),
            STUDY.shown_for(STUDY.run_of(wildcards), "certificates"),
        ),
    output:
        **CERTIFICATES.evaluated(STUDY),
    log:
        logs("evaluate_certificates/{dataset}/{model}/seed-{seed}"),
    benchmark:
        benchmarks("evaluate_certificates/{dataset}/{model}/seed-{seed}")
    wildcard_constraints:
        dataset=WHOLE_DATASET,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory_for_tables(50),
        runtime=table_minutes,
    params:
        certificate=params_of("evaluate_certificates"),
        code=code_of("products/certificates/evaluate_certificates"),
    script:
        "../../workflow/scripts/products/certificates/evaluate_certificates.py"


rule tabulate_certificates:
    """Write the tables of certificates: every value, curves, proofs beside attacks, models compared, radii of groups."""
    input:
        **CERTIFICATES.of_models(STUDY),
    output:
        **reported(
            CERTIFICATES.files(STUDY),
            "sandwich",
            "certificates_sandwich",
            "Tables",
            {"table": "What is certain, beside attacks"},
        ),
    log:
        logs("tabulate_certificates"),
    benchmark:
        benchmarks("tabulate_certificates")
    conda:
        ENVIRONMENT
    params:
        table=params_of("tabulate_certificates"),
        code=code_of("products/certificates/tabulate_certificates"),
    script:
        "../../workflow/scripts/products/certificates/tabulate_certificates.py"


rule draw_certificates:
    """Draw what is certain of each model beside what attacks leave, for one data set and one unit of epsilon."""
    input:
        curves=CERTIFICATES.files(STUDY)["curves"],
    output:
        files=figure_files(
            "certificates_{budget}",
            caption="certificates",
            label="certificates, {budget} epsilon",
        ),
    log:
        logs("draw_certificates/{dataset}/{budget}"),
    benchmark:
        benchmarks("draw_certificates/{dataset}/{budget}")
    conda:
        ENVIRONMENT
    params:
        figure=params_of("draw_certificates"),
        code=code_of("products/certificates/draw_certificates"),
    script:
        "../../workflow/scripts/products/certificates/draw_certificates.py"


rule certificates:
    """Certify the models of the data sets that the configuration lists: radii, tables and figures."""
    input:
        STUDY.target("certificates"),
