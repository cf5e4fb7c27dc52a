"""The configuration of a study: checked, completed with defaults, cut into the settings of a stage.

`validate` turns what a user wrote (config/config.yaml with further files merged over it) into the
canonical configuration: every key present, whole numbers int, other numbers float, lists in the
order given. The other functions take a canonical configuration. The keys are described in
config/README.md, their types, ranges and defaults in config/schema.yaml.

This module is imported whenever the Snakefile is parsed, so it imports nothing heavy.
"""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import Attack
from embrittle.data.formats import FORMATS
from embrittle.errors import ConfigError
from embrittle.models.baselines import BASELINES, option_schema
from embrittle.models.registry import MODELS
from embrittle.study.schema import (
    KeyPath,
    Problems,
    canonical_form,
    check_duplicates,
    check_structure,
    number_text,
    plain_copy,
    suggestion,
    with_numbers,
)

SECTIONS = ("table1", "fairness", "figure1", "figure2")
"""The products that say which attacks are to be run on whole data sets."""
SAMPLE_SECTIONS = ("figure3",)
"""The same for sub-samples."""
POSTER_SECTION, BUDGETS_SECTION = "poster", "budgets"
NAMING_SECTIONS = (POSTER_SECTION, BUDGETS_SECTION)
"""The same for the data sets that they name."""


# Settings of a training that came later, at the values that leave a result as it was before they came: they are not
# handed over, so that no training that is there runs again for them.
_LEAVES_AS_IT_WAS = {"criterion": "HR@10", "restart_accumulators": False}

# results/benchmarks/ is the benchmark's. In metrics and figures "initial" is the unperturbed model,
# "random" the random recommender.
_RESERVED_STUDIES = ("benchmarks",)
_RESERVED_ATTACKS = ("initial", "random")

# The keys of an entry that a reader looks at.
_READING_KEYS = (
    *("reader", "path", "columns", "duplicates", "users", "items"),
    *("at_least", "counts"),
)


# --- The settings of each stage ------------------------------------------------------------------


def conditions(config: Mapping, sections: Iterable[str] = SECTIONS) -> list[tuple[str, str, int]]:
    """Return the attacks that `sections` need: sorted, distinct (attack, epsilon text, iterations).

    A single-step method takes one iteration at the fixed epsilon of its section. Figure 2 has no
    fixed epsilon: its single-step reference line is Figure 1's.
    """
    needed: set[tuple[str, float, int]] = set()
    for section in sections:
        for attack in config[section]["attacks"]:
            needed.update(_section_conditions(config, section, attack))
    return [
        (attack, number_text(epsilon), iterations) for attack, epsilon, iterations in sorted(needed)
    ]


def grids(needed: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], list[int]]:
    """Group conditions: (attack, epsilon) -> the numbers of iterations, ascending.

    The job of each number continues from the perturbation that the job of the one before it left.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for attack, epsilon, iterations in sorted(needed, key=lambda condition: condition[2]):
        found.setdefault((attack, epsilon), []).append(iterations)
    return found


def _section_conditions(
    config: Mapping, section: str, attack: str
) -> Iterator[tuple[str, float, int]]:
    settings = config[section]
    if section == "fairness" and not settings["attributes"]:
        return
    if section == POSTER_SECTION:  # single steps alone, see _check_poster
        for epsilon in (*settings["epsilon"], *settings["noise_epsilon"]):
            yield attack, epsilon, 1
    elif section == BUDGETS_SECTION:
        yield from _budgets_conditions(config, attack)
    elif _is_single_step(config, attack):
        fixed = config["figure1"] if section == "figure2" else settings
        yield attack, fixed["epsilon"], 1
    elif section == "figure2":
        for epsilon in settings["epsilon"]:
            yield attack, epsilon, settings["iterations"]
    elif section == "fairness":
        yield attack, settings["epsilon"], settings["iterations"]
    else:
        for iterations in settings["iterations"]:
            yield attack, settings["epsilon"], iterations


def _budgets_conditions(config: Mapping, attack: str) -> Iterator[tuple[str, float, int]]:
    """Yield a curve over epsilon and, of element-wise clipped attacks, one over iterations."""
    settings = config[BUDGETS_SECTION]
    clipped = norm_of(config, attack) == "linf"
    steps = 1 if _is_single_step(config, attack) else settings["iterations"]
    grid = settings["epsilon_linf"] if clipped else settings["epsilon"]
    for epsilon in (*grid, settings["compare_at"]):
        yield attack, epsilon, steps
    for iterations in settings["over_iterations"] if clipped else ():
        yield attack, settings["compare_at"], iterations


def _is_single_step(config: Mapping, attack: str) -> bool:
    return ATTACKS[config["attacks"][attack]["method"]].single_step


def norm_of(config: Mapping, attack: str) -> str:
    """Return the norm that an attack's epsilon is stated in: linf, or l2 as of all single steps."""
    return config["attacks"][attack].get("norm", "l2")


def attack_settings(config: Mapping, attack: str) -> dict[str, Any]:
    """Return the definition of `attack`: its method and the options of that method.

    Raises ConfigError for an unknown attack.
    """
    if attack not in config["attacks"]:
        raise ConfigError(f"unknown attack {attack!r}{suggestion(attack, config['attacks'])}")
    return dict(config["attacks"][attack])


def training_settings(config: Mapping, model: str) -> dict[str, Any]:
    """Return what decides the result of training `model`, and no more: `training.TrainingSettings`.

    The number of epochs and the state a training starts from are not among it: they are in the
    paths of its files; nor is how often it is written down on the way. Raises ConfigError for an unknown model.
    """
    if model not in MODELS:
        raise ConfigError(f"unknown model {model!r}{suggestion(model, MODELS)}")
    apart = ("epochs", "checkpoint_seconds")
    settings = {key: value for key, value in config["training"].items() if key not in apart}
    if section := MODELS[model].section:
        settings["adversarial_epsilon"] = config[section]["epsilon"]
        settings["adversarial_weight"] = config[section]["lambda"]
        settings["restart_accumulators"] = config[section]["restart_accumulators"]
    unchanged = [key for key, value in _LEAVES_AS_IT_WAS.items() if settings.get(key) == value]
    return {"model": model, **{k: v for k, v in settings.items() if k not in unchanged}}


def split_settings(config: Mapping, registry: Mapping, name: str) -> dict[str, Any]:
    """Return how data set `name` is split: `method`, `validation` (bool) and `seed`.

    `registry` as a method is resolved to what the data set's entry says. The seed is 0 where
    nothing is drawn, so that changing it leaves such a split as it is. Raises ConfigError for an
    unknown data set.
    """
    method = config["split"]["method"]
    if method == "registry":
        method = dataset_entry(config, registry, name)["split"]
    validation = config["training"]["selection"] == "best-on-validation"
    draws = method == "random" or (method == "published" and validation)
    seed = config["split"]["seed"] if draws else 0
    return {"method": method, "validation": validation, "seed": seed}


def reading_settings(config: Mapping, registry: Mapping, name: str) -> dict[str, Any]:
    """Return the part of data set `name`'s entry that decides what is read from its files.

    Of its sources, these are names and checksums: the same file from elsewhere is the same file.
    With a mirror, `mirror.checksums` stand in place of the registry's. Raises ConfigError for an
    unknown data set.
    """
    entry = dataset_entry(config, registry, name)
    settings = {key: entry[key] for key in _READING_KEYS if key in entry}
    if "sources" in entry:
        accepted = config["mirror"]["checksums"] if config["mirror"]["folder"] else {}
        settings["sources"] = [
            {"file": source["file"], "checksum": accepted.get(source["file"], source["checksum"])}
            for source in entry["sources"]
        ]
    return settings


def fairness_settings(config: Mapping, registry: Mapping, name: str) -> dict[str, Any]:
    """Return how fairness is measured on data set `name`: `evaluation.evaluate_fairness`.

    `attributes` are the definitions of the attributes asked for, in that order. Raises ConfigError
    for an unknown data set.
    """
    wanted = config["fairness"]
    return {
        "attributes": {name: config["attributes"][name] for name in wanted["attributes"]},
        "relevance": dataset_entry(config, registry, name).get("relevance", "binary"),
        "item_value": wanted["item_value"],
        "gce": wanted["gce"],
    }


def sample_name(dataset: str, k: int) -> str:
    """Return the name of a sub-sample, which goes through all stages like a data set."""
    return f"{dataset}.k{k}"


def source_name(dataset: str) -> str:
    """Return the data set that a sub-sample was taken from; a whole data set is its own source."""
    return dataset.split(".k")[0]  # a data set's own name has no point


def samples(config: Mapping) -> list[tuple[str, str, int]]:
    """Return the sub-samples that Figure 3 is wanted for: (name, data set it is taken from, k)."""
    return [
        (sample_name(dataset, k), dataset, k)
        for dataset in config["datasets"]
        if dataset in config["figure3"]["datasets"]
        for k in config["figure3"]["k"]
    ]


def sample_seeds(config: Mapping) -> list[int]:
    """Return the seeds of the models that are trained on sub-samples."""
    return config["figure3"]["seeds"] or config["seeds"]


def sections_of(config: Mapping, dataset: str) -> tuple[str, ...]:
    """Return the products that a data set or sub-sample is for."""
    if source_name(dataset) != dataset:
        return SAMPLE_SECTIONS
    naming = [name for name in NAMING_SECTIONS if dataset in datasets_for(config, name)]
    return (*SECTIONS, *naming)


def datasets_for(config: Mapping, section: str) -> list[str]:
    """Return the data sets that the products of a section that names its own are wanted for."""
    return [name for name in config["datasets"] if name in config[section]["datasets"]]


def baseline_settings(config: Mapping, baseline: str) -> dict[str, Any]:
    """Return what decides the result of training `baseline`: `baselines.training.train_baseline`.

    Raises ConfigError for an unknown baseline.
    """
    if baseline not in BASELINES:
        raise ConfigError(f"unknown baseline {baseline!r}{suggestion(baseline, BASELINES)}")
    chosen = {key: config["training"][key] for key in ("selection", "criterion")}
    return {"options": dict(config["baselines"][baseline]), **chosen}


def dataset_entry(config: Mapping, registry: Mapping, name: str) -> dict[str, Any]:
    """Return a copy of the entry of data set `name`, the user's own or the registry's.

    A sub-sample has the entry of the data set it was taken from.

    Raises ConfigError for an unknown data set.
    """
    name = source_name(name)
    for entries in (config["own_datasets"], registry):
        if name in entries:
            return copy.deepcopy(dict(entries[name]))
    known = [*registry, *config["own_datasets"]]
    raise ConfigError(f"unknown data set {name!r}{suggestion(name, known)}")


# --- Validation ----------------------------------------------------------------------------------


def validate(config: Mapping, schema: Mapping, registry: Mapping) -> dict[str, Any]:
    """Return the canonical form of `config`: a new dictionary with the defaults of `schema`.

    `schema` is config/schema.yaml, `registry` config/datasets.yaml, which is checked as well.
    Raises ConfigError with all problems found, one a line, each starting with its dotted path.
    """
    problems = Problems()
    schema = _with_baseline_options(_with_attack_options(schema))
    registry = _checked_registry(registry, schema, problems)
    plain = with_numbers(plain_copy(config, (), problems), schema)
    check_structure(plain, schema, schema, problems)
    check_duplicates(plain, (), problems, except_below=("distributions",))
    canonical = canonical_form(plain, schema, schema, problems.paths, ())
    _check_names(canonical, problems)
    _check_datasets(canonical, registry, problems)
    _check_mirror(canonical, registry, problems)
    _check_training(canonical, problems)
    _check_attacks(canonical, problems)
    _check_attributes(canonical, registry, problems)
    _check_products(canonical, problems)
    _check_poster(canonical, problems)
    _check_budgets(canonical, problems)
    _check_colours(canonical, problems)
    if problems.lines:
        raise ConfigError("\n".join(problems.lines))
    return canonical


def _with_attack_options(schema: Mapping) -> dict[str, Any]:
    """Return `schema` with the options of all attack methods; those not in it are any number.

    So a further attack is a function in `embrittle.attacks`, and nothing else.
    """
    schema = copy.deepcopy(dict(schema))
    allowed = schema["properties"]["attacks"]["additionalProperties"]["properties"]
    for method in ATTACKS.values():
        for option in method.options:
            allowed.setdefault(option, {"type": "number"})
    return schema


def _with_baseline_options(schema: Mapping) -> dict[str, Any]:
    """Return `schema` with all baselines and their options, so that a further one is an entry in `BASELINES` alone."""
    schema = copy.deepcopy(dict(schema))
    for name, baseline in BASELINES.items():
        options = {
            option: {"default": default, **option_schema(option, default)}
            for option, default in baseline.options.items()
        }
        schema["properties"]["baselines"]["properties"][name] = {
            "type": "object",
            "default": {},
            "additionalProperties": False,
            "properties": options,
        }
    return schema


def _checked_registry(registry: Mapping, schema: Mapping, problems: Problems) -> dict[str, Any]:
    """Return the registry in canonical form without what is wrong in it; add that to `problems`."""
    found = Problems(file="config/datasets.yaml: ")
    registry_schema = schema["properties"]["own_datasets"]
    plain = plain_copy(registry, (), found)
    check_structure(plain, registry_schema, schema, found)
    check_duplicates(plain, (), found)
    canonical = canonical_form(plain, registry_schema, schema, found.paths, ())
    for name, entry in canonical.items():
        _check_entry(entry, (name,), found)
    problems.lines.extend(found.lines)
    return canonical


# --- Checks that need more than one key ----------------------------------------------------------
# They see a canonical configuration without the values that are wrong in themselves: any key may be
# missing.


def _value(config: Mapping, dotted: str) -> Any:
    """Return the value at a dotted path, None where it is missing."""
    for key in dotted.split("."):
        if key not in config:
            return None
        config = config[key]
    return config


def _check_names(config: Mapping, problems: Problems) -> None:
    study = config.get("study")
    if study in _RESERVED_STUDIES:
        problems.add(("study",), f"the name {study!r} is reserved: choose another")
    for i, model in enumerate(config.get("models", [])):
        if model == "Random":
            message = "the random recommender is always there as a reference: leave it out"
            problems.add(("models", i), message)
        elif model not in MODELS:
            problems.add(("models", i), f"unknown model {model!r}{suggestion(model, MODELS)}")


def _check_datasets(config: Mapping, registry: Mapping, problems: Problems) -> None:
    own = config.get("own_datasets", {})
    for name, entry in own.items():
        if name in registry:
            message = f"the registry has a data set {name!r} already: choose another name"
            problems.add(("own_datasets", name), message)
        _check_entry(entry, ("own_datasets", name), problems)
    entries = {**registry, **own}
    # Names whose entries are wrong are known, only not usable.
    known = {
        *entries,
        *(path[1] for path in problems.paths if path[:1] == ("own_datasets",) and path[1:]),
    }
    method = _value(config, "split.method")
    for section in (*SAMPLE_SECTIONS, *NAMING_SECTIONS):
        for i, name in enumerate(_value(config, f"{section}.datasets") or []):
            if name not in known:
                message = f"unknown data set {name!r}{suggestion(name, entries)}"
                problems.add((section, "datasets", i), message)
    for i, name in enumerate(config.get("datasets", [])):
        if name not in known:
            message = f"unknown data set {name!r}{suggestion(name, entries)}"
            problems.add(("datasets", i), message)
        elif name in entries and method not in (None, "registry"):
            reason = _impossible_split(entries[name], method)
            if reason:
                problems.add(("split", "method"), f"data set {name!r} {reason}")


def _check_entry(entry: Mapping, path: KeyPath, problems: Problems) -> None:
    """Check a data set: its reader is known and finds what it needs; its split is possible."""
    reader = entry.get("reader")
    if reader is None:
        return
    if reader not in FORMATS:
        message = f"unknown reader {reader!r}{suggestion(reader, FORMATS)}"
        problems.add((*path, "reader"), message)
        return
    needed = ["sources"] if FORMATS[reader].sources else []
    for key in ["path", "columns"] if reader == "table" else needed:
        if key not in entry:
            problems.add((*path, key), f"this key is missing: the reader {reader!r} needs it")
    _check_mapping(entry.get("columns", {}), (*path, "columns"), problems)
    if "split" in entry and (*path, "columns", "timestamp") not in problems.paths:
        reason = _impossible_split(entry, entry["split"])
        if reason:
            problems.add((*path, "split"), f"this data set {reason}")


def _check_mapping(columns: Mapping, path: KeyPath, problems: Problems) -> None:
    mapped: dict[str, str] = {}
    for role, column in columns.items():
        if column in mapped:
            message = f"column {column!r} is mapped to {mapped[column]} already"
            problems.add((*path, role), message)
        mapped[column] = role


def _impossible_split(entry: Mapping, method: str) -> str | None:
    """Say why the data set of `entry` cannot be split by `method`, None if it can."""
    reader = FORMATS.get(entry.get("reader", ""))
    if reader is None:
        return None
    if method == "published" and not reader.published_split:
        return "has no published split: choose last or random"
    if method == "last" and not _has_timestamps(entry):
        others = "random or published" if reader.published_split else "random"
        mapping = ", or map columns.timestamp" if entry["reader"] == "table" else ""
        return f"has no timestamps, so no last interaction: choose {others}{mapping}"
    return None


def _has_timestamps(entry: Mapping) -> bool:
    if entry["reader"] == "table":
        # A mapping that is wrong in itself is reported as such.
        return "timestamp" in entry.get("columns", {"timestamp": None})
    return FORMATS[entry["reader"]].timestamps


def _check_mirror(config: Mapping, registry: Mapping, problems: Problems) -> None:
    entries = [*registry.values(), *config.get("own_datasets", {}).values()]
    files = [
        source["file"]
        for entry in entries
        for source in entry.get("sources", [])
        if "file" in source
    ]
    for name in _value(config, "mirror.checksums") or {}:
        if name not in files:
            message = f"no data set has a source file {name!r}{suggestion(name, files)}"
            problems.add(("mirror", "checksums", name), message)


def _check_training(config: Mapping, problems: Problems) -> None:
    epochs = _value(config, "training.epochs")
    every = _value(config, "training.evaluate_every")
    if epochs is None:
        return
    if every is not None and every > epochs:
        message = f"{every} is more than the {epochs} epochs of training: choose at most {epochs}"
        problems.add(("training", "evaluate_every"), message)
    for model in config.get("models", []):
        section = MODELS[model].section if model in MODELS else None
        start = config.get(section, {}).get("start_epoch")
        if start is not None and start >= epochs:
            message = (
                f"{model}'s start, {start}, must come before its end, training.epochs: {epochs}"
            )
            problems.add((section, "start_epoch"), message)
        elif start is not None and every is not None and every <= epochs and start % every != 0:
            message = (
                f"{start} is not a multiple of training.evaluate_every, {every}: only an epoch that "
                "is evaluated can be the start of another model"
            )
            problems.add((section, "start_epoch"), message)


def _check_attacks(config: Mapping, problems: Problems) -> None:
    """Check the definitions of the attacks and give each the defaults of its method."""
    for name, definition in config.get("attacks", {}).items():
        path = ("attacks", name)
        if name in _RESERVED_ATTACKS:
            problems.add(path, f"the name {name!r} is reserved: choose another")
        if "method" not in definition:
            continue
        method = ATTACKS.get(definition["method"])
        if method is None:
            message = f"unknown attack method {definition['method']!r}"
            hint = suggestion(definition["method"], ATTACKS)
            problems.add((*path, "method"), message + hint)
            continue
        for key in sorted(definition.keys() - method.options.keys() - {"method"}):
            takes = ", ".join(method.options) or "none"
            message = f"the method {definition['method']} takes no {key} (its options: {takes})"
            problems.add((*path, key), message)
        for key, default in method.options.items():
            definition.setdefault(key, default)


def _check_attributes(config: Mapping, registry: Mapping, problems: Problems) -> None:
    """Check that each attribute defines groups, and that the fair distributions are over them."""
    entries = [*registry.values(), *config.get("own_datasets", {}).values()]
    for name, definition in config.get("attributes", {}).items():
        path = ("attributes", name)
        if not {"column", "quantiles"} & definition.keys():
            message = "give quantiles (of training interactions), a column, or both"
            problems.add((*path, "quantiles"), message)
        elif "column" in definition and "of" in definition:
            _check_column(definition["column"], definition["of"], entries, path, problems)
        if "groups" in definition and "quantiles" in definition:
            problems.add((*path, "groups"), "quantiles make the groups: give one of the two")
        n_groups = definition.get("quantiles") or len(definition.get("groups", []))
        for fair, shares in definition.get("distributions", {}).items():
            place = (*path, "distributions", fair)
            if fair == "f0":
                problems.add(place, "f0 is the uniform distribution, which is always there")
            elif n_groups == 0:
                problems.add(place, "say which groups the shares are of: give groups as well")
            elif len(shares) != n_groups:
                problems.add(place, f"{len(shares)} shares for {n_groups} groups")
            elif not math.isclose(sum(shares), 1, abs_tol=1e-6):
                problems.add(place, f"the shares sum to {sum(shares):g}, not to 1")
    defined = config.get("attributes", {})
    for i, name in enumerate(_value(config, "fairness.attributes") or []):
        if "attributes" in config and name not in defined and not _is_wrong(problems, name):
            message = f"unknown attribute {name!r}{suggestion(name, defined)}"
            problems.add(("fairness", "attributes", i), message)
    if _value(config, "fairness.gce.beta") in (0, 1):
        problems.add(
            ("fairness", "gce", "beta"), "0 and 1 are other formulas: choose another, such as 2"
        )


def _check_column(
    column: str, of: str, entries: Iterable[Mapping], path: KeyPath, problems: Problems
) -> None:
    """Complain about a column that no data set there is could have: it is misspelt."""
    kind = of.removesuffix("s")
    known: dict[str, None] = {}
    for entry in entries:
        table = entry.get(of, {})
        if table and "attributes" not in table:
            return  # all columns of a table that is not looked into here
        lists = [*entry.get("attributes", {}).get(kind, []), *table.get("attributes", [])]
        known.update(dict.fromkeys([*lists, *table.get("lists", [])]))
    if column not in known:
        message = f"no data set has {of} with a column {column!r}{suggestion(column, known)}"
        problems.add((*path, "column"), message)


def _is_wrong(problems: Problems, attribute: str) -> bool:
    """Tell whether an attribute is defined, but not usable."""
    return any(path[:2] == ("attributes", attribute) for path in problems.paths)


def _check_products(config: Mapping, problems: Problems) -> None:
    # Attacks whose definitions are wrong are known, only not usable.
    wrong = [path[1] for path in problems.paths if path[0] == "attacks" and len(path) > 1]
    defined = list(dict.fromkeys([*config.get("attacks", {}), *sorted(map(str, wrong))]))
    for section in (*SECTIONS, *SAMPLE_SECTIONS):
        for i, name in enumerate(_value(config, f"{section}.attacks") or []):
            if "attacks" in config and name not in defined:
                message = f"unknown attack {name!r}{suggestion(name, defined)}"
                problems.add((section, "attacks", i), message)
    iterations = _value(config, "table1.iterations")
    if iterations and len(iterations) == 1 and _table1_accumulates(config):
        message = "one value has no area under its curve, which Table 1 shows: give at least two"
        problems.add(("table1", "iterations"), message)


def _check_poster(config: Mapping, problems: Problems) -> None:
    """Check the names in the section of the poster; its attacks only where something is asked for."""
    section = config.get(POSTER_SECTION, {})
    for i, name in enumerate(section.get("baselines", [])):
        if name not in BASELINES:
            message = f"unknown baseline {name!r}{suggestion(name, BASELINES)}"
            problems.add((POSTER_SECTION, "baselines", i), message)
    for i, name, method in _attacks_of(config, POSTER_SECTION, problems):
        if not method.single_step:
            path = (POSTER_SECTION, "attacks", i)
            problems.add(path, f"{name} takes several steps: the poster's noise is a single one")


def _check_budgets(config: Mapping, problems: Problems) -> None:
    """Check the attacks of the budgets, and that the others are held against a single step among them."""
    methods = {name: method for _, name, method in _attacks_of(config, BUDGETS_SECTION, problems)}
    reference = _value(config, f"{BUDGETS_SECTION}.reference")
    if not methods or reference is None:
        return
    if reference not in methods:
        message = f"must be one of budgets.attacks{suggestion(reference, methods)}"
        problems.add((BUDGETS_SECTION, "reference"), message)
    elif not methods[reference].single_step:
        message = f"{reference} takes several steps: the others are held against a single one"
        problems.add((BUDGETS_SECTION, "reference"), message)


def _attacks_of(
    config: Mapping, section: str, problems: Problems
) -> Iterator[tuple[int, str, Attack]]:
    """Yield the usable attacks of a section that names its data sets, if it names any; complain about others."""
    definitions = config.get("attacks", {})
    settings = config.get(section, {})
    for i, name in enumerate(settings.get("attacks", []) if settings.get("datasets") else []):
        method = ATTACKS.get(definitions.get(name, {}).get("method"))
        if name not in definitions and ("attacks", name) not in {p[:2] for p in problems.paths}:
            message = f"unknown attack {name!r}{suggestion(name, definitions)}"
            problems.add((section, "attacks", i), message)
        elif method is not None:
            yield i, name, method


def _check_colours(config: Mapping, problems: Problems) -> None:
    names = [*config.get("attacks", {}), *_RESERVED_ATTACKS]
    for name in _value(config, "plots.colours") or {}:
        if name not in names and "attacks" in config:
            message = f"nothing in the figures has the name {name!r}{suggestion(name, names)}"
            problems.add(("plots", "colours", name), message)


def _table1_accumulates(config: Mapping) -> bool:
    """Tell whether Table 1 has a multi-step attack, whose cells are areas under curves."""
    definitions = config.get("attacks", {})
    for name in config["table1"].get("attacks", []):
        method = ATTACKS.get(definitions.get(name, {}).get("method"))
        if method is not None and not method.single_step:
            return True
    return False
