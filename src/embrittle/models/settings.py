"""The settings of the recommenders: training, AMF, further models, baselines.

Light: imported whenever the Snakefile is parsed.
"""

from abc import abstractmethod
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from embrittle.models.baselines.registry import BASELINES
from embrittle.section import (
    Count,
    Criterion,
    FromZero,
    Number,
    Positive,
    Section,
    Switch,
    Whole,
    setting,
)


class Training(Section):
    """The settings of training, which all models share."""

    factors: Count = setting(64, "The length d of the embeddings.")
    epochs: Count = setting(
        2000,
        "The number of epochs; AMF's include those of BPR-MF before its start. Small data need fewer: look at the "
        "training curve.",
    )
    batch_size: Count = setting(
        512,
        "The number of triples (user, positive, negative) per step, at most the number of training interactions. "
        "The last batch of an epoch is left out if it is not full.",
    )
    learning_rate: Positive = setting(0.05, "The learning rate of Adagrad.")
    initial_accumulator: Annotated[Number, Field(ge=0.000001)] = setting(
        0.1,
        "The initial value of Adagrad's accumulators, at least 0.000001. The smaller, the larger are the first steps.",
    )
    init_scale: Positive = setting(
        0.01,
        "The standard deviation of the initial embeddings, drawn from a normal distribution truncated at two "
        "standard deviations.",
    )
    selection: Literal["best-on-test", "best-on-validation", "last"] = setting(
        "best-on-test",
        "The epoch whose model is attacked, see [below](#which-epoch-is-attacked).",
    )
    criterion: Criterion = setting(
        "HR@10",
        "The measure that selects the best epoch and that the training curve shows: `HR@` or `nDCG@` and the length "
        "of the lists. The APR authors' code uses `nDCG@100`.",
    )
    evaluate_every: Count = setting(
        10,
        "The number of epochs between evaluations, at most `training.epochs`. Only evaluated epochs can be selected; "
        "the last epoch is always evaluated. Smaller values give more epochs to choose from and take longer.",
    )
    checkpoint_seconds: Annotated[Whole, Field(ge=0)] = setting(
        30,
        "The number of seconds between checkpoints; `0` saves one after every epoch. A killed training continues "
        "from its checkpoint, with the same result. Choose more for a slow file system; a change reruns nothing.",
    )


class AdversarialTraining(Section):
    """AMF: BPR-MF, trained further with an adversarial term."""

    start_epoch: Count = setting(
        1000,
        "The epoch of BPR-MF whose state AMF starts from: before `training.epochs`, and a multiple of "
        "`training.evaluate_every`. The papers start at half of the epochs. A change trains AMF again, and BPR-MF in "
        "two parts (to this epoch and after it) with the same result.",
    )
    epsilon: Positive = setting(
        0.5,
        "The L2 norm of each row of Δ in the adversarial term. Larger values make AMF more robust and, beyond some "
        "point, less accurate.",
    )
    weight: FromZero = Field(
        default=1.0,
        alias="lambda",
        description="The weight λ of the adversarial term. With 0, AMF is BPR-MF.",
    )
    restart_accumulators: Switch = setting(
        False,
        "Whether Adagrad's accumulators restart when AMF starts. `false` continues with those of BPR-MF, as in the "
        "MSAP authors' code: steps stay small. `true` restarts them, as in the APR authors' code: first steps are "
        "large.",
    )


class OwnTraining(Section):
    """The settings of a model that is trained by a module of its own (`registry.Model.trained_by`)."""

    def last_epoch(self) -> int:
        """Return the number of the last epoch; 0 for a model without epochs."""
        return getattr(self, "epochs", 0)

    @abstractmethod
    def seconds(self, interactions: float) -> float:
        """Return the longest time of a training on one core that a cluster should allow.

        Args:
            interactions: number of interactions in millions.
        """


class PureSvd(OwnTraining):
    """PureSVD: a truncated singular value decomposition of the interactions."""

    singular_values: Literal["users", "both"] = setting(
        "users",
        "Where the singular values go. `users`: into the user embeddings, as in the paper; item embeddings are then "
        "short. `both`: their roots into both sides. Lists without perturbation are the same, those under attack are "
        "not, because ε is the same for short and long rows.",
    )

    def seconds(self, interactions: float) -> float:
        """Return the time of the products with the matrix that the decomposition takes."""
        return 120 * interactions


class Als(OwnTraining):
    """ALS: weighted least squares on all pairs of user and item, by the library `implicit`."""

    iterations: Count = setting(
        15,
        "The number of times that all user embeddings and then all item embeddings are solved for.",
    )
    alpha: FromZero = setting(
        40.0,
        "The weight of an interaction is 1 + alpha, that of any other pair of user and item is 1. The paper's value "
        "is 40.",
    )
    regularisation: Positive = setting(
        10.0,
        "The weight λ of the squared embeddings. With a small one, user embeddings stay long and item embeddings "
        "short, which attacks of one ε do not treat alike.",
    )

    def seconds(self, interactions: float) -> float:
        """Return the time of the iterations."""
        return 20 * self.iterations * interactions


class LightGcn(OwnTraining):
    """LightGCN: embeddings that are averaged over the neighbours in the graph of users and items."""

    epochs: Count = setting(
        1000, "The number of epochs. Small data need fewer: look at the training curve."
    )
    evaluate_every: Count = setting(
        10, "The number of epochs between evaluations, at most `light_gcn.epochs`."
    )
    batch_size: Count = setting(
        2048,
        "The number of triples per step. Every step propagates over the whole graph, so an epoch's time is the number "
        "of batches times that of a propagation (0.1 s for ML-1M on one core), and the paper's 2,048 belongs on small "
        "data. On large data choose 8,192 or more, with a larger `learning_rate`.",
    )
    learning_rate: Positive = setting(0.001, "The learning rate of Adam.")
    init_scale: Positive = setting(
        0.1, "The standard deviation of the initial embeddings, drawn from a normal distribution."
    )
    layers: Annotated[Whole, Field(ge=0)] = setting(
        3, "The number of propagations whose results are averaged; 0 is matrix factorisation."
    )
    regularisation: FromZero = setting(
        0.0001, "The weight λ of the squared embeddings, before propagation, of a batch's triples."
    )

    def seconds(self, interactions: float) -> float:
        """Return the time of the propagations, with a margin for evaluations and slower cores."""
        batches = 1 + interactions * 1e6 / self.batch_size
        return self.epochs * batches * (0.01 + 0.15 * self.layers * interactions)


_FROM_ZERO = ("regularisation", "pretraining")
_SHARES = ("corruption", "positive_share")
_OPTIONS = {
    "epochs": "The number of epochs.",
    "evaluate_every": "The number of epochs between evaluations.",
    "factors": "The length of the embeddings.",
    "learning_rate": "The learning rate.",
    "negatives": "The number of negative items for each positive one.",
    "corruption": "The share of a user's items that are left out of the input at random.",
    "regularisation": "The weight of the penalty on large parameters.",
    "discriminator_epochs": "The epochs of the discriminator in each epoch of the game.",
    "generator_epochs": "The epochs of the generator in each epoch of the game.",
    "temperature": "Divides the generator's scores when it samples for the discriminator; smaller is sharper.",
    "positive_share": "The share of a user's own items among those that the generator samples to learn from.",
}
_OWN_OPTIONS = {
    ("CDAE", "batch_size"): "The number of users per step.",
    ("IRGAN", "batch_size"): "The number of users per step.",
    ("NeuMF", "batch_size"): "The number of pairs of user and item per step.",
    (
        "IRGAN",
        "pretraining",
    ): "The number of epochs of BPR-MF whose result the generator starts from.",
    (
        "NeuMF",
        "pretraining",
    ): "The number of epochs for which each part is trained alone before both are joined; `0` trains the whole from "
    "scratch, with Adam.",
}


def _option_type(option: str, default: float) -> Any:
    """The type of an option of a baseline in the configuration."""
    if option in _SHARES:
        return Annotated[Number, Field(ge=0, le=0.99)]
    if isinstance(default, int):
        return Annotated[Whole, Field(ge=0 if option in _FROM_ZERO else 1)]
    return FromZero if option in _FROM_ZERO else Positive


def baselines_section() -> type[Section]:
    """The section `baselines`. Its keys come from `BASELINES`, so a further baseline needs no change here."""
    return _baselines_section(
        tuple((name, tuple(b.options.items())) for name, b in BASELINES.items())
    )


@cache
def _baselines_section(
    baselines: tuple[tuple[str, tuple[tuple[str, float], ...]], ...],
) -> type[Section]:
    sections: dict[str, Any] = {}
    for name, options in baselines:
        fields: dict[str, Any] = {
            option: (
                _option_type(option, default),
                Field(default=default, description=_description(name, option)),
            )
            for option, default in options
        }
        section = create_model(name, __base__=Section, **fields)
        sections[name] = (
            section,
            Field(default_factory=section, description=f"Options of {name}."),
        )
    return create_model("Baselines", __base__=Section, **sections)


def _description(baseline: str, option: str) -> str | None:
    return _OWN_OPTIONS.get((baseline, option), _OPTIONS.get(option))
