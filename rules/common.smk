"""The study: its checked configuration, where its files lie, and the functions that the rules share.

Every cluster job reads this again, so nothing heavy is imported here.
"""

import os

from snakemake.exceptions import WorkflowError

from embrittle import config as configuration
from embrittle import device
from embrittle.attacks import ATTACKS
from embrittle.baselines import BASELINES
from embrittle.errors import EmbrittleError
from embrittle.models import MODELS
from embrittle.schema import read_yaml

# --- The study --------------------------------------------------------------------------------


def checked_study():
    """The registry of data sets and the canonical configuration; a mistake stops with a plain message."""
    folder = Path(workflow.basedir, "config")
    try:
        registry = read_yaml(folder / "datasets.yaml")
        schema = read_yaml(folder / "schema.yaml")
        return registry, configuration.validate(config, schema, registry)
    except EmbrittleError as error:
        raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


REGISTRY, STUDY = checked_study()
# Sub-samples go through the stages under names of their own, as if they were data sets.
SAMPLES = configuration.samples(STUDY)
LIST_LENGTH = max(STUDY["evaluation"]["k"])
# What a job that may use a GPU asks the scheduler for. A job that is given one runs on it.
GPUS = 1 if device.resolve(STUDY["device"]) == "cuda" else 0
# Up to the trained models everything goes before the many attacks, so that no core waits for a training at the end.
EARLY = 1
ENVIRONMENT = Path(workflow.basedir, "envs", "environment.yaml")
# Jobs find the library beside the rules, also in an environment of their own (--sdm conda).
LIBRARY = str(Path(workflow.basedir, "workflow"))
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [LIBRARY, os.environ.get("PYTHONPATH")]))
)


WHOLE_DATASET = r"[A-Za-z0-9][A-Za-z0-9_-]*"


wildcard_constraints:
    dataset=rf"{WHOLE_DATASET}(\.k\d+)?",
    source=WHOLE_DATASET,
    k=r"[1-9]\d*",
    model="|".join(re.escape(name) for name in MODELS),
    baseline="|".join(re.escape(name) for name in BASELINES),
    seed=r"\d+",
    epoch=r"\d+",
    attack="|".join(re.escape(name) for name in STUDY["attacks"]),
    epsilon=r"[0-9.e+-]+",
    iterations=r"\d+",


# --- Where files lie ----------------------------------------------------------------------------


def results(path):
    """A path among this study's results."""
    return f"results/{STUDY['study']}/{path}"


def logs(path):
    """A path among this study's logs."""
    return results(f"logs/{path}.log")


def benchmarks(path):
    """A path among this study's records of time and memory."""
    return results(f"benchmarks/{path}.tsv")


def published(name):
    """The papers' own numbers."""
    return str(Path(workflow.basedir, "resources", "published", name))


def split_files(*parts):
    """The named files of a split, as keyword inputs or outputs; `statistics` tells the sizes."""
    ending = {"statistics": "json"}
    return {
        part: results(f"data/{{dataset}}/split/{part}.{ending.get(part, 'parquet')}")
        for part in parts
    }


PREPARED = {
    "interactions": "interactions.parquet",
    "user_table": "users.parquet",
    "item_table": "items.parquet",
}


def prepared_files(dataset="{dataset}"):
    """The files of a data set in the normal form, as keyword inputs or outputs."""
    return {
        name: results(f"data/{dataset}/prepared/{file}")
        for name, file in PREPARED.items()
    }


MODEL = results("models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/model.safetensors")
STATE = results("models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/state.safetensors")
CURVE = results("models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/curve.parquet")
RANDOM_LISTS = results("lists/{dataset}/Random/seed-{seed}/initial.parquet")
INITIAL_LISTS = results("lists/{dataset}/{model}/seed-{seed}/initial.parquet")
ATTACKED_LISTS = results(
    "lists/{dataset}/{model}/seed-{seed}/"
    "{attack}_epsilon-{epsilon}_iterations-{iterations}.parquet"
)
BASELINE_LISTS = results("lists/{dataset}/{baseline}/seed-{seed}/initial.parquet")
BASELINE_CURVE = results("models/{dataset}/{baseline}/seed-{seed}/curve.parquet")
METRICS = results("metrics/{dataset}/{model}/seed-{seed}.parquet")

# --- Data -----------------------------------------------------------------------------------------


def url_of(wildcards):
    """Where a source file is published."""
    entry = configuration.dataset_entry(STUDY, REGISTRY, wildcards.dataset)
    return next(
        source["url"] for source in entry["sources"] if source["file"] == wildcards.file
    )


def checksum_of(wildcards):
    """What a source file must be, with this study's mirror."""
    sources = configuration.reading_settings(STUDY, REGISTRY, wildcards.dataset)[
        "sources"
    ]
    return next(
        source["checksum"] for source in sources if source["file"] == wildcards.file
    )


def files_of(wildcards):
    """The files a data set is read from: downloads, or the user's own tables."""
    entry = configuration.dataset_entry(STUDY, REGISTRY, wildcards.dataset)
    downloads = [
        f"resources/downloads/{wildcards.dataset}/{source['file']}"
        for source in entry.get("sources", [])
    ]
    own = [entry["path"]] if "path" in entry else []
    own += [entry[table]["path"] for table in ("users", "items") if table in entry]
    return downloads + own


def titles():
    """What tables and figures call the data sets."""
    entries = {
        name: configuration.dataset_entry(STUDY, REGISTRY, name)
        for name in STUDY["datasets"]
    }
    return {name: entry.get("title", name) for name, entry in entries.items()}


# --- Models and lists ---------------------------------------------------------------------------


def kept_epochs(model):
    """Epochs at which a model's state is kept, ascending: the last, and where others may start from it.

    Also where no other model is trained in this study: leaving one out must not train this one again.
    """
    last, step = STUDY["training"]["epochs"], STUDY["training"]["evaluate_every"]
    starts = {
        STUDY[kind.section]["start_epoch"]
        for kind in MODELS.values()
        if kind.starts_from == model
    }
    return sorted(
        {last, *(start for start in starts if start < last and start % step == 0)}
    )


def start_of(wildcards):
    """The state a training goes on from: its own last one, or another model's; none at the beginning."""
    earlier = [
        epoch for epoch in kept_epochs(wildcards.model) if epoch < int(wildcards.epoch)
    ]
    kind = MODELS[wildcards.model]
    if earlier:
        model, epoch = wildcards.model, earlier[-1]
    elif kind.starts_from:
        model, epoch = kind.starts_from, STUDY[kind.section]["start_epoch"]
    else:
        return []
    return STATE.format(
        dataset=wildcards.dataset, model=model, seed=wildcards.seed, epoch=epoch
    )


def trained_model(wildcards):
    """The selected factors at the end of a model's training."""
    return MODEL.format(**wildcards, epoch=STUDY["training"]["epochs"])


# Every training of the study.
RUNS = [
    {
        "dataset": dataset,
        "model": model,
        "seed": seed,
        "epoch": STUDY["training"]["epochs"],
    }
    for dataset in STUDY["datasets"]
    for model in STUDY["models"]
    for seed in STUDY["seeds"]
]


def conditions_of(wildcards):
    """(attack, epsilon, iterations) of all lists of a model; the random recommender and baselines are not attacked."""
    attacked = wildcards.model in MODELS
    sections = configuration.sections_of(STUDY, wildcards.dataset) if attacked else ()
    return [("initial", "0", 0), *configuration.conditions(STUDY, sections)]


def lists_of(wildcards):
    """The lists of a model and seed, in the order of `conditions_of`."""
    attacked = [
        ATTACKED_LISTS.format(
            **wildcards, attack=attack, epsilon=epsilon, iterations=iterations
        )
        for attack, epsilon, iterations in conditions_of(wildcards)[1:]
    ]
    return [INITIAL_LISTS.format(**wildcards), *attacked]


# --- Tables and figures ---------------------------------------------------------------------------


def shown(section):
    """What a table or figure shows: its attacks, and whether each takes a single step; the length of the lists."""
    methods = {
        name: definition["method"] for name, definition in STUDY["attacks"].items()
    }
    attacks = {
        name: ATTACKS[methods[name]].single_step for name in STUDY[section]["attacks"]
    }
    return {"attacks": attacks, "k": STUDY["evaluation"]["k"][0]}


def shown_figures(section):
    """The figure itself, or nothing if it has no attacks to show."""
    return [section] if STUDY[section]["attacks"] else []


def table_notes():
    """What a reader of a table must be told about this study."""
    leaks = STUDY["training"]["selection"] == "best-on-test"
    return ["The attacked epoch was chosen on the test items."] if leaks else []


FIGURES = {
    "figure1": {
        **shown("figure1"),
        "epsilon": STUDY["figure1"]["epsilon"],
        "iterations": STUDY["figure1"]["iterations"],
    },
    "figure2": {
        **shown("figure2"),
        "epsilon": STUDY["figure2"]["epsilon"],
        "iterations": STUDY["figure2"]["iterations"],
    },
}
# Figure 2 has no epsilon of its own for its single-step line.
REFERENCES = {"figure1": {}, "figure2": {"fgsm_epsilon": STUDY["figure1"]["epsilon"]}}

# --- The APR poster -------------------------------------------------------------------------------

POSTER_DATASETS = configuration.poster_datasets(STUDY)
POSTER_RUNS = [run for run in RUNS if run["dataset"] in POSTER_DATASETS]
POSTER_METHODS = {
    name: STUDY["attacks"][name]["method"]
    for name in STUDY["poster"]["attacks"]
    if POSTER_DATASETS
}
POSTER_K = STUDY["evaluation"]["k"][0]
# The lists that an epoch was judged by have a length of their own.
CURVE_K = int(STUDY["training"]["criterion"].split("@")[1])


def poster_captions():
    """What the poster's tables tell their readers."""
    return {"titles": titles(), "notes": table_notes()}


# What each figure of the poster takes beside its curves.
POSTER_FIGURES = {
    "noise": {"methods": POSTER_METHODS, "k": POSTER_K},
    "training": {"k": CURVE_K},
}
