"""The settings of the recommenders: training, AMF, baselines. Light: imported whenever the Snakefile is parsed."""

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
