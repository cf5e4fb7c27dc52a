"""The workflow itself: real runs of a tiny study."""

import hashlib
import http.server
import json
import os
import re
import shutil
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from embrittle.attacks.run import Attacked, attack_model
from embrittle.data.interactions import read_user_items
from embrittle.files import read_tensors
from embrittle.kernels.cpu import CpuBackend
from tiny_study import CONDITIONS_PER_MODEL, TINY, Project, merged


def test_the_study_makes_its_tables_and_figures(project):
    for name in ("table1.csv", "table1_wide.csv", "table1.md", "table1.tex"):
        assert project.results(f"tables/{name}").stat().st_size > 0
    for name in ("figure1", "figure2"):
        assert project.results(f"figures/shop/{name}.pdf").read_bytes().startswith(b"%PDF")
        assert project.results(f"figures/shop/{name}.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(project.results("tables/table1.csv"))
    assert len(table) == 2 * 4 * (6 + 1)  # models x conditions x (measures and perturbation norm)
    assert table["value"].notna().all()


def test_the_record_counts_every_job(finished_study):
    logs = finished_study.results("logs")
    jobs = {str(path.relative_to(logs).with_suffix("")) for path in logs.rglob("*.log")}
    table = pd.read_csv(finished_study.results("run.csv")).fillna({"job": ""})
    counted = {f"{row.rule}/{row.job}".rstrip("/") for row in table.itertuples()}
    assert jobs - counted == {"summarise_run", "write_page"}
    assert counted <= jobs
    record = json.loads(finished_study.results("provenance.json").read_text())
    assert sum(rule["jobs"] for rule in record["jobs"].values()) == len(counted)


def test_the_study_ends_in_its_page_and_says_where(project):
    page = project.results("index.html")
    page.unlink()  # deleted, so that the run has a job and prints the page's path
    said = project.run()
    assert f"The page of this study: {page.resolve()}" in said
    assert "This version of Snakemake does not" not in said
    # A line for each job on the terminal, and all details in Snakemake's log.
    assert re.search(r"^\d\d:\d\d:\d\d \[1 of 2\] write_page$", said, re.MULTILINE)
    (log,) = re.findall(r"^Complete log\(s\): (.+)$", said, re.MULTILINE)
    details = "localrule write_page:\n    input: "
    assert details in Path(log).read_text()
    assert details not in said
    text = page.read_text(encoding="utf-8")
    claims = pd.read_csv(project.results("claims.csv"))
    # A shop is no data set of the papers, so no claim is reproduced; verdicts on the shop are reported separately.
    whole = claims[claims["dataset"].isna()]
    assert set(whole["verdict"]) == {"not run"}
    shop = claims[claims["dataset"] == "shop"].set_index("claim")
    judged = {"reproduced", "partly reproduced", "not reproduced", "cannot be told"}
    assert shop.loc["msap-stronger", "verdict"] in judged
    assert text.count("<tbody id=") == len(whole)
    # What the papers set otherwise is of interest only where their data are in the study.
    assert "training.epochs: 4 (the papers: 2000)" not in text
    metrics = pd.read_csv(project.results("metrics.csv"))
    here = metrics[
        (metrics["model"] == "AMF") & (metrics["metric"] == "nDCG") & (metrics["k"] == 3)
    ]
    initial = here.loc[here["attack"] == "initial", "value"].item()
    assert f"<b>{initial:.4f}</b>" in text


@pytest.mark.slow
def test_the_page_has_the_verdicts_of_other_studies_beside_its_own(project):
    earlier = project.folder / "results" / "earlier"
    earlier.mkdir()
    for name in ("claims.csv", "claims_cases.csv"):
        shutil.copy(project.results(name), earlier / name)
    record = json.loads(project.results("provenance.json").read_text())
    record["configuration"]["training"]["selection"] = "last"
    settings = {"verdict": {"compare": ["earlier", "later"]}}
    project.run(**settings)
    page = project.results("index.html")
    # A study with verdicts but without the record of the run is not finished.
    assert "Not there: earlier, later." in page.read_text(encoding="utf-8")
    (earlier / "provenance.json").write_text(json.dumps(record))
    assert project.planned(**settings) == {"write_page": 1}
    project.run(**settings)
    text = page.read_text(encoding="utf-8")
    assert "Not there: later." in text
    assert re.search("<code>training.selection</code>.*>best-on-test</td>.*>last</td>", text)
    judged = pd.read_csv(earlier / "claims.csv")
    judged = judged[judged["dataset"].notna() & ~judged["verdict"].isin(["not run", "shown"])]
    assert f"Of {len(judged)} verdicts" in text
    assert "<b>0 differ</b>" in text
    assert "Nothing to be done" in project.run(**settings)
    shutil.rmtree(earlier)
    project.run()


def test_users_make_the_cells_of_table_1(project):
    table = pd.read_csv(project.results("tables/table1.csv"))
    cells = table[table["metric"] == "nDCG"].set_index(["model", "condition"])["value"]
    for model in ("BPR-MF", "AMF"):
        users = pd.read_parquet(project.results(f"users/shop/{model}/seed-0.parquet"))
        means = users.groupby("condition")["ndcg"].mean()
        pd.testing.assert_series_equal(
            means.sort_index(), cells[model].sort_index(), check_names=False
        )


def test_every_condition_is_in_the_metrics_once_per_k_and_measure(project):
    metrics = pd.read_parquet(project.results("metrics.parquet"))
    conditions = metrics.groupby("model")[["attack", "epsilon", "iterations"]].apply(
        lambda rows: len(rows.drop_duplicates())
    )
    assert conditions.to_dict() == {
        "AMF": 1 + CONDITIONS_PER_MODEL,
        "BPR-MF": 1 + CONDITIONS_PER_MODEL,
        "Random": 1,
    }
    assert len(metrics) == conditions.sum() * 2 * (6 + 22)  # measures, and perturbation norms
    pd.testing.assert_frame_equal(metrics, pd.read_csv(project.results("metrics.csv")))


def lists_after(project, iterations: int) -> pd.DataFrame:
    """The stored lists of AMF under BIM at epsilon 0.5."""
    folder = project.results("lists/shop/AMF/seed-0")
    return pd.read_parquet(folder / f"bim_epsilon-0.5_iterations-{iterations}.parquet")


def test_a_combination_is_one_job_with_one_file(project):
    grids = {("fgsm", "0.5"): [1]}
    grids |= {(name, "0.5"): [1, 2, 3] for name in ("bim", "pgd")}
    grids |= {(name, "0.1"): [3] for name in ("bim", "pgd")}
    combinations = {
        f"{name}_epsilon-{x}_iterations-{L}" for (name, x), grid in grids.items() for L in grid
    }
    for kind, ending in (("benchmarks", "tsv"), ("logs", "log")):
        records = project.results(f"{kind}/attack_model/shop/AMF/seed-0")
        assert {path.name for path in records.iterdir()} == {f"{c}.{ending}" for c in combinations}
    files = {path.name for path in project.results("lists/shop/AMF/seed-0").iterdir()}
    assert files == {"initial.parquet", *(f"{c}.parquet" for c in combinations)}
    # Of the perturbations, those stay that a larger number of iterations would continue from.
    kept = {path.stem for path in project.results("perturbations/shop/AMF/seed-0").iterdir()}
    assert kept == {
        f"{name}_epsilon-{x}_iterations-3" for name in ("bim", "pgd") for x in ("0.1", "0.5")
    }


def test_an_attack_in_several_jobs_has_the_lists_of_one_in_one_job(project):
    """BIM at epsilon 0.5 was run in three jobs, here without Snakemake in one."""
    data, seed = project.results("data/shop/split"), 0
    train = read_user_items(data / "train.parquet", data / "statistics.json")
    model, _ = read_tensors(project.results("models/shop/AMF/seed-0/epoch-4/best.safetensors"))
    settings = {"attack": {"method": "bim"}, "epsilon": 0.5, "iterations": 3, "length": 5}
    factors = model["user_factors"], model["item_factors"]
    _, lists = attack_model(Attacked(CpuBackend(), factors, train, train, seed), **settings)
    pd.testing.assert_frame_equal(lists_after(project, 3), pd.DataFrame(lists))


@pytest.mark.parametrize(
    ("changes", "file"),
    [({}, "best"), ({"training": {"selection": "last"}}, "last")],
    ids=["the same study", "the last epoch"],
)
def test_a_second_study_trains_nothing_that_the_first_has_trained(project, changes, file):
    shared = project.folder / "resources" / "trainings"
    before = {path: path.stat().st_mtime_ns for path in shared.iterdir()}
    said = project.run("models", study=f"second-{file}", **changes)
    assert "train_model" in said
    assert {path: path.stat().st_mtime_ns for path in shared.iterdir()} == before
    second = project.folder / "results" / f"second-{file}"
    # A training begins by writing to its log, which Snakemake makes if the job does not run.
    logs = list((second / "logs" / "train_model").rglob("*.log"))
    assert [path.stat().st_size for path in logs] == [0, 0, 0]
    for model in ("BPR-MF", "AMF"):
        path = f"models/shop/{model}/seed-0/epoch-4/{file}.safetensors"
        assert (second / path).resolve() == project.results(path).resolve()
        _, about = read_tensors(second / path)
        assert (about["model"], about["seed"]) == (model, 0)
        assert (about["selected_score"] is None) == (file == "last")
    # Of each training, what it took is in the record of both studies.
    (usage,) = second.rglob("train_model/shop/AMF/seed-0/epoch-4.tsv")
    assert pd.read_csv(usage, sep="\t")["s"].item() > 0


def test_another_seed_or_sub_sample_is_another_training(project):
    """Snakemake's cache recognises a training by its parameters, among which all wildcards must be."""
    files = project.results("models").rglob("state.safetensors")
    assert len({path.resolve() for path in files}) == 3
    project.run("models", study="other-seed", seeds=[1])
    path = "models/shop/AMF/seed-1/epoch-4/best.safetensors"
    _, about = read_tensors(project.folder / "results" / "other-seed" / path)
    assert about["seed"] == 1


def test_a_table_cell_leads_back_to_the_lists(project):
    """Recall of one attacked model, counted by hand from the stored lists and the test items."""
    lists = lists_after(project, 2)
    test = pd.read_parquet(project.results("data/shop/split/test.parquet"))
    top = lists[lists["rank"] <= 3]
    hits = test.merge(top, on=["user", "item"])
    metrics = pd.read_parquet(project.results("metrics.parquet")).set_index(
        ["model", "attack", "epsilon", "iterations", "k", "metric"]
    )["value"]
    recall = metrics["AMF", "bim", 0.5, 2, 3, "RE"]
    assert recall == pytest.approx(len(hits) / len(test))
    # The accumulated cell: trapezoid over L in {1, 2}, divided by 2.
    table = pd.read_csv(project.results("tables/table1.csv")).set_index(
        ["model", "condition", "metric"]
    )["value"]
    first = metrics["AMF", "bim", 0.5, 1, 3, "RE"]
    assert table["AMF", "bim", "RE"] == pytest.approx((first + recall) / 2 / 2)
    train = pd.read_parquet(project.results("data/shop/split/train.parquet"))
    assert lists.merge(train, on=["user", "item"]).empty


def test_a_group_leads_back_to_the_lists(project):
    """nDCG of the users of one region, and MADR over all regions, by hand from lists, test items and users."""
    lists = lists_after(project, 3)
    test = pd.read_parquet(project.results("data/shop/split/test.parquet"))
    users = pd.read_parquet(project.results("data/shop/prepared/users.parquet"))
    rows = test.merge(lists[lists["rank"] <= 3], on=["user", "item"], how="left")
    rows = rows.merge(users, on="user").assign(
        ndcg=lambda r: (1 / np.log2(r["rank"] + 1)).fillna(0)
    )
    by_region = rows.groupby("region")["ndcg"].mean()
    groups = pd.read_parquet(project.results("groups.parquet"))
    here = (groups["model"] == "AMF") & (groups["attack"] == "bim") & (groups["k"] == 3)
    ours = groups[here & (groups["attribute"] == "user_region")].set_index("label")["value"]
    pd.testing.assert_series_equal(ours, by_region, check_names=False)
    table = pd.read_csv(project.results("tables/table3.csv")).set_index(
        ["model", "condition", "attribute", "measure"]
    )["value"]
    apart = [abs(a - b) for i, a in enumerate(by_region) for b in by_region.iloc[:i]]
    assert table["AMF", "bim", "user_region", "MADR"] == pytest.approx(np.mean(apart))


def test_fairness_tables_have_what_the_data_have(project):
    table = pd.read_csv(project.results("tables/table2.csv"))
    assert set(table["attribute"]) == {"item_popularity", "user_region", "item_tags"}
    # Where so few items leave a quartile empty, the tidy table says so.
    groups = pd.read_parquet(project.results("groups.parquet"))
    empty = groups[(groups["k"] == 3) & (groups["note"] == "no members")]
    assert table["nDCG"].isna().sum() == len(empty) > 0
    text = project.results("tables/table2.md").read_text(encoding="utf-8")
    assert "Attributes that these data do not have: user gender." in text
    for form in ("pdf", "png"):
        assert project.results(f"figures/shop/fairness.{form}").stat().st_size > 0


def test_the_training_curve_of_amf_continues_that_of_bpr_mf(project):
    def epochs(model, epoch):
        curve = project.results(f"models/shop/{model}/seed-0/epoch-{epoch}/curve.parquet")
        return pd.read_parquet(curve)["epoch"].tolist()

    assert epochs("BPR-MF", 2) == [1, 2]
    assert epochs("BPR-MF", 4) == [1, 2, 3, 4]
    assert epochs("AMF", 4) == [3, 4]


def test_a_second_run_has_nothing_to_do(project):
    assert "Nothing to be done" in project.run()


def test_a_mistake_in_the_configuration_stops_at_once_with_its_name(project):
    status, output = project.dry_run(training={"epoch": 3}, table1={"epsilon": -1})
    assert status != 0
    assert re.search(r"training\.epoch: .*epochs", output)
    assert "table1.epsilon: " in output
    assert "Traceback" not in output


def test_k_beyond_the_catalogue_is_said_plainly(finished_study, tmp_path):
    other = finished_study.duplicate(tmp_path / "copy")
    random, trained = (
        other.results("lists/shop/Random/seed-0"),
        other.results("lists/shop/AMF/seed-0"),
    )
    lists = [random / "initial.parquet", trained / "initial.parquet", *trained.glob("fgsm*")]
    assert len(lists) == 3
    shutil.rmtree(other.results("lists"))
    targets = [str(path.relative_to(other.folder)) for path in lists]
    done = other.snakemake("--cores", "1", *targets, evaluation={"k": [5, 500]})
    assert done.returncode != 0
    said = "evaluation.k asks for lists of 500 items, but the catalogue has only 18"
    for rule in ("recommend_random", "recommend", "attack_model"):
        assert f"Error in rule {rule}:" in done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(said) >= len(lists)
    assert "3 jobs failed; the outputs of all other jobs are complete." in done.stdout
    assert "  recommend/shop/AMF/seed-0: see results/tiny/logs/recommend/shop/AMF" in done.stdout
    assert not list(other.results("lists").rglob("*.parquet"))


PRODUCTS = {
    "poster": {"poster": {"datasets": ["shop"], "epsilon": [0.5, 2], "noise_epsilon": [0.5, 4]}},
    "baselines": {
        "baselines": {
            "CDAE": {"epochs": 2},
            "IRGAN": {"epochs": 1, "pretraining": 1},
            "NeuMF": {"epochs": 1, "pretraining": 1},
        }
    },
    "budgets": {
        "budgets": {
            "datasets": ["shop"],
            "attacks": ["fgsm", "bim", "bim-l2"],
            "epsilon": [0.5, 1, 2],
            "epsilon_linf": [0.1, 0.2],
            "iterations": 3,
            "over_iterations": [1, 2],
            "norms": [0.5, 1],
        }
    },
    "figure3": {
        "figure3": {
            "datasets": ["shop"],
            "k": [1, 2, 3],
            "attacks": ["fgsm", "bim"],
            "iterations": [1, 2],
        }
    },
}
EVERYTHING = {key: value for product in PRODUCTS.values() for key, value in product.items()}
NOTHING_OF_MSAP = {
    **{product: {"attacks": []} for product in ("table1", "figure1", "figure2")},
    "fairness": {"attributes": []},
}
JUDGED = {"judge_claims": 1, "summarise_run": 1, "write_page": 1}
END = {**JUDGED, "measure_brittleness": 1}


@pytest.fixture(scope="module")
def everything(finished_study, tmp_path_factory):
    """A study with every product, on top of the finished one. Nothing may change it."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("everything") / "copy")
    project.run(**EVERYTHING)
    return project


def test_a_study_with_every_product_has_nothing_to_do_a_second_time(everything):
    assert everything.planned(**EVERYTHING) == {}


def test_only_the_products_that_are_asked_for_are_made(tmp_path):
    """Two kinds of noise of 0.5, 2 and 4, two models; a job for each baseline; no table or figure of MSAP's."""
    asked = {**NOTHING_OF_MSAP, **PRODUCTS["poster"], **PRODUCTS["baselines"]}
    assert Project(tmp_path).planned(**asked) == {
        "prepare_dataset": 1,
        "split_dataset": 1,
        "train_model": 3,
        "train_baseline": 4,
        "recommend": 2,
        "recommend_random": 1,
        "attack_model": 2 * 3 * 2,
        "evaluate_model": 3 + 4,
        "collect_metrics": 1,
        "collect_models": 1,
        "tabulate_robustness": 1,
        "tabulate_accuracy": 1,
        "tabulate_noise": 1,
        "tabulate_training": 1,
        "draw_poster": 2,
        "list_missing": 1,
        **END,
    }


def test_the_tables_of_the_poster_lead_back_to_the_metrics(everything):
    robustness = pd.read_csv(everything.results("tables/robustness.csv"))
    assert len(robustness) == 2 * 2 * 2
    # By hand, from the metrics: the change that adversarial noise of 2 makes to AMF.
    metrics = pd.read_parquet(everything.results("metrics.parquet"))
    metrics = metrics[(metrics["k"] == 3) & (metrics["metric"] == "nDCG")]
    metrics = metrics[metrics["iterations"] <= 1]
    ndcg = metrics.set_index(["model", "attack", "epsilon"])["value"]
    change = 100 * (ndcg["AMF", "fgsm", 2.0] / ndcg["AMF", "initial", 0.0] - 1)
    cells = robustness.set_index(["model", "attack", "epsilon"])["mean"]
    assert cells["AMF", "fgsm", 2.0] == pytest.approx(change)
    accuracy = pd.read_csv(everything.results("tables/accuracy.csv"))
    assert accuracy["model"].drop_duplicates().tolist() == [
        *("ItemPop", "BPR-MF", "CDAE", "IRGAN", "NeuMF", "AMF")
    ]
    assert accuracy["mean"].notna().all()
    # The score that chose the epoch, on the test items, is what the table shows: lists and curve agree.
    selected = pd.read_csv(everything.results("tables/models.csv")).set_index("model")
    shown = accuracy[accuracy["metric"] == "nDCG"].set_index("model")["mean"]
    assert shown["AMF"] == pytest.approx(selected.loc["AMF", "selected_score"])
    for name in ("noise", "training"):
        assert everything.results(f"figures/shop/{name}.pdf").read_bytes().startswith(b"%PDF")


def test_a_baseline_more_or_less_or_changed_runs_that_one_alone(everything):
    end = {"tabulate_accuracy": 1, **JUDGED}
    fewer = merged({"poster": {"baselines": ["ItemPop", "NeuMF"]}}, EVERYTHING)
    assert everything.planned(**fewer) == end
    longer = merged({"baselines": {"CDAE": {"epochs": 3}}}, EVERYTHING)
    assert everything.planned(**longer) == {"train_baseline": 1, "evaluate_model": 1, **end}


def test_without_the_lists_of_a_baseline_the_table_is_made_of_the_rest(everything, tmp_path):
    project = everything.duplicate(tmp_path / "copy")
    project.results("lists/shop/NeuMF/seed-0/initial.parquet").unlink()
    targets = [f"results/tiny/{file}" for file in ("missing.csv", "tables/accuracy.csv")]
    project.run(*targets, missing="report", **EVERYTHING)
    missing = pd.read_csv(project.results("missing.csv"))
    assert missing[["model", "attack"]].to_numpy().tolist() == [["NeuMF", "initial"]]
    accuracy = pd.read_csv(project.results("tables/accuracy.csv"))
    assert set(accuracy.loc[accuracy["mean"].notna(), "model"]) == {
        *("ItemPop", "BPR-MF", "CDAE", "IRGAN", "AMF")
    }


# At the start of every Python: what no study must have is not installed.
WITHOUT_OPTIONAL = """
from importlib import metadata
installed = metadata.version

def version(package):
    if package in ("torch", "implicit"):
        raise metadata.PackageNotFoundError(package)
    return installed(package)

metadata.version = version
"""


@pytest.mark.parametrize(
    ("package", "changes", "needed_for"),
    [
        ("torch", PRODUCTS["poster"], "poster.baselines: CDAE, IRGAN, NeuMF"),
        ("implicit", {"models": ["ALS", "PureSVD"]}, "models: ALS"),
    ],
)
def test_a_study_that_needs_a_package_stops_at_once_where_it_is_missing(
    tmp_path, monkeypatch, package, changes, needed_for
):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_OPTIONAL)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    done = Project(tmp_path / "project").snakemake("--dry-run", **changes)
    output = done.stdout + done.stderr
    said = f"{package} is not installed, but needed for {needed_for}."
    assert f"{said} Install it with `make {package}`" in output
    assert done.returncode == 1
    assert "Traceback" not in output


def test_a_study_of_budgets_alone_runs_their_attacks(tmp_path):
    planned = Project(tmp_path).planned(**NOTHING_OF_MSAP, **PRODUCTS["budgets"])
    # FGSM at three budgets, and BIM at 0.5 on its way, after 1 and 2 steps; then the last steps of BIM and of BIM in
    # the L2 ball, at three budgets each.
    assert planned["attack_model"] == 2 * (3 + 2)
    assert planned["attack_model_last"] == 2 * (3 + 3)
    made = {rule: n for rule, n in planned.items() if "budgets" in rule}
    assert made == {"evaluate_budgets": 2, "tabulate_budgets": 1, "draw_budgets": 1}


def test_attacks_are_compared_at_the_norm_that_they_spend(everything):
    points = pd.read_csv(everything.results("tables/table_budgets.csv"))
    assert points.columns.tolist() == [
        *("dataset", "model", "seed", "attack", "norm", "epsilon", "iterations"),
        *("spent_norm", "metric", "value"),
    ]
    key = ["model", "attack", "epsilon", "iterations"]
    conditions = [
        ("initial", 0.0, 0),
        *(("fgsm", epsilon, 1) for epsilon in (0.5, 1.0, 2.0)),
        *(("bim-l2", epsilon, 3) for epsilon in (0.5, 1.0, 2.0)),
        *(("bim", epsilon, 3) for epsilon in (0.1, 0.2)),
        *(("bim", 0.5, iterations) for iterations in (1, 2, 3)),
    ]
    expected = sorted((model, *c) for model in ("BPR-MF", "AMF") for c in conditions)
    assert sorted(points[key].itertuples(index=False, name=None)) == expected
    metrics = pd.read_parquet(everything.results("metrics.parquet"))
    metrics = metrics[metrics["k"] == 3].set_index("metric")
    for metric, column in (("nDCG", "value"), ("spent all L2 mean", "spent_norm")):
        ours = points.set_index(key)[column]
        theirs = metrics.loc[metric].set_index(key)["value"].loc[ours.index]
        pd.testing.assert_series_equal(ours, theirs, check_names=False)
    spent = points.set_index(key)["spent_norm"]
    # The same epsilon: a row of FGSM has it, BIM in the ball no more, BIM clipped by elements may have more.
    assert spent["AMF", "fgsm", 1.0, 1] <= 1 + 1e-6
    assert spent["AMF", "bim-l2", 1.0, 3] <= 1 + 1e-6
    assert everything.results("figures/shop/budgets.pdf").read_bytes().startswith(b"%PDF")
    text = everything.results("tables/budgets.md").read_text(encoding="utf-8")
    assert "At equal norms" in text


def test_another_norm_in_the_table_of_budgets_runs_no_attack_again(everything):
    other = merged({"budgets": {"norms": [0.5, 0.75]}}, EVERYTHING)
    again = {"evaluate_budgets": 2, "tabulate_budgets": 1, "draw_budgets": 1}
    assert everything.planned(**other) == {**again, **JUDGED}


def git_blob(content: bytes) -> str:
    return "git-blob:" + hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def served(tmp_path):
    """A folder, and the address under which a real server on loopback serves it."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def lastfm_like(folder: Path) -> dict[str, bytes]:
    """The published format of the MSAP authors' LastFM: tab-separated, no header, 0-based ids, one test row a user."""
    rng = np.random.default_rng(1)
    train, test = [], []
    for user in range(30):
        items = rng.choice(40, size=8, replace=False)
        train += [f"{user}\t{item}\t1.0" for item in sorted(items[1:])]
        test += [f"{user}\t{items[0]}\t1.0"]
    files = {
        "trainingset.tsv": "\n".join(train).encode() + b"\n",
        "testset.tsv": "\n".join(test).encode() + b"\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return files


@pytest.mark.slow
def test_the_published_lastfm_format_goes_from_download_to_table(served, tmp_path):
    folder, address = served
    files = lastfm_like(folder)
    project = Project(tmp_path / "project", own_code=True)
    registry_file = project.folder / "config" / "datasets.yaml"
    registry = yaml.safe_load(registry_file.read_text(encoding="utf-8"))
    for source in registry["lastfm"]["sources"]:
        name = source["url"].rsplit("/", 1)[1]
        source |= {"url": f"{address}/{name}", "checksum": git_blob(files[name])}
    registry_file.write_text(yaml.safe_dump(registry), encoding="utf-8")
    project.run("table1", datasets=["lastfm"])
    statistics = json.loads(project.results("data/lastfm/split/statistics.json").read_text())
    assert (statistics["n_users"], statistics["n_train"], statistics["n_test"]) == (30, 210, 30)
    table = pd.read_csv(project.results("tables/table1_comparison.csv"))
    assert set(table["dataset"]) == {"lastfm"}
    # The papers print this data set, but for other settings than those of the tiny study.
    assert table["published"].isna().all()
    # The same file from another source reruns nothing.
    assert project.planned("table1", datasets=["lastfm"], mirror={"folder": "elsewhere"}) == {}


def brought_split(folder):
    """Files of parts of the example shop: two test items a user, one for validation, and a user in test only."""
    rows = pd.read_csv(folder / "resources/example/purchases.csv", dtype=str)
    rows = rows.drop_duplicates(["customer", "sku"])
    from_last = rows.groupby("customer").cumcount(ascending=False)
    enough = rows.groupby("customer")["sku"].transform("size") > 3
    part = from_last.map({0: "test", 1: "test", 2: "validation"}).where(enough).fillna("train")
    stranger = rows.iloc[[0]].assign(customer="stranger")
    for name in ("train", "validation", "test"):
        whole = pd.concat([rows[part == name], stranger]) if name == "test" else rows[part == name]
        whole.to_csv(folder / f"{name}.csv", index=False)
    return {name: f"{name}.csv" for name in ("train", "validation", "test")}


@pytest.mark.slow
def test_a_split_of_ones_own_with_several_test_items_goes_to_the_tables_and_the_page(tmp_path):
    project = Project(tmp_path / "project")
    shop = {key: value for key, value in TINY["own_datasets"]["shop"].items() if key != "path"}
    shop |= {"parts": brought_split(project.folder), "split": "published"}
    training = {"selection": "best-on-validation"}
    project.run(datasets=["brought"], own_datasets={"brought": shop}, training=training)
    log = project.results("logs/prepare_dataset/brought.log").read_text(encoding="utf-8")
    assert "1 users have no training interaction and are left out, with their 1 held-out" in log
    parts = {
        part: pd.read_parquet(project.results(f"data/brought/split/{part}.parquet"))
        for part in ("train", "validation", "test")
    }
    assert parts["test"].groupby("user").size().unique().tolist() == [2]
    assert len(parts["validation"]) == len(parts["test"]) / 2
    lists = project.results("lists/brought/AMF/seed-0/bim_epsilon-0.5_iterations-2.parquet")
    lists = pd.read_parquet(lists)
    for seen in ("train", "validation"):
        assert lists.merge(parts[seen], on=["user", "item"]).empty
    top = lists[lists["rank"] <= 3]
    rows = parts["test"].merge(top, on=["user", "item"], how="left")
    gain = (1 / np.log2(rows["rank"] + 1)).fillna(0).groupby(rows["user"]).sum()
    hits = rows["rank"].notna().groupby(rows["user"]).sum()
    metrics = (
        pd.read_parquet(project.results("metrics.parquet"))
        .set_index(["model", "attack", "epsilon", "iterations", "k", "metric"])["value"]
        .sort_index()["AMF", "bim", 0.5, 2, 3]
    )
    assert metrics["RE"] == pytest.approx((hits / 2).mean())
    assert metrics["PR"] == pytest.approx(hits.mean() / 3)
    assert metrics["HR"] == pytest.approx((hits > 0).mean())
    assert metrics["nDCG"] == pytest.approx(gain.mean() / (1 + 1 / np.log2(3)))
    table = pd.read_csv(project.results("tables/table1.csv"))
    assert "HR" in set(table["metric"])
    assert project.results("index.html").exists()


def test_a_wrong_file_is_set_aside_and_nothing_is_made_of_it(served, tmp_path):
    folder, address = served
    lastfm_like(folder)
    project = Project(tmp_path / "project", own_code=True)
    registry_file = project.folder / "config" / "datasets.yaml"
    registry = yaml.safe_load(registry_file.read_text(encoding="utf-8"))
    for source in registry["lastfm"]["sources"]:  # the registry's checksums stay
        source["url"] = f"{address}/{source['url'].rsplit('/', 1)[1]}"
    registry_file.write_text(yaml.safe_dump(registry), encoding="utf-8")
    done = project.snakemake("--cores", "1", "splits", datasets=["lastfm"])
    assert done.returncode != 0
    assert "git-blob:dffe4e11f8a5e6e154810f1a24703420da10d02c" in done.stdout + done.stderr
    downloads = project.folder / "resources" / "downloads" / "lastfm"
    assert {path.suffix for path in downloads.iterdir()} == {".rejected"}
    assert not project.results("data").exists()


def test_sub_samples_go_through_the_same_stages_to_figure_3(project):
    """On top of the finished study; the whole data set is not trained again for it."""
    sub_samples = PRODUCTS["figure3"]["figure3"]
    jobs = project.planned("figure3", figure3=sub_samples)
    # Per sub-sample: both models (BPR-MF in two parts), and of each FGSM, and BIM after 1 and 2 iterations.
    assert jobs == {
        "subsample_dataset": 3,
        "split_dataset": 3,
        "train_model": 9,
        "attack_model": 3 * 2 * 2,
        "attack_model_last": 3 * 2,
        "recommend": 6,
        "evaluate_model": 6,
        "relate_characteristics": 1,
        "tabulate_figure3": 1,
        "draw_figure3": 2,
    }
    # So many also in a study of more seeds, if they are not to be for sub-samples.
    one = {**sub_samples, "seeds": [0]}
    assert project.planned("figure3", seeds=[0, 1], figure3=one) == jobs


def test_figure_3_leads_back_to_the_metrics_of_a_sub_sample(everything):
    points = pd.read_csv(everything.results("tables/figure3_points.csv"))
    assert len(points) == 3 * 2 * 3
    metrics = pd.read_parquet(everything.results("metrics/shop.k2/AMF/seed-0.parquet"))
    ndcg = metrics[(metrics["metric"] == "nDCG") & (metrics["k"] == 3)].set_index(
        ["attack", "iterations"]
    )["value"]
    initial, after = ndcg["initial", 0], ndcg["bim", 2]
    row = points[(points["dataset"] == "shop.k2") & (points["model"] == "AMF")]
    row = row[(row["attack"] == "bim") & (row["iterations"] == 2)].iloc[0]
    assert row["rho"] == pytest.approx(100 * (initial - after) / initial)
    for iterations in (1, 2):
        figure = everything.results(f"figures/shop/figure3_iterations-{iterations}.pdf")
        assert figure.read_bytes().startswith(b"%PDF")
    assert "Verdicts from the intervals" in everything.results("tables/figure3.md").read_text()


def test_a_sub_sample_that_leaves_nothing_says_so_and_the_others_stay(everything, tmp_path):
    project = everything.duplicate(tmp_path / "copy")
    failing = {**PRODUCTS["figure3"]["figure3"], "k": [1, 2, 500]}
    done = project.snakemake("--cores", "2", "figure3", figure3=failing)
    assert done.returncode != 0
    said = r"k = 500 \(one-pass\) leaves no interactions: \d+ is the largest k that leaves some"
    largest = re.search(said, done.stdout + done.stderr)
    assert largest, done.stdout + done.stderr
    assert project.results("metrics/shop.k2/AMF/seed-0.parquet").is_file()
    assert not project.results("data/shop.k500").exists()
