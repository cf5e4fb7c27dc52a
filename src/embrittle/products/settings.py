"""The settings that all products share; those of one product are in its plan.

Light: imported whenever the Snakefile is parsed.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from embrittle.attacks.settings import AttackDefinition
from embrittle.controls.settings import Control
from embrittle.data.settings import Dataset, Mirror, Split
from embrittle.embeddings.settings import OwnEmbeddings
from embrittle.metrics.settings import Attribute, Evaluation
from embrittle.models.settings import AdversarialTraining, Als, LightGcn, PureSvd, Training
from embrittle.render.plot_settings import PlotSettings
from embrittle.section import (
    Name,
    Names,
    Section,
    Seed,
    Text,
    one_or_more,
    required,
    setting,
)

# `study.settings.settings_model` adds the options of the methods, with their defaults.
ATTACK_DEFINITIONS = {
    "fgsm": {"method": "fgsm"},
    "bim": {"method": "bim"},
    "pgd": {"method": "pgd"},
    "noise": {"method": "noise"},
    "bim-l2": {"method": "bim", "norm": "l2"},
    "pgd-l2": {"method": "pgd", "norm": "l2"},
    "bim-l2-resampled": {"method": "bim", "norm": "l2", "negatives": "resampled"},
    "fgsm-relative": {"method": "fgsm", "budget": "relative", "loss": "standardised"},
    "bim-relative": {
        "method": "bim",
        "norm": "l2",
        "budget": "relative",
        "loss": "standardised",
    },
    # Attacks on the ranking, which know no test item, and the strongest of them.
    "apgd-smooth-rank": {"method": "apgd", "loss": "smooth-rank"},
    "apgd-margin": {"method": "apgd", "loss": "margin"},
    "apgd-lists": {"method": "apgd", "loss": "lists"},
    "reliable": {
        "method": "ensemble",
        "members": ["apgd-smooth-rank", "apgd-margin", "apgd-lists"],
    },
    # Attacks that know the test items, and the strongest of them: the measure of a model.
    "apgd-smooth-rank-test": {"method": "apgd", "loss": "smooth-rank", "knows": "test"},
    "apgd-sharp-rank-test": {
        "method": "apgd",
        "loss": "smooth-rank",
        "temperature": 0.0125,
        "knows": "test",
    },
    "apgd-margin-test": {"method": "apgd", "loss": "margin", "knows": "test"},
    "reliable-test": {
        "method": "ensemble",
        "members": ["apgd-smooth-rank-test", "apgd-sharp-rank-test", "apgd-margin-test"],
    },
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
    """The page `index.html`, which judges the papers' claims by the results of this study."""

    compare: list[Name] = setting(
        list,
        "The names of other studies, already run, whose verdicts the page shows beside those of this study, "
        "[see below](#does-a-verdict-depend-on-the-selection).",
    )


class StageSettings(Section):
    """The settings of a study except those of its products."""

    study: Name = setting(
        "default",
        "The name of the study; its results go to `results/<study>/`. Letters, digits, `-` and `_`, a letter or digit "
        "first; `benchmarks` is reserved. Name each study differently: studies of one name overwrite each other's "
        "tables.",
    )
    datasets: Annotated[Names, Field(min_length=1)] = required(
        "The names of data sets, from `datasets.yaml` or `own_datasets`. Models are trained, attacked and shown for "
        "each of them separately."
    )
    own_datasets: dict[Name, Dataset] = setting(
        dict, "Your own data sets: name → description, see [below](#your-own-data)."
    )
    mirror: Mirror = setting(
        Mirror, "A local copy of the source files, for machines without access to the web."
    )
    seeds: Annotated[list[Seed], Field(min_length=1)] = setting(
        [0],
        "Whole numbers from 0. Each model is trained and attacked once per seed; tables show the mean and, with "
        "several seeds, the spread. One seed is enough to try things out. Take three or more to compare models: the "
        "best epoch of BPR-MF, and item coverage with it, varies much between seeds.",
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "`auto` uses a CUDA GPU if the machine that starts Snakemake has one. `cuda` requires one; choose it on a "
        "cluster whose login node has no GPU. `cpu` uses none.",
    )
    split: Split = setting(Split, "How the test items are chosen.")
    models: Annotated[list[Text], Field(min_length=1)] = setting(
        ["BPR-MF", "AMF"],
        "The models to attack: `BPR-MF`, `AMF`, `PureSVD`, `ALS` and `LightGCN`, which are trained first, and names "
        "from `embeddings`. AMF starts from BPR-MF, so AMF trains BPR-MF in any case. ALS needs the library `implicit` "
        "(`make implicit`). The random recommender is always measured as a reference and is not listed here.",
    )
    embeddings: dict[Name, one_or_more(OwnEmbeddings)] = setting(  # type: ignore[valid-type]
        dict,
        "Embeddings of your own: the name of a model → its files, or a list of them, one for each of `seeds`, if the "
        "model was trained several times ([docs/embeddings.md](../docs/embeddings.md)).",
    )
    controls: dict[Name, Control] = setting(
        dict,
        "Copies of models with the same lists and rows of other lengths, attacked and shown like models: the name of "
        "the copy → what it is of ([docs/method.md](../docs/method.md#relative-budgets)). They need no training. What "
        "an attack leaves of a model and of its copy differs only because ε is a length.",
    )
    training: Training = setting(
        Training,
        "Training of BPR-MF and AMF. `factors`, `selection`, `criterion` and `checkpoint_seconds` are those of all "
        "models.",
    )
    adversarial_training: AdversarialTraining = setting(
        AdversarialTraining,
        "AMF: BPR-MF, trained further with an adversarial term, L(Θ) + λ·L(Θ + Δ).",
    )
    pure_svd: PureSvd = setting(
        PureSvd, "PureSVD: a truncated singular value decomposition of the interactions."
    )
    als: Als = setting(
        Als,
        "ALS: weighted least squares on all pairs of user and item, by the library `implicit`.",
    )
    light_gcn: LightGcn = setting(
        LightGcn,
        "LightGCN: embeddings that are averaged over the neighbours in the graph of users and items.",
    )
    baselines: Any = setting(dict, "Options of the baselines of the [APR poster](#the-apr-poster).")
    attacks: dict[Name, AttackDefinition] = setting(
        dict,  # `study.settings` replaces this by `ATTACK_DEFINITIONS` with the options of the methods
        "Name → definition. Choose the name freely (except `initial` and `random`); file names and results use it. "
        "To compare two step sizes, define two attacks.",
    )
    attributes: dict[Name, Attribute] = setting(
        lambda: {name: Attribute.model_validate(of) for name, of in _ATTRIBUTES.items()},
        "Name → definition. The defaults are the papers' attributes, named as in their tables; choose the names of "
        "further ones freely.",
    )
    missing: Literal["error", "report"] = setting(
        "error",
        "Tables and figures after a failed training or attack. `error`: they are made only when all of their lists "
        "exist. `report`: no training and no attack runs; tables and figures show the lists that exist, captions and "
        "`missing.csv` name the others, and a cell that lacks a list for any seed is a dash. Use it for a second run "
        "after a failure: `snakemake --cores all --config missing=report`.",
    )
    evaluation: Evaluation = setting(Evaluation, "How recommendation lists are measured.")
    verdict: Verdict = setting(
        Verdict,
        "The page `index.html`, which judges the papers' claims by the results of this study.",
    )
    plots: PlotSettings = setting(
        PlotSettings,
        "The appearance of the figures. A change redraws them and reruns nothing else.",
    )
