"""The study: its checked configuration, where its files lie, and the functions that the rules share.

Every cluster job reads this again, so nothing heavy is imported here.
"""

import json
import math
import os
import sys
from argparse import Namespace
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

from embrittle import device
from embrittle import fingerprint
from embrittle.study import missing
from embrittle.attacks.methods import ATTACKS
from embrittle.models.baselines import BASELINES
from embrittle.errors import EmbrittleError
from embrittle.models.registry import MODELS
from embrittle.study import settings as configuration
from embrittle.study.schema import read_yaml

# --- The study --------------------------------------------------------------------------------


def checked_study():
    """The registry of data sets and the canonical configuration; a mistake stops with a plain message."""
    folder = Path(HOME, "config")
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
# As many such jobs at once as there are GPUs, unless the user says otherwise (--resources gpu=...). Without a limit
# Snakemake would start as many as there are cores. On a cluster, where --jobs is given, the scheduler there counts.
if GPUS and workflow.is_main_process and workflow.resource_settings.nodes is None:
    if "gpu" not in workflow.global_resources and device.cuda_device_count():
        workflow.global_resources["gpu"] = device.cuda_device_count()
# Up to the trained models everything goes before the many attacks, so that no core waits for a training at the end.
EARLY = 1
ENVIRONMENT = Path(HOME, "envs", "environment.yaml")
SCRIPTS = Path(HOME, "workflow", "scripts")


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
    attack="|".join(re.escape(name) for name in STUDY["attacks"]),
    epsilon=r"[0-9.e+-]+",
    iterations=r"\d+",


# --- What decides a job's result, besides its input and its settings -------------------------------


@cache
def digest_of(script, *modules, **entries):
    """The code that decides the result of a script, with modules that it finds by their names, as a number."""
    path = Path(SCRIPTS, f"{script}.py")
    return fingerprint.digest(path, Path(LIBRARY), entries, modules)


def code_of(script):
    """The parameter by which a rule's jobs run again when code that decides their result has changed."""
    return lambda wildcards: digest_of(script)


# --- Where files lie ----------------------------------------------------------------------------

# Kept here, because the functions below are called when another file may be read.
PLACE = workflow.modifier.path_modifier


def on_disk(path):
    """Where a file lies: under the prefix, if another workflow imports this one with a prefix."""
    return str(PLACE.modify(path))


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
    return str(Path(HOME, "resources", "published", name))


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
COMBINATION = (
    "{dataset}/{model}/seed-{seed}/{attack}_epsilon-{epsilon}_iterations-{iterations}"
)
ATTACKED_LISTS = results(f"lists/{COMBINATION}.parquet")
PERTURBATION = results(f"perturbations/{COMBINATION}.safetensors")
BASELINE_LISTS = results("lists/{dataset}/{baseline}/seed-{seed}/initial.parquet")
BASELINE_CURVE = results("models/{dataset}/{baseline}/seed-{seed}/curve.parquet")
METRICS = results("metrics/{dataset}/{model}/seed-{seed}.parquet")
GROUPS = results("fairness/{dataset}/{model}/seed-{seed}/groups.parquet")
BUDGETS = results("budgets/{dataset}/{model}/seed-{seed}/{table}.parquet")
FAIRNESS = results("fairness/{dataset}/{model}/seed-{seed}/fairness.parquet")
USERS = results("users/{dataset}/{model}/seed-{seed}.parquet")

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
    # The user's own tables lie where the configuration says, not among what this workflow makes.
    return downloads + [local(path) for path in own]


def sources_of(dataset):
    """The files a data set is read from, as they lie on disk."""
    return [on_disk(file) for file in files_of(Namespace(dataset=dataset))]


def reader_of(dataset):
    """The name of the reader of a data set."""
    return configuration.dataset_entry(STUDY, REGISTRY, dataset)["reader"]


def titles():
    """What tables and figures call the data sets."""
    entries = {
        name: configuration.dataset_entry(STUDY, REGISTRY, name)
        for name in STUDY["datasets"]
    }
    return {name: entry.get("title", name) for name, entry in entries.items()}


def all_titles():
    """The same for every data set that there is, in this study or not."""
    return {name: entry.get("title", name) for name, entry in REGISTRY.items()}


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


def goes_on_from(model, epoch):
    """(model, epoch) of the state that a training goes on from: its own last one, or another model's; None at first."""
    earlier = [kept for kept in kept_epochs(model) if kept < epoch]
    kind = MODELS[model]
    if earlier:
        return model, earlier[-1]
    if kind.starts_from:
        return kind.starts_from, STUDY[kind.section]["start_epoch"]
    return None


def states_behind(run):
    """The states that a training goes through before its own end, the latest first."""
    place = goes_on_from(run["model"], int(run["epoch"]))
    while place:
        model, epoch = place
        yield STATE.format(**{**run, "model": model, "epoch": epoch})
        place = goes_on_from(model, epoch)


def start_of(wildcards):
    """The state a training goes on from, none at the beginning."""
    return next(states_behind(wildcards), [])


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
UNPERTURBED = ("initial", "0", 0)
# Every model that is measured; the random recommender is not trained.
MEASURED = [
    {"dataset": dataset, "model": model, "seed": seed}
    for dataset in STUDY["datasets"]
    for model in ["Random", *STUDY["models"]]
    for seed in STUDY["seeds"]
]
MEASURED_SAMPLES = [
    {"dataset": sample, "model": model, "seed": seed}
    for sample, _, _ in SAMPLES
    for model in STUDY["models"]
    for seed in configuration.sample_seeds(STUDY)
]
MEASURED_BASELINES = [
    {"dataset": dataset, "model": baseline, "seed": seed}
    for dataset in configuration.datasets_for(STUDY, "poster")
    for baseline in STUDY["poster"]["baselines"]
    for seed in STUDY["seeds"]
]
ALL_MEASURED = [*MEASURED, *MEASURED_SAMPLES, *MEASURED_BASELINES]


def conditions_of(run):
    """(attack, epsilon, iterations) of all lists of a model; the random recommender and baselines are not attacked."""
    attacked = run["model"] in MODELS
    sections = configuration.sections_of(STUDY, run["dataset"]) if attacked else ()
    return [UNPERTURBED, *configuration.conditions(STUDY, sections)]


def list_of(run, condition):
    """The lists of a model in one condition."""
    path = INITIAL_LISTS if condition == UNPERTURBED else ATTACKED_LISTS
    attack, epsilon, iterations = condition
    about = {"attack": attack, "epsilon": epsilon, "iterations": iterations}
    return path.format(**{**run, **about})


def lists_of(run, conditions):
    """The lists of a model in several conditions."""
    return [list_of(run, condition) for condition in conditions]


# --- What is missing --------------------------------------------------------------------------------
# With `missing: report` no model is trained and no attack run for lists that are not there: tables and figures show
# those that are, and what is missing is named.
GOES_WITHOUT = STUDY["missing"] == "report"


def basis_of(run):
    """Without these files, what lies there as lists of a model is not of this study: its data and its training."""
    data = results(f"data/{run['dataset']}/split/statistics.json")
    if (
        run["model"] not in MODELS
    ):  # the random recommender, or a baseline: no state is kept
        return [data]
    trained = {**run, "epoch": STUDY["training"]["epochs"]}
    return [data, MODEL.format(**trained), *states_behind(trained)]


@cache
def conditions_there(dataset, model, seed):
    """The conditions of a model whose lists are there."""
    run = {"dataset": dataset, "model": model, "seed": seed}
    if not all(os.path.exists(on_disk(file)) for file in basis_of(run)):
        return []
    return [c for c in conditions_of(run) if os.path.exists(on_disk(list_of(run, c)))]


def shown_conditions(run):
    """The conditions of a model that are measured: all, or with `missing: report` those whose lists are there."""
    return conditions_there(**run) if GOES_WITHOUT else conditions_of(run)


@cache
def grids_of(dataset, model, seed):
    """(attack, epsilon) -> the numbers of iterations in which a model is measured, ascending."""
    return configuration.grids(
        shown_conditions({"dataset": dataset, "model": model, "seed": seed})
    )


def iterations_before(wildcards):
    """The number of iterations that an attack continues from: the next smaller one of its grid, or 0.

    With `missing: report`, of those whose lists are there, so that a grid that has grown since runs no attack.
    """
    grids = grids_of(wildcards.dataset, wildcards.model, wildcards.seed)
    grid = grids.get((wildcards.attack, wildcards.epsilon), [])
    return max((L for L in grid if L < int(wildcards.iterations)), default=0)


def parent_perturbation(wildcards):
    """The perturbation that an attack continues from, none at the beginning."""
    before = iterations_before(wildcards)
    return PERTURBATION.format(**{**wildcards, "iterations": before}) if before else []


def last_combinations():
    """A pattern of the last combination of each grid of an attack in steps, as it stands in paths, from the data set on."""
    lasts = {}
    for dataset in [*STUDY["datasets"], *(sample for sample, _, _ in SAMPLES)]:
        sections = configuration.sections_of(STUDY, dataset)
        grids = configuration.grids(configuration.conditions(STUDY, sections))
        combinations = "|".join(
            re.escape(f"{attack}_epsilon-{epsilon}_iterations-{grid[-1]}.")
            for (attack, epsilon), grid in grids.items()
            if not ATTACKS[STUDY["attacks"][attack]["method"]].single_step
        )
        lasts.setdefault(combinations, []).append(re.escape(dataset))
    return "|".join(
        rf"(?:{'|'.join(datasets)})/[^/]+/seed-\d+/(?:{combinations})"
        for combinations, datasets in lasts.items()
        if combinations
    )


def shown_for(run, *sections):
    """The conditions of a model that some products need, among those that are measured."""
    needed = [UNPERTURBED, *configuration.conditions(STUDY, sections)]
    return [condition for condition in shown_conditions(run) if condition in needed]


def missing_of(runs):
    """What of several models is not measured: (data set, model, seed, attack, epsilon, iterations)."""
    found = []
    for run in runs if GOES_WITHOUT else []:
        there = set(shown_conditions(run))
        absent = [c for c in conditions_of(run) if c not in there]
        found += [(run["dataset"], run["model"], run["seed"], *c) for c in absent]
    return found


def fairness_of(path):
    """Files of all trained models, without the models of which nothing is there."""
    runs = [run for run in MEASURED if run["model"] != "Random"]
    return [path.format(**run) for run in runs if shown_for(run, "fairness")]


def users_there():
    """The models whose users are compared in the cells of Table 1, all that the study shows of them."""
    runs = [run for run in MEASURED if run["model"] != "Random"]
    shown = STUDY["table1"]["attacks"]
    return [run for run in runs if shown and shown_for(run, "table1")]


def metrics_of(runs):
    """The measures of several models, without the models of which nothing is there."""
    return [METRICS.format(**run) for run in runs if shown_conditions(run)]


def runs_there():
    """The trainings that are listed: all, or with `missing: report` those that are there."""
    return [
        run
        for run in RUNS
        if not GOES_WITHOUT or os.path.exists(on_disk(MODEL.format(**run)))
    ]


SAMPLES_SHOWN = [
    (sample, source, k)
    for sample, source, k in SAMPLES
    if metrics_of(run for run in MEASURED_SAMPLES if run["dataset"] == sample)
]
if not metrics_of(run for run in MEASURED if run["model"] != "Random"):
    raise WorkflowError(
        "missing: report makes tables and figures of the lists that are there, and of this study there are none. "
        "Run it without first."
    )


# --- What jobs ask a cluster for --------------------------------------------------------------------
# Functions of the size of the data and of the attempt: a job that was killed for memory or time is tried again with
# more (`retries` in profiles/slurm). They are what was measured, and room (docs/cluster.md). On one machine they limit
# nothing.

# The attacks of a model, and its list before them, are short jobs: a cluster takes many of them as one.
ATTACKS_GROUP = "attacks-{dataset}-{model}-{seed}"
# Whatever the job: two processes of Snakemake beside it, and Python's libraries.
LEAST_MB = 1000
# A process that uses CUDA has its libraries in the host's memory.
CUDA_MB = 3000 * GPUS


def sizes(input):
    """Millions of interactions of a split, and millions of pairs of a user and an item."""
    try:
        statistics = json.loads(Path(input.statistics).read_text(encoding="utf-8"))
    except ValueError:  # damaged, which the job will say
        return 0.0, 0.0
    return statistics["n_interactions"] / 1e6, statistics["size"] / 1e6


def memory_for_tables(mb_per_mb):
    """Megabytes of a job that has whole tables in memory, by the size of its files."""

    def mem_mb(wildcards, input, attempt):
        return attempt * math.ceil(LEAST_MB + mb_per_mb * input.size_mb)

    return mem_mb


def table_minutes(wildcards, input, attempt):
    """Minutes of a job that reads and writes tables."""
    return attempt * math.ceil(5 + input.size_mb / 20)


def model_memory(wildcards, input, attempt):
    """Megabytes of a job with a split and a model in memory."""
    interactions, _ = sizes(input)
    return attempt * math.ceil(LEAST_MB + CUDA_MB + 80 * interactions)


def training_minutes(wildcards, input, attempt):
    """Minutes of a training up to an epoch, as if it started at the first."""
    interactions, pairs = sizes(input)
    epochs = int(wildcards.epoch)
    evaluations = epochs / STUDY["training"]["evaluate_every"]
    seconds = 0.5 * interactions * epochs + 0.015 * pairs * evaluations
    return attempt * math.ceil(5 + seconds / 60)


def baseline_minutes(wildcards, input, attempt):
    """Minutes of a baseline: what a neural one takes on a CPU, with room."""
    interactions, _ = sizes(input)
    return attempt * math.ceil(30 + 600 * interactions)


def attack_minutes(wildcards, input, attempt):
    """Minutes of making lists: the steps that this job of an attack takes, if it is one, and the listing."""
    interactions, pairs = sizes(input)
    steps = 0
    if wildcards.get("attack"):
        steps = int(wildcards.iterations) - iterations_before(wildcards)
    seconds = 60 + 0.25 * interactions * steps + 0.02 * pairs
    return attempt * math.ceil(seconds / 60)


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


def table_notes(runs):
    """What a reader of a table must be told about this study, and what is missing of these models."""
    leaks = STUDY["training"]["selection"] == "best-on-test"
    notes = ["The attacked epoch was chosen on the test items."] if leaks else []
    return notes + missing.notes(missing_of(runs))


# Between which groups fairness is measured; none, and Tables 2 and 3 are not made.
ATTRIBUTES = STUDY["fairness"]["attributes"]
FAIRNESS_TABLES = {
    "cells": {
        "k": STUDY["evaluation"]["k"][0],
        "attacks": STUDY["fairness"]["attacks"],
        "attributes": ATTRIBUTES,
        "seeds": STUDY["seeds"],
    },
    "caption": {
        "k": STUDY["evaluation"]["k"][0],
        **{
            key: STUDY["fairness"][key]
            for key in ("epsilon", "iterations", "attributes", "item_value", "gce")
        },
        "distributions": {
            name: STUDY["attributes"][name]["distributions"] for name in ATTRIBUTES
        },
        "notes": table_notes(run for run in MEASURED if run["model"] != "Random"),
    },
    "titles": titles(),
}
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

POSTER_DATASETS = configuration.datasets_for(STUDY, "poster")
POSTER_RUNS = [run for run in runs_there() if run["dataset"] in POSTER_DATASETS]
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
    return {"titles": titles(), "notes": table_notes([*MEASURED, *MEASURED_BASELINES])}


# What each figure of the poster takes beside its curves.
POSTER_FIGURES = {
    "noise": {"methods": POSTER_METHODS, "k": POSTER_K},
    "training": {"k": CURVE_K},
}

# --- Equal budgets --------------------------------------------------------------------------------

BUDGET_DATASETS = configuration.datasets_for(STUDY, "budgets")
BUDGET_METHODS = {
    name: STUDY["attacks"][name]["method"]
    for name in STUDY["budgets"]["attacks"]
    if BUDGET_DATASETS
}
# What tables and figure agree on.
BUDGETS_AT = {
    "iterations": STUDY["budgets"]["iterations"],
    "k": STUDY["evaluation"]["k"][0],
}
BUDGETS_AGAINST = {name: STUDY["budgets"][name] for name in ("reference", "compare_at")}


def budgets_of(table):
    """One of the files of all models whose budgets are compared, without the models of which nothing is there."""
    runs = [run for run in RUNS if run["dataset"] in BUDGET_DATASETS]
    shown = [{name: run[name] for name in ("dataset", "model", "seed")} for run in runs]
    return [
        BUDGETS.format(**run, table=table) for run in shown if shown_for(run, "budgets")
    ]


# --- The verdict ------------------------------------------------------------------------------------

REGISTER = {
    "register": published("claims.yaml"),
    "register_schema": published("claims.schema.yaml"),
}


# The papers' tables that the claims are judged beside.
PUBLISHED = (
    *("table1", "figures_1_2", "table2", "table3"),
    *("characteristics", "apr_performance", "apr_robustness"),
)
# The parts of the configuration that the tests of claims look at.
JUDGED_BY = ("datasets", "evaluation", "table1", "figure1", "figure3")
TEMPLATES = Path(LIBRARY, "embrittle", "page", "templates")


def tables_shown():
    """The tables of this study that its page shows beside the published ones."""
    made = {
        "table1": STUDY["table1"]["attacks"],
        "table2": ATTRIBUTES,
        "table3": ATTRIBUTES,
    }
    files = {
        f"{table}_{form}": results(f"tables/{table}_{form}.csv")
        for table, there in made.items()
        if there
        for form in ("seeds", "comparison")
    }
    if POSTER_DATASETS:
        for table in ("robustness", "accuracy"):
            files[table] = results(f"tables/{table}.csv")
    return files


def budgets_shown():
    """What the page shows of the attacks at equal norms."""
    tables = {
        "points": "table_budgets",
        "matched": "budgets_matched",
        "shares": "budgets_shares",
    }
    return {
        f"budgets_{part}": results(f"tables/{table}.csv")
        for part, table in tables.items()
        if BUDGET_DATASETS
    }


def results_of_others():
    """What the page needs of each study to compare with, as far as it is there."""
    names = {
        "claims": "claims.csv",
        "cases": "claims_cases.csv",
        "record": "provenance.json",
    }
    there = [
        f"results/{study}"
        for study in STUDY["verdict"]["compare"]
        if all(
            os.path.exists(on_disk(f"results/{study}/{file}"))
            for file in names.values()
        )
    ]
    return {
        f"other_{name}": [f"{folder}/{file}" for folder in there]
        for name, file in names.items()
    }


def settings_unlike_the_papers():
    """Settings that decide results and are not the papers', each as a line."""
    papers = configuration.validate(
        {key: STUDY[key] for key in ("datasets", "own_datasets")},
        read_yaml(Path(HOME, "config", "schema.yaml")),
        REGISTRY,
    )
    sections = ("split", "training", "adversarial_training", "evaluation", "table1")
    apart = ("checkpoint_seconds", "attacks")  # of no consequence; said by the tables
    return [
        f"{section}.{key}: {value} (the papers: {papers[section][key]})"
        for section in sections
        for key, value in STUDY[section].items()
        if key not in apart and value != papers[section][key]
    ]
