"""The settings that each stage gets: only those that decide its result, so that no other setting reruns it."""

import copy
from collections.abc import Mapping
from typing import Any

from embrittle.embeddings.settings import OwnEmbeddings
from embrittle.errors import ConfigError
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import FACTORISATION, MODELS
from embrittle.models.settings import OwnTraining
from embrittle.problems import suggestion
from embrittle.products.characteristics.plan import Figure3Settings
from embrittle.products.settings import StageSettings

# Settings that trainings did not have at first, with the values that keep the earlier result. A job is not told of a
# setting at this value, so that finished trainings do not run again.
LATER_SETTINGS = {"criterion": "HR@10", "restart_accumulators": False, "loss": "bpr"}

# The keys of a data set's entry that decide how its files are read.
_READING_KEYS = (
    *("reader", "path", "parts", "columns", "duplicates", "users", "items"),
    *("at_least", "counts"),
)


def attack_settings(settings: StageSettings, attack: str) -> dict[str, Any]:
    """Return the definition of `attack`: its method and the options of that method.

    Raises:
        ConfigError: the attack is unknown.
    """
    if attack not in settings.attacks:
        raise ConfigError(f"unknown attack {attack!r}{suggestion(attack, settings.attacks)}")
    return settings.attacks[attack].plain()


def training_settings(settings: StageSettings, model: str) -> dict[str, Any]:
    """Return the settings that decide the result of training `model`: the fields of its module's `TrainingSettings`.

    A model with a module of its own has a further one, `trained_by` (`models.registry.Model`).

    The number of epochs and the state that the training starts from are not among them, because they are in the paths
    of its files. The time between checkpoints is not, because it does not change the result.

    Raises:
        ConfigError: the model is unknown.
    """
    if model not in MODELS:
        raise ConfigError(f"unknown model {model!r}{suggestion(model, MODELS)}")
    if MODELS[model].trained_by != FACTORISATION:
        return _own_training_settings(settings, model)
    apart = ("epochs", "checkpoint_seconds")
    found = {k: value for k, value in settings.training.plain().items() if k not in apart}
    found["selection"] = _selection(settings)
    found["loss"] = MODELS[model].loss
    if section := MODELS[model].section:
        adversarial = getattr(settings, section)
        found["adversarial_epsilon"] = adversarial.epsilon
        found["adversarial_weight"] = adversarial.weight
        found["restart_accumulators"] = adversarial.restart_accumulators
    unchanged = [key for key, value in LATER_SETTINGS.items() if found.get(key) == value]
    return {"model": model, **{k: v for k, v in found.items() if k not in unchanged}}


def _own_training_settings(settings: StageSettings, model: str) -> dict[str, Any]:
    """`training_settings` of a model that is trained by a module of its own."""
    kind = MODELS[model]
    own = own_training(settings, model).plain()
    shared: dict[str, Any] = {"criterion": settings.training.criterion}
    if "epochs" in own:
        shared["selection"] = _selection(settings)
    own.pop("epochs", None)
    about = {"model": model, "trained_by": kind.trained_by, "factors": settings.training.factors}
    return {**about, **shared, **own}


def own_training(settings: StageSettings, model: str) -> OwnTraining:
    """Return the section of a model that is trained by a module of its own."""
    return getattr(settings, MODELS[model].section or "")


def _selection(settings: StageSettings) -> str:
    """The rule by which a training selects its best epoch.

    Every training keeps its last epoch as well, so that the selection of the last one shares its training.
    """
    selection = settings.training.selection
    return "best-on-test" if selection == "last" else selection


def split_settings(settings: StageSettings, registry: Mapping, name: str) -> dict[str, Any]:
    """Return how data set `name` is split: `method`, `validation` (bool) and `seed`.

    The method `registry` is replaced by the one in the data set's entry. The seed is 0 where no random choice is made,
    so that a change of the seed does not rerun such a split. Where users or items without an embedding leave the data
    set, it was split before (`reading_settings`), and the method is "published".

    Raises:
        ConfigError: the data set is unknown.
    """
    found = _first_split(settings, registry, name)
    if _dropping(settings, source_name(name)):
        return {**found, "method": "published", "seed": 0}
    return found


def _first_split(settings: StageSettings, registry: Mapping, name: str) -> dict[str, Any]:
    """`split_settings` of the complete data set."""
    entry = dataset_entry(settings, registry, name)
    method: str = settings.split.method
    if method == "registry":
        method = entry["split"]
    validation = settings.training.selection == "best-on-validation"
    held_out = validation and "validation" not in entry.get("parts", {})
    draws = method == "random" or (method == "published" and held_out)
    seed = settings.split.seed if draws else 0
    return {"method": method, "validation": validation, "seed": seed}


def reading_settings(settings: StageSettings, registry: Mapping, name: str) -> dict[str, Any]:
    """Return the part of data set `name`'s entry that decides what is read from its files.

    Sources have their names and checksums, not their addresses: the same file from another address is the same file.
    With a mirror, `mirror.checksums` replace those of the registry.

    Raises:
        ConfigError: the data set is unknown.
    """
    entry = dataset_entry(settings, registry, name)
    found = {key: entry[key] for key in _READING_KEYS if key in entry}
    if drops := _dropping(settings, name):
        found["embeddings"] = drops
        found["split"] = _first_split(settings, registry, name)
    if "sources" in entry:
        accepted = settings.mirror.checksums if settings.mirror.folder else {}
        found["sources"] = [
            {
                "file": source["file"],
                "checksum": accepted.get(source["file"], source.get("checksum")),
            }
            for source in entry["sources"]
        ]
    return found


def versions(settings: StageSettings, model: str, dataset: str) -> list[OwnEmbeddings]:
    """Return the own embeddings of a model on a whole data set, one for each seed; none for models trained here."""
    given = settings.embeddings.get(model, [])
    return [entry for entry in given if entry.dataset in (None, dataset)]


def embedding_settings(entry: OwnEmbeddings) -> dict[str, Any]:
    """Return the settings that decide how own embeddings are read from their files."""
    apart = ("missing", "dataset")
    return {key: value for key, value in entry.plain().items() if key not in apart}


def _dropping(settings: StageSettings, dataset: str) -> list[dict[str, Any]]:
    """Return the own embeddings of the study without which a user or item is removed from a data set."""
    return [
        embedding_settings(entry)
        for model in settings.models
        for entry in versions(settings, model, dataset)
        if entry.missing == "drop"
    ]


def sample_name(dataset: str, k: int) -> str:
    """Return the name of a sub-sample, which passes through all stages like a data set."""
    return f"{dataset}.k{k}"


def source_name(dataset: str) -> str:
    """Return the data set that a sub-sample is taken from; for a whole data set, its own name."""
    return dataset.split(".k")[0]  # the name of a whole data set has no dot


def samples(settings: StageSettings) -> list[tuple[str, str, int]]:
    """Return the sub-samples of Figure 3: (name, data set that it is taken from, k)."""
    return [
        (sample_name(dataset, k), dataset, k)
        for dataset in settings.datasets
        if dataset in Figure3Settings.of(settings).datasets
        for k in Figure3Settings.of(settings).k
    ]


def sample_seeds(settings: StageSettings) -> list[int]:
    """Return the seeds of the models that are trained on sub-samples."""
    return Figure3Settings.of(settings).seeds or settings.seeds


def baseline_settings(settings: StageSettings, baseline: str) -> dict[str, Any]:
    """Return the settings that decide the result of training `baseline` (`baselines.training.train_baseline`).

    Raises:
        ConfigError: the baseline is unknown.
    """
    if baseline not in BASELINES:
        raise ConfigError(f"unknown baseline {baseline!r}{suggestion(baseline, BASELINES)}")
    training = settings.training
    return {
        "options": getattr(settings.baselines, baseline).plain(),
        "selection": training.selection,
        "criterion": training.criterion,
    }


def dataset_entry(settings: StageSettings, registry: Mapping, name: str) -> dict[str, Any]:
    """Return a copy of the entry of data set `name` in `own_datasets` or the registry; of a sub-sample, its source's.

    Raises:
        ConfigError: the data set is unknown.
    """
    name = source_name(name)
    if name in settings.own_datasets:
        return settings.own_datasets[name].plain()
    if name in registry:
        return copy.deepcopy(dict(registry[name]))
    known = [*registry, *settings.own_datasets]
    raise ConfigError(f"unknown data set {name!r}{suggestion(name, known)}")
