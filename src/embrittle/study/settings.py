"""The settings of a study: the configuration, checked and completed with defaults.

`validate` turns the configuration (config/config.yaml with further files merged over it) into `Settings`. Types,
ranges, defaults and descriptions are declared where a setting is used: those of a stage in the `settings` module of
its room, those of a product in its plan. Checks of several keys together are here, or in the plan
(`products.product.Product.check`).

Light: imported whenever the Snakefile is parsed.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import Field, create_model

from embrittle.attacks.losses import DEFAULT, LOSSES, kind_of
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import ENSEMBLE, TRANSFER
from embrittle.attacks.settings import (
    PAPERS_VALUES,
    AttackDefinition,
    attack_definition,
    copies_of_members,
    mistakes_of_ensemble,
    mistakes_of_transfer,
)
from embrittle.attacks.settings import mistakes_of as mistakes_of_attack
from embrittle.controls.settings import mistakes_of as mistakes_of_control
from embrittle.data.readers import FORMATS
from embrittle.data.settings import Dataset
from embrittle.embeddings.settings import mistakes_of
from embrittle.errors import ConfigError
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import MODELS
from embrittle.models.settings import baselines_section
from embrittle.problems import KeyPath, Problems, suggestion
from embrittle.products.product import Written, value_at
from embrittle.products.registry import PRODUCTS
from embrittle.products.settings import ATTACK_DEFINITIONS, StageSettings
from embrittle.section import Name, ProductSection, Section, keys_of
from embrittle.validation import checked
from embrittle.vocabulary import RANDOM

Settings = StageSettings

# The benchmarks write to results/benchmarks/. In metrics and figures, "initial" is the unperturbed model and "random"
# the random recommender.
_RESERVED_STUDIES = ("benchmarks",)
_RESERVED_ATTACKS = ("initial", "random")


def settings_model() -> type[Settings]:
    """Return the class of all settings: those of the stages, of attacks and baselines, and of the products."""
    sections = tuple(section for product in PRODUCTS.values() for section in product.sections)
    return _settings_model(attack_definition(), baselines_section(), sections)


@cache
def _settings_model(
    definition: type[AttackDefinition],
    baselines: type[Section],
    sections: tuple[type[ProductSection], ...],
) -> type[Settings]:
    stages = keys_of(StageSettings)
    fields: dict[str, Any] = {
        "baselines": (
            baselines,
            Field(default_factory=baselines, description=stages["baselines"].description),
        ),
        "attacks": (
            dict[Name, definition],  # type: ignore[valid-type]
            Field(
                min_length=1,
                default_factory=lambda: {
                    name: definition.model_validate(of) for name, of in ATTACK_DEFINITIONS.items()
                },
                description=stages["attacks"].description,
            ),
        ),
    }
    for section in sections:
        fields[section.key] = (
            section,
            Field(default_factory=section, description=section.__doc__),
        )
    return create_model("Settings", __base__=StageSettings, **fields)


def validate(config: Mapping, registry: Mapping) -> Settings:
    """Check a configuration and return its settings, with the defaults of missing keys.

    Args:
        config: the merged configuration.
        registry: the content of config/datasets.yaml, which is checked as well.

    Raises:
        ConfigError: lists all problems, one per line, each starting with the dotted path of its key.
    """
    problems = Problems()
    registry = _checked_registry(registry, problems)
    model = settings_model()
    written = checked(config, model, problems, repeated_below=("distributions",))
    _check_names(written, problems)
    _check_embeddings(written, problems)
    _check_controls(written, problems)
    _check_datasets(written, registry, problems)
    _check_mirror(written, registry, problems)
    _check_training(written, problems)
    _check_attacks(written, problems)
    _check_attributes(written, registry, problems)
    for product in PRODUCTS.values():
        product.check(written, problems)
    _check_colours(written, problems)
    _check_names_in_figures(written, problems)
    if problems.lines:
        raise ConfigError("\n".join(problems.lines))
    return model.model_validate(written)


def _checked_registry(registry: Mapping, problems: Problems) -> dict[str, Any]:
    """Return the registry in canonical form without wrong values; add these to `problems`."""
    found = Problems(file="config/datasets.yaml: ")
    canonical = checked(registry, dict[Name, Dataset], found)
    for name, entry in canonical.items():
        _check_entry(entry, (name,), found)
    problems.lines.extend(found.lines)
    return canonical


# --- Checks that need more than one key ----------------------------------------------------------
# They get the configuration without the values that are already reported, so any key may be missing.


def _check_names(written: Written, problems: Problems) -> None:
    study = written.get("study")
    if study in _RESERVED_STUDIES:
        problems.add(("study",), f"the name {study!r} is reserved: choose another")
    for i, model in enumerate(written.get("models", [])):
        if model == RANDOM:
            message = "the random recommender is always measured: leave it out"
            problems.add(("models", i), message)
        elif model not in (own := written.get("embeddings", {})) and model not in MODELS:
            hint = suggestion(model, [*MODELS, *own])
            # Embeddings whose files are wrong are not unknown: only their entry is reported.
            if ("embeddings", model) not in {path[:2] for path in problems.paths}:
                problems.add(("models", i), f"unknown model {model!r}{hint}")


def _check_embeddings(written: Written, problems: Problems) -> None:
    """Check the names, files and data sets of own embeddings, and that there is a version for each seed."""
    datasets, seeds = written.get("datasets", []), written.get("seeds", [])
    models = written.get("models", [])
    covered = set(datasets) if set(models) & MODELS.keys() else set()
    for name, entries in written.get("embeddings", {}).items():
        path = ("embeddings", name)
        if name in (*MODELS, *BASELINES, RANDOM):
            problems.add(path, f"the name {name!r} is that of another recommender: choose another")
            continue
        of_dataset: dict[str, int] = {}
        for i, entry in enumerate(entries):
            place = (*path, i) if len(entries) > 1 else path
            for key, message in mistakes_of(entry):
                problems.add((*place, key), message)
            dataset = entry.get("dataset", datasets[0] if len(datasets) == 1 else None)
            if dataset is None and datasets:
                message = f"this key is missing: say which of {', '.join(datasets)} these embeddings are of"
                problems.add((*place, "dataset"), message)
            elif dataset is not None and datasets and dataset not in datasets:
                message = f"{dataset!r} is not in `datasets`{suggestion(dataset, datasets)}"
                problems.add((*place, "dataset"), message)
            elif dataset is not None:
                of_dataset[dataset] = of_dataset.get(dataset, 0) + 1
        for dataset, versions in of_dataset.items() if name in models else ():
            covered.add(dataset)
            if seeds and versions not in (1, len(seeds)):
                message = (
                    f"{versions} version{'s' * (versions > 1)} for {len(seeds)} seed{'s' * (len(seeds) > 1)}: give a "
                    f"list of {len(seeds)}, one for each seed, as many seeds as there are versions, or one version "
                    "for all"
                )
                problems.add(path, message)
    _check_trained_here(written, covered, problems)


def _check_controls(written: Written, problems: Problems) -> None:
    """Check the names of controls, and that they are copies of models of the study and not of other controls."""
    models, controls = written.get("models", []), written.get("controls", {})
    for name, entry in controls.items():
        path = ("controls", name)
        if name in (*MODELS, *BASELINES, RANDOM, *written.get("embeddings", {})):
            problems.add(path, f"the name {name!r} is that of another recommender: choose another")
        for key, message in mistakes_of_control(entry):
            problems.add((*path, key), message)
        for key in ("of", "norms_of"):
            if (model := entry.get(key)) is None or model in models:
                continue
            if model in controls:
                message = f"{model!r} is a control: name the model that it is of"
            else:
                message = f"{model!r} is not in `models`{suggestion(model, models)}"
            problems.add((*path, key), message)


def _check_trained_here(written: Written, covered: set[str], problems: Problems) -> None:
    """Report data sets without a model, and products that need a model that is trained here."""
    embeddings, models = written.get("embeddings", {}), written.get("models", [])
    if not models or any(
        path[0] in ("models", "embeddings", "datasets") for path in problems.paths
    ):
        return
    for i, dataset in enumerate(written.get("datasets", [])):
        if dataset not in covered and embeddings:
            problems.add(("datasets", i), f"none of `models` is for {dataset!r}")
    if set(models) & MODELS.keys():
        return
    for section, why in (
        ("figure3", "trains models on sub-samples"),
        ("poster", "has training curves"),
    ):
        named = value_at(written, f"{section}.datasets") or []
        if not set(named).isdisjoint(written.get("datasets", [])):
            message = f"{section} {why}, but no model is trained here: add one of {', '.join(MODELS)} to `models`"
            problems.add((section, "datasets"), message)


def _check_datasets(written: Written, registry: Mapping, problems: Problems) -> None:
    own = written.get("own_datasets", {})
    for name, entry in own.items():
        if name in registry:
            message = f"config/datasets.yaml already has a data set {name!r}: choose another name"
            problems.add(("own_datasets", name), message)
        _check_entry(entry, ("own_datasets", name), problems)
    entries = {**registry, **own}
    # A name whose entry is wrong is not unknown: only its entry is reported.
    known = {
        *entries,
        *(path[1] for path in problems.paths if path[:1] == ("own_datasets",) and path[1:]),
    }
    method = value_at(written, "split.method")
    naming = [section.key for product in PRODUCTS.values() for section in product.sections]
    for section in naming:
        for i, name in enumerate(value_at(written, f"{section}.datasets") or []):
            if name not in known:
                message = f"unknown data set {name!r}{suggestion(name, entries)}"
                problems.add((section, "datasets", i), message)
    titles: dict[str, str] = {}
    for i, name in enumerate(written.get("datasets", [])):
        title = entries.get(name, {}).get("title", name)
        if titles.setdefault(title, name) != name:
            message = f"{name!r} has the same title as {titles[title]!r}: tables could not tell them apart"
            problems.add(("datasets", i), message)
        if name not in known:
            message = f"unknown data set {name!r}{suggestion(name, entries)}"
            problems.add(("datasets", i), message)
        elif name in entries and method not in (None, "registry"):
            reason = _impossible_split(entries[name], method)
            if reason:
                problems.add(("split", "method"), f"data set {name!r} {reason}")


def _check_entry(entry: Mapping, path: KeyPath, problems: Problems) -> None:
    """Check the entry of a data set: its reader exists and has the keys that it needs, and its split is possible."""
    reader = entry.get("reader")
    if reader is None:
        return
    if reader not in FORMATS:
        message = f"unknown reader {reader!r}{suggestion(reader, FORMATS)}"
        problems.add((*path, "reader"), message)
        return
    _check_origin(entry, path, problems)
    if reader == "table" and "columns" not in entry:
        problems.add((*path, "columns"), f"this key is missing: the reader {reader!r} needs it")
    _check_parts(entry, path, problems)
    _check_mapping(entry.get("columns", {}), (*path, "columns"), problems)
    if "split" in entry and (*path, "columns", "timestamp") not in problems.paths:
        reason = _impossible_split(entry, entry["split"])
        if reason:
            problems.add((*path, "split"), f"this data set {reason}")


def _check_origin(entry: Mapping, path: KeyPath, problems: Problems) -> None:
    """Check that an entry names its files: by `path`, `parts` or `sources`, as its reader takes them."""
    reader = FORMATS[entry["reader"]]
    taken = {"path": reader.path, "parts": reader.parts, "sources": reader.sources}
    keys = [key for key, is_taken in taken.items() if is_taken]
    given = [key for key in keys if key in entry]
    if keys and not given:
        needs = ", or ".join(["it", *keys[1:]])
        message = f"this key is missing: the reader {entry['reader']!r} needs {needs}"
        problems.add((*path, keys[0]), message)
    elif len(given) > 1:
        problems.add((*path, given[0]), f"give either {' or '.join(given)}, not both")
    if "parts" in entry and not reader.parts:
        message = f"the reader {entry['reader']!r} finds the parts of a split by itself: leave this key out"
        problems.add((*path, "parts"), message)


def _check_parts(entry: Mapping, path: KeyPath, problems: Problems) -> None:
    """Report a file that is given for two parts, and a column of parts where the files say this already."""
    files: dict[str, str] = {}
    for name, file in entry.get("parts", {}).items():
        if file in files:
            message = f"{file!r} is already the file of {files[file]}: give each part its own"
            problems.add((*path, "parts", name), message)
        files[file] = name
    if files and "part" in entry.get("columns", {}):
        message = "the files under parts already say this: leave one of both keys out"
        problems.add((*path, "columns", "part"), message)


def _check_mapping(columns: Mapping, path: KeyPath, problems: Problems) -> None:
    mapped: dict[str, str] = {}
    for role, column in columns.items():
        if column in mapped:
            message = f"column {column!r} is already the column of the {mapped[column]}"
            problems.add((*path, role), message)
        mapped[column] = role


def _impossible_split(entry: Mapping, method: str) -> str | None:
    """Return why the data set of `entry` cannot be split by `method`; None if it can."""
    reader = FORMATS.get(entry.get("reader", ""))
    if reader is None:
        return None
    if method == "published" and not _has_split(entry):
        bring = ", or give parts or columns.part" if entry["reader"] == "table" else ""
        return f"has no published split: choose last or random{bring}"
    if method == "last" and not _has_timestamps(entry):
        others = "random or published" if _has_split(entry) else "random"
        mapping = ", or give columns.timestamp" if "columns" in entry else ""
        return f"has no timestamps, which the split last needs: choose {others}{mapping}"
    return None


def _has_split(entry: Mapping) -> bool:
    if entry["reader"] == "table":
        return "parts" in entry or "part" in entry.get("columns", {})
    return FORMATS[entry["reader"]].published_split


def _has_timestamps(entry: Mapping) -> bool:
    # Without the key columns, the reader finds timestamps by itself, or the mistake is already reported.
    mapped = "timestamp" in entry.get("columns", {"timestamp": None})
    return FORMATS[entry["reader"]].timestamps and mapped


def _check_mirror(written: Written, registry: Mapping, problems: Problems) -> None:
    entries = [*registry.values(), *written.get("own_datasets", {}).values()]
    files = [
        source["file"]
        for entry in entries
        for source in entry.get("sources", [])
        if "file" in source
    ]
    for name in value_at(written, "mirror.checksums") or {}:
        if name not in files:
            message = f"no data set has a source file {name!r}{suggestion(name, files)}"
            problems.add(("mirror", "checksums", name), message)


def _check_training(written: Written, problems: Problems) -> None:
    for trained_by in ("training", *(kind.section for kind in MODELS.values() if kind.section)):
        of = written.get(trained_by, {})
        if {"epochs", "evaluate_every"} <= of.keys() and of["evaluate_every"] > of["epochs"]:
            message = "{evaluate_every} is more than the {epochs} epochs of training: choose at most {epochs}"
            problems.add((trained_by, "evaluate_every"), message.format_map(of))
    epochs = value_at(written, "training.epochs")
    every = value_at(written, "training.evaluate_every")
    if epochs is None:
        return
    for model in written.get("models", []):
        section = MODELS[model].section if model in MODELS else None
        if section is None:
            continue
        start = written.get(section, {}).get("start_epoch")
        if start is not None and start >= epochs:
            message = f"{model} starts at epoch {start}, which must be before the last, training.epochs: {epochs}"
            problems.add((section, "start_epoch"), message)
        elif start is not None and every is not None and every <= epochs and start % every != 0:
            message = (
                f"{start} is not a multiple of training.evaluate_every, {every}: {model} can only start from "
                "an epoch that is evaluated"
            )
            problems.add((section, "start_epoch"), message)


def _check_attacks(written: Written, problems: Problems) -> None:
    """Check the definitions of the attacks, and complete each: defaults of its method, copies of its members."""
    attacks = written.get("attacks", {})
    for name, definition in attacks.items():
        if name in _RESERVED_ATTACKS:
            problems.add(("attacks", name), f"the name {name!r} is reserved: choose another")
        if definition.get("method", ENSEMBLE) not in (ENSEMBLE, TRANSFER):
            _complete_attack(("attacks", name), definition, problems)
    # Their members are complete by now, and what is transferred may be a copy of a member.
    for name in [name for name, of in attacks.items() if of.get("method") == ENSEMBLE]:
        _complete_ensemble(name, attacks, problems)
    models = [*written.get("models", []), *written.get("controls", {})]
    for name, definition in attacks.items():
        if definition.get("method") == TRANSFER:
            for key, message in mistakes_of_transfer(definition, attacks, models):
                problems.add(("attacks", name, key), message)


def _complete_attack(path: tuple[str, ...], definition: dict[str, Any], problems: Problems) -> None:
    """Check the definition of an attack on the model itself, and add the defaults of its method and loss."""
    method = ATTACKS.get(definition["method"])
    if method is None:
        message = f"unknown attack method {definition['method']!r}"
        hint = suggestion(definition["method"], [*ATTACKS, ENSEMBLE, TRANSFER])
        problems.add((*path, "method"), message + hint)
        return
    for key, value in PAPERS_VALUES.items():
        if definition.get(key) == value:
            del definition[key]
    for key, message in mistakes_of_attack(definition):
        problems.add((*path, key), message)
    if definition.get("loss", DEFAULT) not in LOSSES:
        return
    if definition.get("knows") == kind_of(definition).knows[0]:
        del definition["knows"]
    for key, default in {**method.options, **kind_of(definition).options}.items():
        definition.setdefault(key, default)


def _complete_ensemble(name: str, attacks: dict[str, dict[str, Any]], problems: Problems) -> None:
    """Check the definition of an ensemble; if it has a budget or rows of its own, give it copies of its members."""
    for key, message in mistakes_of_ensemble(attacks[name], attacks):
        problems.add(("attacks", name, key), message)
    if copies := copies_of_members(attacks[name], attacks):
        attacks.update(copies)
        attacks[name] = {"method": ENSEMBLE, "members": list(copies)}


def _check_attributes(written: Written, registry: Mapping, problems: Problems) -> None:
    """Check that each attribute defines groups, and that each distribution has one share per group."""
    entries = [*registry.values(), *written.get("own_datasets", {}).values()]
    for name, definition in written.get("attributes", {}).items():
        path = ("attributes", name)
        if not {"column", "quantiles"} & definition.keys():
            message = "an attribute needs a column, quantiles (of training interactions), or both"
            problems.add((*path, "quantiles"), message)
        elif "column" in definition and "of" in definition:
            _check_column(definition["column"], definition["of"], entries, path, problems)
        if "groups" in definition and "quantiles" in definition:
            message = "quantiles already define the groups: leave one of both keys out"
            problems.add((*path, "groups"), message)
        n_groups = definition.get("quantiles") or len(definition.get("groups", []))
        for fair, shares in definition.get("distributions", {}).items():
            place = (*path, "distributions", fair)
            if fair == "f0":
                message = "f0 is always the uniform distribution: choose another name"
                problems.add(place, message)
            elif n_groups == 0:
                message = "the order of the groups is not defined: give groups as well"
                problems.add(place, message)
            elif len(shares) != n_groups:
                message = f"{len(shares)} shares for {n_groups} groups: give one share per group"
                problems.add(place, message)
            elif not math.isclose(sum(shares), 1, abs_tol=1e-6):
                problems.add(place, f"the sum of the shares is {sum(shares):g}: it must be 1")


def _check_column(
    column: str, of: str, entries: Iterable[Mapping], path: KeyPath, problems: Problems
) -> None:
    """Report a column that no data set can have, so that its name must be misspelt."""
    kind = of.removesuffix("s")
    known: dict[str, None] = {}
    for entry in entries:
        table = entry.get(of, {})
        if table and "attributes" not in table:
            return  # keeps all columns of its file, which is not read here
        lists = [*entry.get("attributes", {}).get(kind, []), *table.get("attributes", [])]
        known.update(dict.fromkeys([*lists, *table.get("lists", [])]))
    if column not in known:
        message = f"no data set has {of} with a column {column!r}{suggestion(column, known)}"
        problems.add((*path, "column"), message)


def _check_colours(written: Written, problems: Problems) -> None:
    names = [*written.get("attacks", {}), *_RESERVED_ATTACKS]
    for name in value_at(written, "plots.colours") or {}:
        if name not in names and "attacks" in written:
            message = f"no curve in the figures has the name {name!r}{suggestion(name, names)}"
            problems.add(("plots", "colours", name), message)


def _check_names_in_figures(written: Written, problems: Problems) -> None:
    kinds = [written.get(kind, {}) for kind in ("models", "controls", "embeddings", "attacks")]
    names = list(dict.fromkeys(name for kind in kinds for name in kind))
    titles: dict[str, str] = {}
    for name, title in (value_at(written, "plots.names") or {}).items():
        if name not in names and {"models", "attacks"} <= set(written):  # no mistakes in these
            message = f"no model, control or attack has the name {name!r}{suggestion(name, names)}"
            problems.add(("plots", "names", name), message)
        if titles.setdefault(title, name) != name:
            message = f"{titles[title]!r} has the same name in figures"
            problems.add(("plots", "names", name), message)
