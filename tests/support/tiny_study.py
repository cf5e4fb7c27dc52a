"""A tiny study of the example shop in a folder of its own, for the tests that run Snakemake."""

import copy
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[2]
EXAMPLE = Path("resources", "example")
TRAININGS = Path("resources", "trainings")
# The files that Snakemake needs in its working directory, and the whole workflow.
BESIDE = ["config", "profiles"]
CODE = [*BESIDE, "Snakefile", "rules", "workflow", "src", "envs", "CITATION.cff"]
CODE += ["resources/published"]
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
    "training": {
        "factors": 8, "epochs": 4, "batch_size": 16, "evaluate_every": 1, "criterion": "nDCG@3",
    },
    "adversarial_training": {"start_epoch": 2, "restart_accumulators": True},
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
}  # fmt: skip
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


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli", "snakemake.report", "yte"])


def _snakemake(arguments: list[str], folder: Path, output: Path) -> None:
    """Run Snakemake in this process, as its command does."""
    os.chdir(folder)
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from snakemake import cli

    cli.main(arguments)


def copy_compiled_loops(home: Path) -> None:
    """Hand this checkout's compiled loops to a copy of the code: numba keeps them by the path of the code."""
    from numba.core.caching import UserProvidedCacheLocator

    from embrittle.kernels.cache import FOLDER as compiled

    def place(code: Path) -> str:
        kernels = code / "src" / "embrittle" / "kernels"
        return UserProvidedCacheLocator.get_suitable_cache_subpath(str(kernels / "cpu.py"))

    if (compiled / place(ROOT)).is_dir():
        inside = compiled.is_relative_to(ROOT)
        target = home / compiled.relative_to(ROOT) if inside else compiled
        shutil.copytree(compiled / place(ROOT), target / place(home), dirs_exist_ok=True)


class Project:
    """A folder in which a study of this checkout's workflow runs.

    Args:
        folder: is set up unless it is one already.
        own_code: with a copy of the workflow, for tests that change its code or its registry of data sets.
    """

    def __init__(self, folder: Path, own_code: bool = False):
        self.folder = folder
        if not (folder / EXAMPLE).exists():
            shutil.copytree(ROOT / EXAMPLE, folder / EXAMPLE)
            for part in BESIDE:
                (folder / part).symlink_to(ROOT / part)
        if own_code:
            self._copy_code()
        self.home = folder if (folder / "Snakefile").exists() else ROOT

    def _copy_code(self) -> None:
        for part in BESIDE:
            (self.folder / part).unlink()
        for part in CODE:
            if (ROOT / part).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / part, self.folder / part, ignore=ignored)
            else:
                shutil.copy(ROOT / part, self.folder / part)
        copy_compiled_loops(self.folder)
        # Snakemake records the inputs of jobs, some of which are in the folder of the code.
        for record in (self.folder / ".snakemake" / "metadata").rglob("*"):
            if record.is_file():
                text = record.read_text(encoding="utf-8")
                record.write_text(text.replace(str(ROOT), str(self.folder)), encoding="utf-8")

    def duplicate(self, folder: Path, own_code: bool = False) -> "Project":
        """A copy of the folder with all results, which link to the trainings of the copy."""
        shutil.copytree(self.folder, folder, symlinks=True)
        for link in (path for path in (folder / "results").rglob("*") if path.is_symlink()):
            date = link.lstat().st_mtime_ns
            file = Path(os.readlink(link)).name
            link.unlink()
            link.symlink_to(folder / TRAININGS / file)
            os.utime(link, ns=(date, date), follow_symlinks=False)
        return type(self)(folder, own_code)

    def arguments(self, *arguments: str, **changes) -> list[str]:
        """Snakemake's arguments for the study with these changes."""
        study = self.folder / "study.yaml"
        study.write_text(yaml.safe_dump(merged(changes)), encoding="utf-8")
        # In this order: the option --configfile takes all that follows up to the next option.
        return ["--configfile", str(study), "--snakefile", str(self.home / "Snakefile"), *arguments]

    def snakemake(self, *arguments: str, **changes) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "snakemake", *self.arguments(*arguments, **changes)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def dry_run(self, *arguments: str, **changes) -> tuple[int, str]:
        """Exit status and output of a dry run, in a fork of a process that has loaded Snakemake already."""
        output = self.folder / "dry-run.txt"
        command = self.arguments("--dry-run", *arguments, **changes)
        process = FORKS.Process(target=_snakemake, args=(command, self.folder, output))
        process.start()
        process.join()
        return process.exitcode, output.read_text(encoding="utf-8")

    def run(self, *arguments: str, **changes) -> str:
        done = self.snakemake("--cores", "2", *arguments, **changes)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *targets: str, **changes) -> dict[str, int]:
        """How many jobs of each rule a dry run would run, without the target itself."""
        status, output = self.dry_run(*targets, **changes)
        assert status == 0, output
        rows = re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)
        jobs = {rule: int(count) for rule, count in rows}
        return {rule: n for rule, n in jobs.items() if rule not in ("all", "total", *targets)}

    def script(self, rule: str) -> Path:
        """The script of a rule."""
        (path,) = (self.home / "workflow" / "scripts").rglob(f"{rule}.py")
        return path

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


def made_once(tmp_path_factory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name that all processes of a test run share; the first to ask fills it, the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with FileLock(shared / f"{name}.lock"):
        if not (shared / f"{name}.made").exists():
            shutil.rmtree(shared / name, ignore_errors=True)
            make(shared / name)
            (shared / f"{name}.made").touch()
    return shared / name
