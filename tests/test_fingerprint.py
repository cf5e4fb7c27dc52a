"""Which code decides a script's result: what is counted, and that nothing that runs is left out."""

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from tiny_study import ROOT, Project

from embrittle import fingerprint as code

LIBRARY = ROOT / "src"
SCRIPT_FOLDER = ROOT / "workflow" / "scripts"
FILES = {
    "script.py": """
        from embrittle.jobs import job
        from embrittle.work import work
        from embrittle import shapes

        with job("log"):
            work(shapes.SIZE)
        """,
    "embrittle/__init__.py": "",
    "embrittle/jobs.py": "def job(log): return log",
    "embrittle/work.py": '''
        """About the work."""
        import logging
        from .shapes import area
        from .more import register
        logger = logging.getLogger(__name__)
        FACTOR = 2
        KINDS = {"a": area, "b": len}

        @register
        def counted(x: int) -> int:
            return x

        def work(size: int) -> int:
            """Work."""
            logger.info("working")
            if size < 0:
                raise ValueError(f"too small: {size}")
            from .lazy import late
            return KINDS["a"](size) * FACTOR + late()

        def idle():
            return 0
        ''',
    "embrittle/shapes.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from .more import register
        SIZE = 3
        OTHER = 4

        def area(size):
            return size**2
        """,
    "embrittle/more.py": """
        TABLE = []

        def register(function):
            TABLE.append(function)
            return function

        def unused():
            return 1
        """,
    "embrittle/lazy.py": """
        def late():
            return _helper()

        def _helper():
            return 1

        def never():
            return 2
        """,
}


@pytest.fixture
def made_up(tmp_path):
    """A made-up library; a function of (file, old, new) that says whether an edit changes the digest."""
    (tmp_path / "embrittle").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(dedent(text))

    def changes(name: str, old: str, new: str, **entries) -> bool:
        path = tmp_path / name
        before = code.digest(tmp_path / "script.py", tmp_path, entries)
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        after = code.digest(tmp_path / "script.py", tmp_path, entries)
        path.write_text(text)
        assert code.digest(tmp_path / "script.py", tmp_path, entries) == before
        return before != after

    return changes


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "shapes.SIZE", "shapes.OTHER"),
        ("embrittle/work.py", "* FACTOR", "+ FACTOR"),
        ("embrittle/work.py", "FACTOR = 2", "FACTOR = 3"),
        ("embrittle/work.py", "return x", "return x + 1"),  # registered: may be found by anyone
        ("embrittle/work.py", "ValueError", "KeyError"),  # may be caught
        ("embrittle/work.py", '"b": len', '"b": max'),
        ("embrittle/shapes.py", "SIZE = 3", "SIZE = 30"),
        ("embrittle/shapes.py", "size**2", "size**3"),
        ("embrittle/more.py", "TABLE = []", "TABLE = [0]"),
        (
            "embrittle/lazy.py",
            "return 1",
            "return 5",
        ),  # imported in a function, and used by what is
        ("embrittle/__init__.py", "", "print()"),  # runs whatever is imported
    ],
)
def test_what_the_script_gets_to_counts(made_up, name, old, new):
    assert made_up(name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "with job", "# why\nwith  job"),
        ("embrittle/work.py", '"""Work."""', '"""Work hard."""'),
        ("embrittle/work.py", "About the work", "On the work"),
        ("embrittle/work.py", "FACTOR = 2", "FACTOR = (2)  # two"),
        ("embrittle/work.py", "size: int", "size: float"),
        ("embrittle/work.py", "working", "at work"),
        ("embrittle/work.py", "too small", "negative"),
        ("embrittle/work.py", "return 0", "return 1"),
        ("embrittle/shapes.py", "OTHER = 4", "OTHER = 5"),
        ("embrittle/more.py", "return 1", "return 2"),
        ("embrittle/lazy.py", "return 2", "return 3"),
        ("embrittle/jobs.py", "return log", "return 1"),
    ],
)
def test_what_cannot_change_the_result_does_not_count(made_up, name, old, new):
    assert not made_up(name, old, new)


def test_of_a_registry_the_chosen_entries_count(made_up):
    kinds = "embrittle/work.py", '"b": len', '"b": max'
    assert not made_up(*kinds, KINDS=["a"])
    assert made_up(*kinds, KINDS=["b"])
    registered = "embrittle/work.py", "return x", "return x + 1"
    assert not made_up(*registered, register=["another"])
    assert made_up(*registered, register=["counted"])


def test_a_module_handed_on_as_a_whole_counts_as_a_whole(made_up, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import embrittle.shapes as shapes\nprint(vars(shapes))\n")
    assert made_up("embrittle/shapes.py", "OTHER = 4", "OTHER = 5")


SCRIPTS = sorted(path.stem for path in SCRIPT_FOLDER.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_import_of_a_script_is_followed(script):
    """All that the script takes from the library by name was found in it."""
    found = code.reached(SCRIPT_FOLDER / f"{script}.py", LIBRARY)
    assert found
    for reference, statements in found.items():
        assert reference.name is None or not reference.name or statements, reference


# Loaded by every Python that starts with this file on its path: writes down which functions of the library are called.
TRACER = """
import atexit, os, sys
PACKAGE = "/src/embrittle/"
called = set()

def note(frame, event, argument):
    code = frame.f_code
    # Not the body of a class, nor a template.
    if event != "call" or PACKAGE not in code.co_filename or not code.co_flags & 1 or code.co_filename.endswith(".j2"):
        return
    name = code.co_filename, code.co_qualname.split(".")[0]
    while name not in called and not (frame.f_code.co_name == "<module>" and PACKAGE in frame.f_code.co_filename):
        frame = frame.f_back
        if frame is None:  # not while a module of the library is loaded, which says nothing
            called.add(name)

def write():
    script = os.path.basename(sys.argv[0]).partition(".")[2].removesuffix(".py")
    with open(os.path.join(os.path.dirname(__file__), f"{script}.{os.getpid()}.called"), "w") as file:
        file.writelines(f"{path} {name}\\n" for path, name in called)

sys.setprofile(note)
atexit.register(write)
"""
SMALL = {
    "table1": {"attacks": ["fgsm", "pgd"], "iterations": [1, 2]},
    "figure1": {"attacks": ["bim"], "iterations": [2]},
    "figure2": {"attacks": ["bim"], "iterations": 2, "epsilon": [0.5]},
    "figure3": {"datasets": ["shop"], "k": [1, 2], "attacks": ["fgsm"], "iterations": [1]},
    "fairness": {"attributes": ["item_popularity"], "attacks": ["bim"], "iterations": 2},
    "poster": {"datasets": ["shop"], "epsilon": [0.5], "noise_epsilon": [0.5]},
    "budgets": {
        "datasets": ["shop"],
        "attacks": ["fgsm", "pgd-l2"],
        "epsilon": [0.5],
        "iterations": 2,
    },
    "baselines": {
        "CDAE": {"epochs": 1},
        "IRGAN": {"epochs": 1, "pretraining": 1},
        "NeuMF": {"epochs": 1, "pretraining": 1},
    },
}


def test_every_function_that_runs_was_counted(tmp_path, monkeypatch):
    """The look at the text against the real thing: what Python calls in all jobs of a study."""
    traces = tmp_path / "traces"
    traces.mkdir()
    (traces / "sitecustomize.py").write_text(TRACER)
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(traces), *sys.path]))
    project.run(**SMALL)
    scripts = set()
    for trace in traces.glob("*.called"):
        script = trace.name.split(".")[0]
        if script not in SCRIPTS:
            continue  # Snakemake itself
        scripts.add(script)
        library = project.folder / "src"
        reached = code.reached(project.folder / "workflow" / "scripts" / f"{script}.py", library)
        for line in trace.read_text().splitlines():
            path, name = line.split()
            module = ".".join(Path(path).relative_to(library).with_suffix("").parts)
            module = module.removesuffix(".__init__")
            if module not in code.AROUND and not name.startswith("<"):
                assert (module, name) in reached, (script, line)
    assert scripts == {*SCRIPTS} - {"download_source"}
