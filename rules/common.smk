"""The study behind the rules: its checked configuration, and what the rules share. Its logic is `embrittle.study`.

Every cluster job reads this again, so nothing heavy is imported here.
"""

import os
import sys
from functools import cache

# This workflow's own folder, also where another one imports it. Jobs find the library in it, installed or not, also in
# an environment of their own (--sdm conda).
HOME = Path(str(workflow.current_basedir)).parent
LIBRARY = str(Path(HOME, "src"))
sys.path.insert(0, LIBRARY)
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [LIBRARY, os.environ.get("PYTHONPATH")]))
)

from snakemake.exceptions import WorkflowError

from embrittle import device, fingerprint
from embrittle.data import readers
from embrittle.errors import EmbrittleError
from embrittle.models import baselines
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import MODELS
from embrittle.products.product import table_files
from embrittle.products.registry import PRODUCTS
from embrittle.study.jobs import jobs_of
from embrittle.study.paths import COMBINATION
from embrittle.study.resources import ClusterResources, memory_for_tables, table_minutes
from embrittle.study.settings import validate
from embrittle.study.study import Study
from embrittle.validation import read_yaml

# --- The study ------------------------------------------------------------------------------------

# Kept here, because the functions below are called when another file may be read.
PLACE = workflow.modifier.path_modifier


def on_disk(path):
    """Where a file lies: under the prefix, if another workflow imports this one with a prefix."""
    return str(PLACE.modify(path))


def checked_study():
    """The study; a mistake in its configuration stops with a plain message."""
    try:
        registry = read_yaml(Path(HOME, "config", "datasets.yaml"))
        study = Study(
            validate(config, registry),
            registry,
            published=str(Path(HOME, "resources", "published")),
            exists=lambda path: os.path.exists(on_disk(path)),
        )
        study.check_shown()
        return study
    except EmbrittleError as error:
        raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


STUDY = checked_study()
PATHS = STUDY.paths
JOBS = jobs_of(STUDY)
results, logs, benchmarks = PATHS.results, PATHS.logs, PATHS.benchmarks

# --- What jobs ask for ------------------------------------------------------------------------------

# What a job that may use a GPU asks the scheduler for. A job that is given one runs on it.
GPUS = 1 if device.resolve(STUDY.settings.device) == "cuda" else 0
# As many such jobs at once as there are GPUs, unless the user says otherwise (--resources gpu=...). Without a limit
# Snakemake would start as many as there are cores. On a cluster, where --jobs is given, the scheduler there counts.
if GPUS and workflow.is_main_process and workflow.resource_settings.nodes is None:
    if "gpu" not in workflow.global_resources and device.cuda_device_count():
        workflow.global_resources["gpu"] = device.cuda_device_count()
RESOURCES = ClusterResources(STUDY, GPUS)
# Up to the trained models everything goes before the many attacks, so that no core waits for a training at the end.
EARLY = 1
# The attacks of a model, and its list before them, are short jobs: a cluster takes many of them as one.
ATTACKS_GROUP = "attacks-{dataset}-{model}-{seed}"
ENVIRONMENT = Path(HOME, "envs", "environment.yaml")
SCRIPTS = Path(HOME, "workflow", "scripts")
CAPTIONS = Path(HOME, "workflow", "report")


WHOLE_DATASET = r"[A-Za-z0-9][A-Za-z0-9_-]*"
DATASET = rf"{WHOLE_DATASET}(\.k\d+)?"


wildcard_constraints:
    dataset=DATASET,
    source=WHOLE_DATASET,
    k=r"[1-9]\d*",
    model="|".join(re.escape(name) for name in MODELS),
    baseline="|".join(re.escape(name) for name in BASELINES),
    seed=r"\d+",
    epoch=r"\d+",
    attack="|".join(re.escape(name) for name in STUDY.settings.attacks),
    epsilon=r"[0-9.e+-]+",
    iterations=r"\d+",


@cache
def digest_of(script, *modules):
    """The code that decides the result of a script, as a number."""
    return fingerprint.digest(Path(SCRIPTS, f"{script}.py"), Path(LIBRARY), modules)


def code_of(script):
    """The parameter by which a rule's jobs run again when code that decides their result has changed."""
    return lambda wildcards: digest_of(script)


def params_of(rule):
    """The function of wildcards that gives the parameters of a rule."""
    return JOBS[rule].params


def reported(files, name, caption, category, labels=None):
    """Files of a rule, one of them for the Snakemake report."""
    marked = report(
        files[name],
        caption=str(Path(CAPTIONS, f"{caption}.rst")),
        category=category,
        labels=labels,
    )
    return {**files, name: marked}


def figure_files(name, dataset="{dataset}", caption="figure", label=None):
    """The files of a figure, one for each format, for the Snakemake report."""
    return report(
        STUDY.figures(dataset, name),
        caption=str(Path(CAPTIONS, f"{caption}.rst")),
        category="Figures",
        labels={"data set": dataset, "figure": label or name},
    )
