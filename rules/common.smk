"""The study: its checked configuration, and where its files lie. Nothing heavy is imported here."""

from snakemake.exceptions import WorkflowError

from embrittle import config as configuration
from embrittle import device
from embrittle.attacks import ATTACKS
from embrittle.errors import EmbrittleError
from embrittle.models import MODELS


def checked_study():
    """The registry of data sets and the canonical configuration; a mistake stops Snakemake with a plain message."""
    folder = Path(workflow.basedir) / "config"
    try:
        registry = configuration.read_yaml(folder / "datasets.yaml")
        schema = configuration.read_yaml(folder / "schema.yaml")
        return registry, configuration.validate(config, schema, registry)
    except EmbrittleError as error:
        raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


REGISTRY, STUDY = checked_study()
# What a training or attack asks the scheduler for. A job that is given a GPU runs on it.
GPUS = 1 if device.resolve(STUDY["device"]) == "cuda" else 0
LIST_LENGTH = max(STUDY["evaluation"]["k"])
CONDITIONS = configuration.conditions(STUDY)


wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    model="|".join(re.escape(name) for name in [*MODELS, "Random"]),
    seed=r"\d+",
    epoch=r"\d+",
    attack="|".join(re.escape(name) for name in STUDY["attacks"]),
    epsilon=r"[0-9.e+-]+",
    iterations=r"\d+",


def results(path):
    """A path among this study's results."""
    return f"results/{STUDY['study']}/{path}"


def logs(path):
    """A path among this study's logs."""
    return results(f"logs/{path}.log")


def benchmarks(path):
    """A path among this study's time and memory records."""
    return results(f"benchmarks/{path}.tsv")


def split_files(*parts):
    """The named files of a split, as keyword inputs; `statistics` tells the sizes."""
    suffix = {"statistics": "json"}
    return {
        part: results(f"data/{{dataset}}/split/{part}.{suffix.get(part, 'parquet')}")
        for part in parts
    }
