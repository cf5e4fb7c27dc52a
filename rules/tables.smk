"""Tables in the papers' shape, and in the long form of resources/published/."""


localrules:
    tabulate_table1,
    tabulate_fairness,
    tabulate_figure3,
    tabulate_robustness,
    tabulate_accuracy,
    tabulate_budgets,


rule tabulate_table1:
    """Table 1: the measures before and after each perturbation, alone and beside the published ones."""
    input:
        metrics=results("metrics.parquet"),
        published=published("table1.csv"),
    output:
        long=results("tables/table1.csv"),
        spread=results("tables/table1_seeds.csv"),
        wide=results("tables/table1_wide.csv"),
        markdown=results("tables/table1.md"),
        latex=results("tables/table1.tex"),
        comparison=report(
            results("tables/table1_comparison.csv"),
            caption="../docs/report/comparison.rst",
            category="Tables",
            labels={"table": "Table 1"},
        ),
        comparison_markdown=results("tables/table1_comparison.md"),
    log:
        logs("tabulate_table1"),
    benchmark:
        benchmarks("tabulate_table1")
    conda:
        ENVIRONMENT
    params:
        table={
            "arguments": {
                **shown("table1"),
                "epsilon": STUDY["table1"]["epsilon"],
                "iterations": STUDY["table1"]["iterations"],
            },
            "captions": {"titles": titles(), "notes": table_notes(MEASURED)},
        },
        code=code_of("tabulate_table1"),
    script:
        "../workflow/scripts/tabulate_table1.py"


rule table1:
    """Make Table 1 in all its forms, if it is to show any attack."""
    input:
        rules.tabulate_table1.output if STUDY["table1"]["attacks"] else [],


rule tabulate_fairness:
    """Table 2, nDCG of groups, or Table 3, how far they are apart: alone and beside the published one."""
    input:
        groups=results("groups.parquet"),
        fairness=results("fairness.parquet"),
        published=published("{table}.csv"),
    output:
        long=results("tables/{table}.csv"),
        spread=results("tables/{table}_seeds.csv"),
        wide=results("tables/{table}_wide.csv"),
        markdown=results("tables/{table}.md"),
        latex=results("tables/{table}.tex"),
        comparison=report(
            results("tables/{table}_comparison.csv"),
            caption="../docs/report/comparison.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        comparison_markdown=results("tables/{table}_comparison.md"),
    log:
        logs("tabulate_fairness/{table}"),
    wildcard_constraints:
        table="table2|table3",
    conda:
        ENVIRONMENT
    params:
        table=FAIRNESS_TABLES,
        code=code_of("tabulate_fairness"),
    script:
        "../workflow/scripts/tabulate_fairness.py"


rule table2:
    """Make Table 2 in all its forms, where there are attributes to group by."""
    input:
        expand(rules.tabulate_fairness.output, table="table2") if ATTRIBUTES else [],


rule table3:
    """Make Table 3 in all its forms, where there are attributes to group by."""
    input:
        expand(rules.tabulate_fairness.output, table="table3") if ATTRIBUTES else [],


rule tabulate_figure3:
    """The regressions of Figure 3 with their intervals, beside the published slopes, and what they say."""
    input:
        samples=results("tables/figure3_samples.csv"),
        points=results("tables/figure3_points.csv"),
        published=published("characteristics.csv"),
    output:
        regressions=results("tables/figure3_regressions.csv"),
        joint=results("tables/figure3_joint.csv"),
        differences=results("tables/figure3_differences.csv"),
        comparison=report(
            results("tables/figure3_comparison.csv"),
            caption="../docs/report/comparison.rst",
            category="Tables",
            labels={"table": "Figure 3"},
        ),
        statements=results("tables/figure3_statements.csv"),
        markdown=results("tables/figure3.md"),
    log:
        logs("tabulate_figure3"),
    benchmark:
        benchmarks("tabulate_figure3")
    conda:
        ENVIRONMENT
    params:
        table={
            "k": STUDY["evaluation"]["k"][0],
            "titles": titles(),
            "notes": missing.notes(missing_of(MEASURED_SAMPLES)),
        },
        code=code_of("tabulate_figure3"),
    script:
        "../workflow/scripts/tabulate_figure3.py"


rule tabulate_robustness:
    """The APR poster's robustness table: what noise costs in nDCG, beside the printed changes."""
    input:
        metrics=results("metrics.parquet"),
        published=published("apr_robustness.csv"),
    output:
        long=report(
            results("tables/robustness.csv"),
            caption="../docs/report/comparison.rst",
            category="Tables",
            labels={"table": "Robustness (APR)"},
        ),
        claims=results("tables/robustness_claims.csv"),
        markdown=results("tables/robustness.md"),
        latex=results("tables/robustness.tex"),
    log:
        logs("tabulate_robustness"),
    conda:
        ENVIRONMENT
    params:
        table={
            "arguments": {
                "datasets": POSTER_DATASETS,
                "methods": POSTER_METHODS,
                "epsilon": STUDY["poster"]["epsilon"],
                "k": POSTER_K,
            },
            "captions": poster_captions(),
        },
        code=code_of("tabulate_robustness"),
    script:
        "../workflow/scripts/tabulate_robustness.py"


rule tabulate_accuracy:
    """The APR poster's accuracy table: models and baselines, beside the printed values."""
    input:
        metrics=results("metrics.parquet"),
        baselines=metrics_of(MEASURED_BASELINES),
        published=published("apr_performance.csv"),
    output:
        long=report(
            results("tables/accuracy.csv"),
            caption="../docs/report/comparison.rst",
            category="Tables",
            labels={"table": "Accuracy (APR)"},
        ),
        claims=results("tables/accuracy_claims.csv"),
        markdown=results("tables/accuracy.md"),
        latex=results("tables/accuracy.tex"),
    log:
        logs("tabulate_accuracy"),
    conda:
        ENVIRONMENT
    params:
        table={
            "arguments": {"datasets": POSTER_DATASETS, "k": POSTER_K},
            "captions": poster_captions(),
        },
        code=code_of("tabulate_accuracy"),
    script:
        "../workflow/scripts/tabulate_accuracy.py"


rule tabulate_budgets:
    """The attacks at equal norms: every point, differences to a single step, and the share that the norm explains."""
    input:
        points=budgets_of("points"),
        matched=budgets_of("matched"),
        shares=budgets_of("shares"),
    output:
        long=results("tables/table_budgets.csv"),
        matched=report(
            results("tables/budgets_matched.csv"),
            caption="../docs/report/equal_norms.rst",
            category="Tables",
            labels={"table": "Equal norms"},
        ),
        seeds=results("tables/budgets_seeds.csv"),
        shares=results("tables/budgets_shares.csv"),
        statements=results("tables/budgets_statements.csv"),
        markdown=results("tables/budgets.md"),
        latex=results("tables/budgets.tex"),
    log:
        logs("tabulate_budgets"),
    conda:
        ENVIRONMENT
    params:
        table={
            "multi_step": [
                name
                for name, method in BUDGET_METHODS.items()
                if not ATTACKS[method].single_step
            ],
            **BUDGETS_AT,
            **BUDGETS_AGAINST,
            "titles": titles(),
            "notes": table_notes(
                run for run in MEASURED if run["dataset"] in BUDGET_DATASETS
            ),
        },
        code=code_of("tabulate_budgets"),
    script:
        "../workflow/scripts/tabulate_budgets.py"
