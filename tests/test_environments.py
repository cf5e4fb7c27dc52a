"""The pip lock, the conda environment and the container have the same software."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
# Where conda has another name for what pip knows.
PIP_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "snakemake-minimal": "snakemake",
}


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    lines = [
        line for line in text("envs/requirements.txt").splitlines() if line[:1] not in ("#", "")
    ]
    return dict(line.lower().split("==") for line in lines)


@pytest.fixture(scope="module")
def conda() -> dict[str, str]:
    """Pins by pip's names, without the interpreter, which has a range, and pip itself."""
    *packages, pip = yaml.safe_load(text("envs/environment.yaml"))["dependencies"]
    pins = [
        re.split(r" ?==?", pin)
        for pin in [*packages, *pip["pip"]]
        if ">" not in pin and pin != "pip"
    ]
    return {PIP_NAMES.get(name, name): version for name, version in pins}


@pytest.fixture(scope="module")
def needed() -> set[str]:
    """What the library says it needs, with what jobs and clusters need besides."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["torch"]]
    plugin = {"snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep"}
    return {re.match(r"[\w.-]+", name)[0] for name in wanted} | {"snakemake"} | plugin


def test_conda_environment_and_lock_name_the_same_versions(conda, lock):
    assert conda == {name: lock[name] for name in conda}


def test_conda_environment_has_all_that_is_needed_and_nothing_else(conda, needed):
    assert set(conda) == needed


def test_container_installs_the_lock_and_nothing_else():
    recipe = text("envs/Containerfile").replace("\\\n", " ")
    assert re.findall(r"^COPY .*", recipe, re.MULTILINE) == [
        "COPY envs/requirements.txt /opt/embrittle/"
    ]
    installs = re.findall(r"pip install (.*)", recipe)
    assert installs == ["--no-cache-dir --requirement /opt/embrittle/requirements.txt"]


def test_every_environment_has_a_python_that_the_library_supports():
    least = re.search(r'requires-python = ">=(3\.\d+)"', text("pyproject.toml"))[1]
    conda = re.search(r"python >=(3\.\d+),<3\.\d+", text("envs/environment.yaml"))[1]
    debian = re.search(r"^FROM .*debian:(\w+)-slim$", text("envs/Containerfile"), re.MULTILINE)[1]
    assert conda == least
    assert {"bookworm": "3.11", "trixie": "3.13"}[debian] >= least
