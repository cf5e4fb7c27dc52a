"""The checked configuration of the study, and definitions shared by all rules. The logic is in `embrittle.study`.

Every cluster job evaluates this file again, so it imports nothing heavy.
"""

import os
import sys
from functools import cache

# The folder of this workflow, even if another workflow imports it as a module. Jobs import the library from there,
# whether it is installed or not, also in conda environments (--sdm conda).
HOME = Path(str(workflow.current_basedir)).parent
LIBRARY = str(Path(HOME, "src"))
sys.path[:0] = [LIBRARY, str(Path(HOME, "workflow"))]
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [LIBRARY, os.environ.get("PYTHONPATH")]))
)

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from embrittle import device, fingerprint
from embrittle.attacks import losses
from embrittle.certificates.threats import BUDGETS
from embrittle.errors import EmbrittleError
from embrittle.models import baselines, module_of
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import MODELS, require_packages
from embrittle.products.product import table_files
from embrittle.products.registry import PRODUCTS
from embrittle.study.jobs import jobs_of
from embrittle.study.paths import COMBINATION
from embrittle.study.resources import ClusterResources, memory_for_tables, table_minutes
from embrittle.study.settings import validate
from embrittle.study.study import Study
from embrittle.validation import read_yaml
from embrittle_workflow import terminal
from embrittle_workflow.scheduler import lift_submission_limit, limit_gpu_jobs

# --- The study ------------------------------------------------------------------------------------

# Stored now, because the functions below are called later, when Snakemake may have another modifier.
PLACE = workflow.modifier.path_modifier


def on_disk(path):
    """Return the path of a file on disk, with the prefix if another workflow imports this one with a prefix."""
    return str(PLACE.modify(path))


def checked_study():
    """Return the study; stop with a plain message if its configuration is invalid."""
    try:
        registry = read_yaml(Path(HOME, "config", "datasets.yaml"))
        study = Study(
            validate(config, registry),
            registry,
            published=str(Path(HOME, "resources", "published")),
            exists=lambda path: os.path.exists(on_disk(path)),
        )
        study.check_shown()
        study.check_own_files()
        return study
    except EmbrittleError as error:
        raise WorkflowError(f"The configuration is invalid:\n{error}") from None


STUDY = checked_study()
PATHS = STUDY.paths
JOBS = jobs_of(STUDY)
results, logs, benchmarks = PATHS.results, PATHS.logs, PATHS.benchmarks


def check_packages():
    """Stop before anything is trained if the study needs torch or another package that is not installed."""
    measured = dict.fromkeys(run.model for run in STUDY.measured_baselines)
    try:
        device.require_torch(
            STUDY.settings.device, [name for name in measured if BASELINES[name].torch]
        )
        require_packages(STUDY.settings.models)
    except EmbrittleError as error:
        raise WorkflowError(str(error)) from None
    if advice := device.idle_gpu_advice(STUDY.settings.device):
        logger.warning(advice)


# With --sdm conda, jobs run in envs/environment.yaml, which has torch.
OWN_SOFTWARE = (
    workflow.deployment_settings and workflow.deployment_settings.deployment_method
)
if workflow.is_main_process and not OWN_SOFTWARE:
    check_packages()

# --- Shared trainings ---------------------------------------------------------------------------------

# The folder of Snakemake's cache between workflows. Absolute, because results link to the files in it.
TRAININGS = Path(
    os.environ.setdefault(
        "SNAKEMAKE_OUTPUT_CACHE", str(Path("resources", "trainings").absolute())
    )
)

# --- Resources of jobs ------------------------------------------------------------------------------

# Values that rerun nothing: a job runs again if one of its parameters changes. The address or mirror that a file is
# fetched from and the time between two checkpoints do not change a result. Rules hand them to their scripts as resources,
# because a changed resource reruns no job, and Snakemake has no other place for a value that is computed here. The
# scheduler takes no notice: it ignores resources that are text, and numbers that nobody limits.

# Number of GPUs that a job on the configured device asks the scheduler for.
GPUS = 1 if device.resolve(STUDY.settings.device) == "cuda" else 0
if GPUS and device.cuda_device_count():
    limit_gpu_jobs(workflow, device.cuda_device_count())
RESOURCES = ClusterResources(STUDY, GPUS)
# Priority of all jobs up to the trained models: they run before the attacks, so that no core waits for a training.
EARLY = 1
# The attacks on a model and its unperturbed lists are short jobs, which a cluster runs as one submission.
ATTACKS_GROUP = "attacks-{dataset}-{model}-{seed}"
ENVIRONMENT = Path(HOME, "envs", "environment.yaml")
SCRIPTS = Path(HOME, "workflow", "scripts")
CAPTIONS = Path(HOME, "workflow", "report")


WHOLE_DATASET = r"[A-Za-z0-9][A-Za-z0-9_-]*"
DATASET = rf"{WHOLE_DATASET}(\.k\d+)?"
ATTACK = "|".join(re.escape(name) for name in STUDY.settings.attacks)


wildcard_constraints:
    dataset=DATASET,
    source=WHOLE_DATASET,
    k=r"[1-9]\d*",
    model="|".join(
        map(re.escape, (*MODELS, *STUDY.settings.embeddings, *STUDY.settings.controls))
    ),
    baseline="|".join(re.escape(name) for name in BASELINES),
    seed=r"\d+",
    epoch=r"\d+",
    attack=ATTACK,
    epsilon=r"[0-9.e+-]+",
    iterations=r"\d+",
    budget="|".join(BUDGETS),


@cache
def digest_of(script, *modules):
    """Return the digest of the code that decides the result of a script (`embrittle.fingerprint`)."""
    return fingerprint.digest(Path(SCRIPTS, f"{script}.py"), Path(LIBRARY), modules)


def code_of(script):
    """Return a rule's parameter `code`, which makes its jobs run again if code that decides their result changes."""
    return lambda wildcards: digest_of(script)


def params_of(rule):
    """Return the function from wildcards to the parameters of a rule."""
    return JOBS[rule].params


def reported(files, name, caption, category, labels=None):
    """Return the output files of a rule, with the file `name` marked for the Snakemake report."""
    marked = report(
        files[name],
        caption=str(Path(CAPTIONS, f"{caption}.rst")),
        category=category,
        labels=labels,
    )
    return {**files, name: marked}


def figure_files(name, dataset="{dataset}", caption="figure", label=None):
    """Return the files of a figure, one for each format, marked for the Snakemake report."""
    return report(
        STUDY.figures(dataset, name),
        caption=str(Path(CAPTIONS, f"{caption}.rst")),
        category="Figures",
        labels={"data set": dataset, "figure": label or name},
    )
