"""The pip locks, the conda environment and the container have the same software, and each lock is complete."""

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# Where conda has another name for what pip knows.
PIP_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "snakemake-minimal": "snakemake",
}
# What jobs and clusters need, which the library does not.
WORKFLOW = {
    *("snakemake", "snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep"),
}
# What a CUDA build of torch brings with it is not in a lock.
CUDA = re.compile("nvidia-|cuda-|triton")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def lock(name: str) -> dict[str, str]:
    lines = [line for line in text(f"envs/{name}.txt").splitlines() if line[:1] not in ("#", "")]
    pins = dict(line.split("==") for line in lines)
    assert len(pins) == len(lines)
    return {canonicalize_name(package): version for package, version in pins.items()}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def with_dependencies(packages: set[str]) -> set[str]:
    """Packages and all that they need, by what the installed ones say."""
    found, todo = set(), [(package, "") for package in packages]
    while todo:
        package, extra = todo.pop()
        if (package, extra) in found:
            continue
        found.add((package, extra))
        for requirement in map(Requirement, metadata.requires(package) or []):
            if not requirement.marker or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                todo += [(needed, wanted) for wanted in ("", *requirement.extras)]
    return {package for package, _ in found}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads(text("pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def base(project) -> set[str]:
    return with_dependencies(names(project["dependencies"]) | WORKFLOW)


def test_the_first_lock_has_what_a_study_without_torch_needs_and_nothing_else(base):
    assert set(lock("requirements")) == base


@pytest.mark.parametrize("extra", ["torch", "implicit", "test"])
def test_a_further_lock_adds_what_its_extra_needs_and_nothing_else(project, base, extra):
    needed = with_dependencies(names(project["optional-dependencies"][extra])) - base
    assert set(lock(extra)) == {package for package in needed if not CUDA.match(package)}


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


def test_conda_environment_and_locks_name_the_same_versions(conda):
    pins = lock("requirements") | lock("torch") | lock("implicit")
    assert conda == {name: pins[name] for name in conda}


def test_conda_environment_has_all_that_any_study_needs_and_nothing_else(conda, project):
    further = project["optional-dependencies"]
    wanted = [*project["dependencies"], *further["torch"], *further["implicit"]]
    assert set(conda) == names(wanted) | WORKFLOW


def test_container_installs_the_lock_and_torch_if_it_is_asked_for():
    recipe = text("envs/Containerfile").replace("\\\n", " ")
    assert re.findall(r"^COPY .*", recipe, re.MULTILINE) == [
        "COPY envs/requirements.txt envs/torch.txt /opt/embrittle/"
    ]
    (install,) = re.findall(r"pip (install .*)", recipe)
    for torch, locks in ({}, ["requirements"]), ({"TORCH": "yes"}, ["requirements", "torch"]):
        told = subprocess.run(
            ["sh", "-c", f"echo {install}"], env=torch, capture_output=True, text=True, check=True
        )
        wanted = [word for name in locks for word in ("--requirement", f"{name}.txt")]
        assert told.stdout.split() == ["install", "--no-cache-dir", *wanted]


def test_every_environment_has_a_python_that_the_library_supports():
    least = re.search(r'requires-python = ">=(3\.\d+)"', text("pyproject.toml"))[1]
    conda = re.search(r"python >=(3\.\d+),<3\.\d+", text("envs/environment.yaml"))[1]
    debian = re.search(r"^FROM .*debian:(\w+)-slim$", text("envs/Containerfile"), re.MULTILINE)[1]
    assert conda == least
    assert {"bookworm": "3.11", "trixie": "3.13"}[debian] >= least
