"""What decides the result of each stage, cut out of the canonical settings, so that no other setting runs it again."""

import copy
from collections.abc import Mapping
from typing import Any

from embrittle.errors import ConfigError
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import MODELS
from embrittle.problems import suggestion
from embrittle.products.characteristics.plan import Figure3Settings
from embrittle.products.settings import StageSettings

# Settings of a training that came later, at the values that leave a result as it was before they came: they are not
# handed over, so that no training that is there runs again for them.
LATER_SETTINGS = {"criterion": "HR@10", "restart_accumulators": False, "loss": "bpr"}

# The keys of an entry that a reader looks at.
_READING_KEYS = (
    *("reader", "path", "columns", "duplicates", "users", "items"),
    *("at_least", "counts"),
)


def attack_settings(settings: StageSettings, attack: str) -> dict[str, Any]:
    """Return the definition of `attack`: its method and the options of that method.

    Raises ConfigError for an unknown attack.
    """
    if attack not in settings.attacks:
        raise ConfigError(f"unknown attack {attack!r}{suggestion(attack, settings.attacks)}")
    return settings.attacks[attack].plain()


def training_settings(settings: StageSettings, model: str) -> dict[str, Any]:
    """Return what decides the result of training `model`, and no more: `training.TrainingSettings`.

    The number of epochs and the state a training starts from are not among it: they are in the
    paths of its files; nor is how often it is written down on the way. Raises ConfigError for an unknown model.
    """
    if model not in MODELS:
        raise ConfigError(f"unknown model {model!r}{suggestion(model, MODELS)}")
    apart = ("epochs", "checkpoint_seconds")
    found = {k: value for k, value in settings.training.plain().items() if k not in apart}
    found["loss"] = MODELS[model].loss
    if section := MODELS[model].section:
        adversarial = getattr(settings, section)
        found["adversarial_epsilon"] = adversarial.epsilon
        found["adversarial_weight"] = adversarial.weight
        found["restart_accumulators"] = adversarial.restart_accumulators
    unchanged = [key for key, value in LATER_SETTINGS.items() if found.get(key) == value]
    return {"model": model, **{k: v for k, v in found.items() if k not in unchanged}}


def split_settings(settings: StageSettings, registry: Mapping, name: str) -> dict[str, Any]:
    """Return how data set `name` is split: `method`, `validation` (bool) and `seed`.

    `registry` as a method is resolved to what the data set's entry says. The seed is 0 where
    nothing is drawn, so that changing it leaves such a split as it is. Raises ConfigError for an
    unknown data set.
    """
    method: str = settings.split.method
    if method == "registry":
        method = dataset_entry(settings, registry, name)["split"]
    validation = settings.training.selection == "best-on-validation"
    draws = method == "random" or (method == "published" and validation)
    seed = settings.split.seed if draws else 0
    return {"method": method, "validation": validation, "seed": seed}


def reading_settings(settings: StageSettings, registry: Mapping, name: str) -> dict[str, Any]:
    """Return the part of data set `name`'s entry that decides what is read from its files.

    Of its sources, these are names and checksums: the same file from elsewhere is the same file.
    With a mirror, `mirror.checksums` stand in place of the registry's. Raises ConfigError for an
    unknown data set.
    """
    entry = dataset_entry(settings, registry, name)
    found = {key: entry[key] for key in _READING_KEYS if key in entry}
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


def sample_name(dataset: str, k: int) -> str:
    """Return the name of a sub-sample, which goes through all stages like a data set."""
    return f"{dataset}.k{k}"


def source_name(dataset: str) -> str:
    """Return the data set that a sub-sample was taken from; a whole data set is its own source."""
    return dataset.split(".k")[0]  # a data set's own name has no point


def samples(settings: StageSettings) -> list[tuple[str, str, int]]:
    """Return the sub-samples that Figure 3 is wanted for: (name, data set it is taken from, k)."""
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
    """Return what decides the result of training `baseline`: `baselines.training.train_baseline`.

    Raises ConfigError for an unknown baseline.
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
    """Return a copy of the entry of data set `name`, the user's own or the registry's.

    A sub-sample has the entry of the data set it was taken from.

    Raises ConfigError for an unknown data set.
    """
    name = source_name(name)
    if name in settings.own_datasets:
        return settings.own_datasets[name].plain()
    if name in registry:
        return copy.deepcopy(dict(registry[name]))
    known = [*registry, *settings.own_datasets]
    raise ConfigError(f"unknown data set {name!r}{suggestion(name, known)}")
