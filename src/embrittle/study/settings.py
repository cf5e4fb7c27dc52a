"""The settings of a study: what a user wrote, checked and completed with defaults.

`validate` turns the configuration (config/config.yaml with further files merged over it) into its canonical form: every
key present, whole numbers int, other numbers float, lists in the order given. The keys are described in
config/README.md, their types, ranges and defaults in config/schema.yaml. What needs more than one key of a product is
checked by its plan (`products.product.Product.check`).

Light: this module is imported whenever the Snakefile is parsed.
"""

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

from embrittle.attacks.methods import ATTACKS
from embrittle.data.readers import FORMATS
from embrittle.errors import ConfigError
from embrittle.models.baselines.registry import BASELINES, option_schema
from embrittle.models.registry import MODELS
from embrittle.problems import KeyPath, Problems, suggestion
from embrittle.products.product import value_at
from embrittle.products.registry import PRODUCTS
from embrittle.study.schema import (
    canonical_form,
    check_duplicates,
    check_structure,
    plain_copy,
    with_numbers,
)
from embrittle.vocabulary import RANDOM

# results/benchmarks/ is the benchmark's. In metrics and figures "initial" is the unperturbed model,
# "random" the random recommender.
_RESERVED_STUDIES = ("benchmarks",)
_RESERVED_ATTACKS = ("initial", "random")


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
    for product in PRODUCTS.values():
        product.check(canonical, problems)
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


def _check_names(config: Mapping, problems: Problems) -> None:
    study = config.get("study")
    if study in _RESERVED_STUDIES:
        problems.add(("study",), f"the name {study!r} is reserved: choose another")
    for i, model in enumerate(config.get("models", [])):
        if model == RANDOM:
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
    method = value_at(config, "split.method")
    naming = [s for product in PRODUCTS.values() for s in product.sections]
    for section in naming:
        for i, name in enumerate(value_at(config, f"{section}.datasets") or []):
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
    for name in value_at(config, "mirror.checksums") or {}:
        if name not in files:
            message = f"no data set has a source file {name!r}{suggestion(name, files)}"
            problems.add(("mirror", "checksums", name), message)


def _check_training(config: Mapping, problems: Problems) -> None:
    epochs = value_at(config, "training.epochs")
    every = value_at(config, "training.evaluate_every")
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


def _check_colours(config: Mapping, problems: Problems) -> None:
    names = [*config.get("attacks", {}), *_RESERVED_ATTACKS]
    for name in value_at(config, "plots.colours") or {}:
        if name not in names and "attacks" in config:
            message = f"nothing in the figures has the name {name!r}{suggestion(name, names)}"
            problems.add(("plots", "colours", name), message)
