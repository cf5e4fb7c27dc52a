"""Another workflow imports this one, with its own configuration, under a prefix."""

import json
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from tiny_study import ROOT, merged

TABLES = ("customers.csv", "products.csv", "purchases.csv")

pytestmark = pytest.mark.slow
SNAKEFILE = """
configfile: "their.yaml"


module brittleness:
    snakefile: {snakefile!r}
    config: config["brittleness"]
    prefix: "brittle"


use rule * from brittleness as brittleness_*


rule report:
    default_target: True
    input:
        table=rules.brittleness_tabulate_table1.output.long,
        record="brittle/results/tiny/provenance.json",
    output: "report.txt"
    shell: "head -1 {{input.table}} > {{output}}"
"""
SMALL = {
    "models": ["BPR-MF"],
    "fairness": {"attributes": ["user_region"]},  # config.yaml with its attributes is not read
    "training": {"epochs": 3, "criterion": "HR@5"},
    "table1": {"attacks": ["fgsm", "bim"]},
    "figure1": {"attacks": ["bim"], "iterations": [1, 2]},
    "figure2": {"attacks": ["bim"], "iterations": 2, "epsilon": [0.5]},
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A folder with another workflow and its own data; a function that runs it."""
    folder = tmp_path_factory.mktemp("theirs")
    for name in TABLES:
        (folder / name).write_bytes((ROOT / "resources" / "example" / name).read_bytes())
    study = merged(SMALL)
    shop = study["own_datasets"]["shop"]
    shop["users"]["path"], shop["items"]["path"], shop["path"] = TABLES
    (folder / "Snakefile").write_text(SNAKEFILE.format(snakefile=str(ROOT / "Snakefile")))

    def snakemake(*arguments, **changes):
        config = {"theirs": 1, "brittleness": merged(changes, study)}
        (folder / "their.yaml").write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        command += ["--workflow-profile", str(ROOT / "profiles" / "default")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    snakemake()
    return folder, snakemake


def test_its_results_lie_under_the_prefix_in_the_folder_of_the_other(theirs):
    folder, _ = theirs
    assert (folder / "report.txt").read_text() == "dataset,model,condition,metric,value\n"
    results = folder / "brittle" / "results" / "tiny"
    assert pd.read_csv(results / "tables/table1.csv")["value"].notna().all()
    assert (results / "figures/shop/figure1.pdf").is_file()
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"brittle", ".snakemake"}
    record = json.loads((results / "provenance.json").read_text())
    assert sorted(record["data"]["shop"]) == list(TABLES)
    assert record["data"]["shop"]["purchases.csv"].startswith("sha256:")
    assert record["jobs"]["train_model"]["jobs"] == 2


def test_a_second_run_has_nothing_to_do_and_a_change_runs_what_it_decides(theirs):
    _, snakemake = theirs
    assert "Nothing to be done" in snakemake()
    planned = snakemake("--dry-run", plots={"dpi": 90})
    assert "brittleness_draw_figure" in planned
    assert "brittleness_train_model" not in planned


def test_what_is_missing_is_found_under_the_prefix(theirs):
    """The job of 2 iterations has failed, so the job of 3 iterations, which continues from it, did not start."""
    folder, snakemake = theirs
    lists = folder / "brittle/results/tiny/lists/shop/BPR-MF/seed-0"
    gone = [lists / f"bim_epsilon-0.5_iterations-{iterations}.parquet" for iterations in (2, 3)]
    for path in gone:
        path.rename(folder / path.name)
    planned = snakemake("--dry-run", missing="report")
    for path in gone:
        (folder / path.name).rename(path)
    assert "brittleness_evaluate_model" in planned
    assert "brittleness_attack_model" not in planned
