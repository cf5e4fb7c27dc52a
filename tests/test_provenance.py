"""The record of a run: what jobs took, what the code was, what the data were."""

import json
import os
import re
import subprocess

import pandas as pd
import pytest

from embrittle import provenance
from tiny_study import ROOT

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def study(tmp_path):
    """The benchmark files of three jobs, and the file of the record beside them."""
    files = {
        "train_model/shop/AMF/seed-0/epoch-4": "3600.5\t1:00:00\t300.25\t1\t1\t1\t0\t0\t99.0\t3500.0\n",
        "train_model/shop/AMF/seed-1/epoch-4": "1800.5\t0:30:00\t310.5\t1\t1\t1\t0\t0\t99.0\t1700.0\n",
        "collect_metrics": "0.4\t0:00:00\t-\t-\t-\t-\t-\t-\t-\t-\n",  # too short to be measured
    }
    for name, text in files.items():
        path = tmp_path / "benchmarks" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + text)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return tmp_path / "provenance.json"


def write(record, **changes):
    given = {
        "configuration": {"study": "tiny", "device": "cpu", "seeds": [0, 1]},
        "sources": {},
        "missing": 0,
        "repository": record.parent,
    }
    provenance.write(record, record.with_name("run.csv"), **{**given, **changes})
    return json.loads(record.read_text())


def test_every_measured_job_is_a_row(study):
    write(study)
    table = pd.read_csv(study.with_name("run.csv"))
    assert list(table.columns) == [
        "rule", "job", "seconds", "cpu_seconds", "peak_memory_mb", "finished",
    ]  # fmt: skip
    assert list(table["rule"]) == ["collect_metrics", "train_model", "train_model"]
    assert table.loc[1].to_dict() == {
        "rule": "train_model",
        "job": "shop/AMF/seed-0/epoch-4",
        "seconds": 3600.5,
        "cpu_seconds": 3500.0,
        "peak_memory_mb": 300.25,
        "finished": "2023-11-14T22:13:20+00:00",
    }
    assert pd.isna(table.loc[0, "peak_memory_mb"])


def test_every_rule_with_a_script_is_measured_but_the_last_two():
    rules = {
        name: body
        for path in (ROOT / "rules").rglob("*.smk")
        for name, body in re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^\S|\Z)", path.read_text())
        if "    script:\n" in body
    }
    assert len(rules) > 30
    # A training that studies share measures itself.
    measured = {name for name, body in rules.items() if re.search("benchmark:|usage=", body)}
    assert set(rules) - measured == {"summarise_run", "write_page"}
    for name in measured:
        # The record takes the name of the rule from the file.
        log, benchmark = (
            re.search(rf"{what}\(f?(.*)\)", rules[name])[1] for what in ("logs", "benchmarks")
        )
        assert log == benchmark
        assert re.match(rf'"{name}[/"]', benchmark)


def test_rules_are_summed_up(study):
    assert write(study)["jobs"] == {
        "collect_metrics": {"jobs": 1, "hours": 0.0001, "peak_memory_mb": None},
        "train_model": {"jobs": 2, "hours": 1.5003, "peak_memory_mb": 310.5},
    }


def test_configuration_versions_and_machine_are_there(study):
    record = write(study, missing=3)
    assert record["configuration"] == {"study": "tiny", "device": "cpu", "seeds": [0, 1]}
    assert (record["study"], record["missing_lists"]) == ("tiny", 3)
    assert record["versions"]["numpy"] == __import__("numpy").__version__
    assert record["machine"]["device"] == "cpu"


def test_sources_are_named_by_their_content(study, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"abc")
    sources = {"shop": [str(tmp_path / "a.csv"), str(tmp_path / "gone.csv")]}
    assert write(study, sources=sources)["data"]["shop"] == {
        str(tmp_path / "a.csv"): (
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        str(tmp_path / "gone.csv"): None,
    }


def test_the_commit_and_whether_the_files_are_of_it(study, tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    assert provenance.git_state(tmp_path / "nowhere") == {"commit": None, "dirty": None}

    def git(*arguments):
        about = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        command = ["git", "-C", str(repository), *about, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    (repository / "Snakefile").write_text("one")
    git("add", "Snakefile")
    git("commit", "-m", "one")
    state = provenance.git_state(repository)
    assert state == {"commit": git("rev-parse", "HEAD"), "dirty": False}
    (repository / "my-study.yaml").write_text("study: mine")  # the user's, and no code
    assert provenance.git_state(repository)["dirty"] is False
    (repository / "src").mkdir()
    (repository / "src" / "attack.py").write_text("new")
    assert provenance.git_state(repository)["dirty"] is True
    (repository / "src" / "attack.py").unlink()
    (repository / "Snakefile").write_text("two")
    assert provenance.git_state(repository)["dirty"] is True
