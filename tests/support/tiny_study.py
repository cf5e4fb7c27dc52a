"""A tiny study of the example shop, in a copy of the workflow of its own, for the tests that run Snakemake."""

import copy
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PARTS = [
    "Snakefile",
    "rules",
    "workflow",
    "src",
    "config",
    "profiles",
    "envs",
    "resources",
    "docs",
    "CITATION.cff",
]
TINY = {
    "study": "tiny",
    "datasets": ["shop"],
    "own_datasets": {
        "shop": {
            "reader": "table",
            "split": "last",
            "path": "resources/example/purchases.csv",
            "columns": {"user": "customer", "item": "sku", "timestamp": "bought"},
            "duplicates": "last",
            "users": {"path": "resources/example/customers.csv", "id": "customer"},
            "items": {"path": "resources/example/products.csv", "id": "sku", "lists": ["tags"]},
        }
    },
    "device": "cpu",
    "training": {"factors": 8, "epochs": 4, "batch_size": 16, "evaluate_every": 1},
    "adversarial_training": {"start_epoch": 2},
    "evaluation": {"k": [3, 5]},
    "table1": {"iterations": [1, 2]},
    "attributes": {
        "user_region": {"of": "users", "column": "region"},
        "item_tags": {"of": "items", "column": "tags"},
    },
    "fairness": {
        "attributes": ["item_popularity", "user_gender", "user_region", "item_tags"],
        "iterations": 3,
    },
    "figure1": {"iterations": [1, 2, 3]},
    "figure2": {"iterations": 3, "epsilon": [0.1, 0.5]},
}
# Per model: BIM and PGD at epsilon 0.5 with 1, 2, 3 and at 0.1 with 3 iterations, FGSM once.
CONDITIONS_PER_MODEL = 2 * 4 + 1
# The jobs of two rules: FGSM and iterations 1 and 2 at 0.5; 3 iterations, the last at both epsilons.
ATTACKS_PER_MODEL = {"attack_model": 1 + 2 * 2, "attack_model_last": 2 * 2}


def merged(changes: dict, base: dict = TINY) -> dict:
    result = copy.deepcopy(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(value, result[key]) if nested else value
    return result


class Project:
    """A copy of the workflow in a folder of its own, with a study's configuration."""

    def __init__(self, folder: Path):
        self.folder = folder
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            keywords = {"ignore": shutil.ignore_patterns("__pycache__", "downloads")}
            copy(ROOT / part, folder / part, **(keywords if copy is shutil.copytree else {}))

    def snakemake(self, *arguments: str, **changes) -> subprocess.CompletedProcess:
        study = self.folder / "study.yaml"
        study.write_text(yaml.safe_dump(merged(changes)), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--configfile", str(study), *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def run(self, *arguments: str, **changes) -> str:
        done = self.snakemake("--cores", "2", *arguments, **changes)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *targets: str, **changes) -> dict[str, int]:
        """How many jobs of each rule a dry run would run, without the target itself."""
        done = self.snakemake("--dry-run", *targets, **changes)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)
        jobs = {rule: int(count) for rule, count in rows}
        return {rule: n for rule, n in jobs.items() if rule not in ("all", "total", *targets)}

    def results(self, path: str) -> Path:
        return self.folder / "results" / "tiny" / path

    def content(self) -> dict[str, bytes]:
        """The bytes of all results but logs, measured times and where they were made."""
        return {
            str(path.relative_to(self.results(""))): path.read_bytes()
            for path in self.results("").rglob("*")
            if path.is_file()
            and not {"logs", "benchmarks"} & set(path.parts)
            and path.name not in ("provenance.json", "run.csv", "index.html")
        }
