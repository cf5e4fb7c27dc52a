"""Studies with failed jobs: tables and figures show the finished lists and name the missing ones."""

import pandas as pd
import pytest

from embrittle.metrics.evaluation import COLUMNS, complete
from embrittle.study.missing import notes
from tiny_study import Project

RUNS = [("shop", "Random", 0), ("shop", "AMF", 0), ("shop", "AMF", 1)]
CONDITIONS = {"shop": [("initial", "0", 0), ("bim", "0.5", 2)]}


def metrics(*rows):
    return pd.DataFrame([("shop", *row[:-1], 10, "PR", row[-1]) for row in rows], columns=COLUMNS)


def test_a_condition_that_was_not_measured_has_a_row_without_a_value():
    there = metrics(("AMF", 1, "bim", 0.5, 2, 0.3), ("Random", 0, "initial", 0.0, 0, 0.1))
    whole = complete(there, RUNS, CONDITIONS)
    assert list(whole.columns) == list(there.columns)
    rows = whole[["model", "seed", "attack", "value"]].itertuples(index=False, name=None)
    assert [(*row[:3], None if pd.isna(row[3]) else row[3]) for row in rows] == [
        ("Random", 0, "initial", 0.1),
        ("AMF", 0, "initial", None),
        ("AMF", 0, "bim", None),
        ("AMF", 1, "initial", None),
        ("AMF", 1, "bim", 0.3),
    ]


def test_metrics_that_are_complete_stay_as_they_are():
    there = metrics(
        ("Random", 0, "initial", 0.0, 0, 0.1),
        *[
            ("AMF", seed, *c, 0.2 + seed)
            for seed in (0, 1)
            for c in (("initial", 0.0, 0), ("bim", 0.5, 2))
        ],
    )
    pd.testing.assert_frame_equal(complete(there, RUNS, CONDITIONS), there)


def test_hr_is_missing_only_where_a_data_set_has_it():
    several = metrics(("AMF", 0, "initial", 0.0, 0, 0.3)).assign(dataset="several")
    there = pd.concat(
        [metrics(("AMF", 0, "initial", 0.0, 0, 0.2)), several, several.assign(metric="HR")]
    )
    runs = [("shop", "AMF", 0), *(("several", "AMF", seed) for seed in (0, 1))]
    conditions = {name: [("initial", "0", 0)] for name in ("shop", "several")}
    whole = complete(there, runs, conditions)
    assert whole[["dataset", "seed", "metric"]].values.tolist() == [
        ["shop", 0, "PR"],
        *(["several", seed, metric] for seed in (0, 1) for metric in ("PR", "HR")),
    ]
    assert whole["value"].isna().tolist() == [False] * 3 + [True] * 2


def test_the_note_counts_the_lists_and_names_the_trainings():
    assert notes([]) == []
    assert notes([("shop", "AMF", 0, "bim", "0.5", 2)]) == [
        "1 list of recommendations is missing (all are named in missing.csv): AMF on shop, seed 0 (1 bim)."
    ]
    cells = [
        ("shop", "AMF", seed, attack, "0.5", 2) for seed in range(6) for attack in ("pgd", "bim")
    ]
    (note,) = notes(cells)
    assert note.startswith("12 lists of recommendations are missing")
    assert note.endswith("AMF on shop, seed 3 (1 bim, 1 pgd); 2 more trainings.")


SEEDS = {
    "seeds": [0, 1],
    "figure1": {"iterations": [1, 2]},
    "figure2": {"iterations": 2},
    "fairness": {"iterations": 2},
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A study of two seeds in which a training and an attack failed; the attack that continues from it did not run."""
    project = Project(tmp_path_factory.mktemp("failed"), own_code=True)
    script = project.script("attack_model")
    text = script.read_text(encoding="utf-8")
    fails = "snakemake.wildcards.attack == 'pgd' and snakemake.wildcards.seed == '1'"
    fails += " and snakemake.wildcards.model == 'BPR-MF' and snakemake.wildcards.epsilon == '0.5'"
    fails += " and snakemake.wildcards.iterations == '1'"
    script.write_text(text + f"if {fails}:\n    raise RuntimeError('a fault')\n")
    script = project.script("train_model")
    text = script.read_text(encoding="utf-8")
    fails = "snakemake.params.settings['model'] == 'AMF' and snakemake.wildcards.seed == '1'"
    script.write_text(f"if {fails}:\n    raise RuntimeError('a fault')\n" + text)
    done = project.snakemake("--cores", "2", **SEEDS)
    assert done.returncode != 0
    project.said = done.stdout + done.stderr
    return project


def test_a_failed_job_does_not_stop_others_and_the_message_says_how_to_get_tables(failed):
    # Unperturbed, FGSM, BIM and PGD at 0.5 (after 1 and 2 iterations) and 0.1.
    per_model = 1 + 1 + 2 * 3
    lists = sorted(path.name for path in failed.results("lists").rglob("*.parquet"))
    assert len(lists) == 2 + 3 * per_model - 2
    assert not failed.results("tables/table1.md").exists()
    assert "--config missing=report" in failed.said


def test_tables_and_figures_show_finished_lists_and_name_missing_ones(failed):
    jobs = failed.planned(**SEEDS, missing="report")
    assert not {"train_model", "attack_model", "attack_model_last", "recommend"} & set(jobs)
    failed.run(**SEEDS, missing="report")
    missing = pd.read_csv(failed.results("missing.csv"))
    assert len(missing) == 2 + 8
    assert (missing["model"] == "AMF").sum() == 8
    of_attack = missing[missing["model"] == "BPR-MF"].to_dict("records")
    assert of_attack == [
        {"dataset": "shop", "model": "BPR-MF", "seed": 1, "attack": "pgd", "epsilon": 0.5, "iterations": L}
        for L in (1, 2)
    ]  # fmt: skip
    table = pd.read_csv(failed.results("tables/table1.csv"))
    empty = table[table["value"].isna()][["model", "condition"]].drop_duplicates()
    # Seed 1 has no AMF, and no PGD on BPR-MF at this epsilon: the mean of seed 0 alone must not stand for both seeds.
    assert set(empty.itertuples(index=False, name=None)) == {
        *[("AMF", condition) for condition in ("initial", "fgsm", "bim", "pgd")],
        ("BPR-MF", "pgd"),
    }
    caption = failed.results("tables/table1.md").read_text(encoding="utf-8")
    assert (
        "10 lists of recommendations are missing (all are named in missing.csv): BPR-MF on shop, seed 1 (2 pgd); "
        in caption
    )
    groups = pd.read_csv(failed.results("tables/table2_seeds.csv"))
    groups = groups[groups["attribute"] == "user_region"].groupby(["model", "condition"])["mean"]
    # Table 2 lacks seed 1 of AMF; its cells of BPR-MF, except for PGD, have both seeds.
    there = groups.count()
    assert there.groupby("model").max().to_dict() == {"AMF": 0, "BPR-MF": 4}
    assert there["BPR-MF"].eq(0).to_dict() == {
        condition: condition == "pgd" for condition in ("initial", "fgsm", "bim", "pgd")
    }
    assert failed.results("figures/shop/figure1.pdf").read_bytes().startswith(b"%PDF")
    assert list(pd.read_csv(failed.results("tables/models.csv"))["model"]) == [
        "BPR-MF",
        "BPR-MF",
        "AMF",
    ]


def test_without_report_the_failed_jobs_run_again(failed):
    jobs = failed.planned(**SEEDS)
    assert (jobs["train_model"], jobs["evaluate_model"]) == (1, 2)
    assert (jobs["attack_model"], jobs["attack_model_last"]) == (1 + 3, 1 + 4)
    assert jobs["list_missing"] == 1  # its file, made with missing: report, must be emptied


def test_a_longer_grid_has_missing_lists_and_runs_no_attack(failed):
    """One more number of iterations in Table 1, of BIM and PGD at epsilon 0.5."""
    wider = {**SEEDS, "table1": {"iterations": [1, 2, 3]}, "missing": "report"}
    rules = {"train_model", "attack_model", "attack_model_last", "evaluate_model"}
    assert not rules & set(failed.planned(**wider))
    failed.run("results/tiny/missing.csv", **wider)
    missing = pd.read_csv(failed.results("missing.csv"))
    of_new = missing[missing["iterations"] == 3]
    assert len(missing) == 2 + 8 + len(of_new)
    assert len(of_new) == 2 * 2 * 2  # attacks, models, seeds
    assert set(of_new["epsilon"]) == {0.5}
    jobs = failed.planned(**{**wider, "missing": "error"})
    # On three models BIM and PGD with 3 iterations at 0.5, on one of them PGD with 1 and 2 as well; on the model that
    # was not trained, all attacks.
    assert (jobs["attack_model"], jobs["attack_model_last"]) == (2 + 5, 3 * 2 + 4)


def test_a_study_without_lists_cannot_report_missing_ones(tmp_path):
    status, said = Project(tmp_path).dry_run(missing="report")
    assert status != 0
    assert "this study has none. Run the study with missing: error first" in said
