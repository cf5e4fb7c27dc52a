"""The sections of the configuration that all products share. Those of a product are in its plan. Light."""

from typing import Annotated, Any, Literal

from pydantic import Field

from embrittle.attacks.settings import AttackDefinition
from embrittle.data.settings import Dataset, Mirror, Split
from embrittle.metrics.settings import Attribute, Evaluation
from embrittle.models.settings import AdversarialTraining, Training
from embrittle.render.plot_settings import PlotSettings
from embrittle.section import Name, Names, Section, Seed, Text, required, setting

# The options of attacks and baselines are added by name (`study.settings.settings_model`), with the defaults of each.
ATTACK_DEFINITIONS = {
    "fgsm": {"method": "fgsm"},
    "bim": {"method": "bim"},
    "pgd": {"method": "pgd"},
    "noise": {"method": "noise"},
    "bim-l2": {"method": "bim", "norm": "l2"},
    "pgd-l2": {"method": "pgd", "norm": "l2"},
    "bim-l2-resampled": {"method": "bim", "norm": "l2", "negatives": "resampled"},
}
_QUARTILES = {"f1": [0.7, 0.1, 0.1, 0.1], "f4": [0.1, 0.1, 0.1, 0.7]}
_ATTRIBUTES = {
    "item_popularity": {"of": "items", "quantiles": 4, "distributions": _QUARTILES},
    "user_gender": {
        "of": "users",
        "column": "gender",
        "groups": ["M", "F"],
        "distributions": {"f1": [0.75, 0.25], "f2": [0.25, 0.75]},
    },
    "user_interactions": {"of": "users", "quantiles": 4, "distributions": _QUARTILES},
}


class Verdict(Section):
    """The page `index.html`, on which the papers' claims are judged by this study's results."""

    compare: list[Name] = setting(
        list,
        "Names of other studies, run before this one: the page sets their verdicts beside this one's and marks "
        "those that differ, [see below](#does-a-verdict-depend-on-the-selection).",
    )


class StageSettings(Section):
    """The settings of a study but for those of its products."""

    study: Name = setting(
        "default",
        "Results go to `results/<study>/`. Letters, digits, `-` and `_`, a letter or digit first; `benchmarks` is "
        "taken. Give each study its own name: two with one name overwrite each other's tables.",
    )
    datasets: Annotated[Names, Field(min_length=1)] = required(
        "Names of data sets, from `datasets.yaml` or `own_datasets`. Each is trained, attacked and shown on its own."
    )
    own_datasets: dict[Name, Dataset] = setting(
        dict, "Your own data: name → description, see [below](#your-own-data)."
    )
    mirror: Mirror = setting(Mirror, "For machines that cannot reach the web, or to spare it.")
    seeds: Annotated[list[Seed], Field(min_length=1)] = setting(
        lambda: [0],
        "Whole numbers from 0. Each model is trained and attacked once per seed; tables show the mean, with several "
        "seeds also the spread. One is enough to look around. To compare models take three or more: which epoch of "
        "BPR-MF is best is nearly a coin toss, and its coverage follows the epoch.",
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "`auto` takes a CUDA GPU where there is one. `cuda` insists on it and stops where there is none; name it on a "
        "cluster whose login node has no GPU, because `auto` looks where Snakemake is started. `cpu` never uses one.",
    )
    split: Split = setting(Split, "How the test item of each user is chosen (leave one out).")
    models: Annotated[list[Text], Field(min_length=1)] = setting(
        lambda: ["BPR-MF", "AMF"],
        "The models to train and attack. AMF starts from BPR-MF, which is therefore trained either way. The random "
        "recommender needs no training and is always there as a reference.",
    )
    training: Training = setting(Training, "Training, the same for both models.")
    adversarial_training: AdversarialTraining = setting(
        AdversarialTraining,
        "AMF: BPR-MF trained on with an adversarial term, L(Θ) + λ·L(Θ + Δ).",
    )
    baselines: Any = setting(
        dict,
        "Settings of the baselines of the [APR poster](#the-apr-poster), where they are not to be the defaults.",
    )
    attacks: dict[Name, AttackDefinition] = setting(
        dict,  # `ATTACK_DEFINITIONS`, once the options of the methods are known
        "Name → definition. The name is yours; it stands in file names and results. `initial` and `random` are "
        "reserved. To compare two step sizes, define two attacks.",
    )
    attributes: dict[Name, Attribute] = setting(
        lambda: {name: Attribute.model_validate(of) for name, of in _ATTRIBUTES.items()},
        "Name → definition. The published ones have the names of the papers' tables; for others the name is yours.",
    )
    missing: Literal["error", "report"] = setting(
        "error",
        "What becomes of tables and figures when a training or an attack has failed. `error`: they wait until all "
        "of their lists are there. `report`: nothing is trained or attacked that is not there; tables and figures "
        "are made of the lists that are, captions and `missing.csv` name the others, and a cell that lacks one, for "
        "any seed, is a dash. Meant for a second run after a failure: `snakemake --cores all --config "
        "missing=report`.",
    )
    evaluation: Evaluation = setting(Evaluation, "How the lists of recommendations are measured.")
    verdict: Verdict = setting(
        Verdict,
        "The page `index.html`, on which the papers' claims are judged by this study's results.",
    )
    plots: PlotSettings = setting(
        PlotSettings, "How the figures look. A change redraws them and reruns nothing else."
    )
