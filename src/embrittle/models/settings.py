"""What a configuration says of the recommenders: training, AMF, baselines. Light."""

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
    """The same for all models."""

    factors: Count = setting(64, "Length d of the embeddings.")
    epochs: Count = setting(
        2000,
        "Number of epochs, for AMF including those before its start. Less will do for small data: look at the "
        "training curve.",
    )
    batch_size: Count = setting(
        512,
        "Triples (user, positive, negative) per step. The last, partial batch of an epoch is dropped, so it must not "
        "exceed the number of training interactions.",
    )
    learning_rate: Positive = setting(0.05, "Step size of Adagrad.")
    initial_accumulator: Annotated[Number, Field(ge=0.000001)] = setting(
        0.1,
        "What Adagrad's accumulators start from. Small values make the first steps large; at least 0.000001, below "
        "which the eps of the step would no longer be small beside it.",
    )
    init_scale: Positive = setting(
        0.01,
        "Standard deviation of the initial embeddings: normal, truncated at two standard deviations.",
    )
    selection: Literal["best-on-test", "best-on-validation", "last"] = setting(
        "best-on-test", "Which epoch is attacked, see [below](#which-epoch-is-attacked)."
    )
    criterion: Criterion = setting(
        "HR@10",
        "What makes an epoch the best one, and what the training curve follows: `HR@` or `nDCG@` and the length of "
        "the lists. The APR authors' code uses `nDCG@100`.",
    )
    evaluate_every: Count = setting(
        10,
        "Epochs between two evaluations, and so between the candidates for selection. The last epoch is always one. "
        "At most `training.epochs`. Smaller is finer and slower.",
    )
    checkpoint_seconds: Annotated[Whole, Field(ge=0)] = setting(
        30,
        "How often the state of a training is saved. A training that was killed continues from there, to the same "
        "result. `0`: after every epoch. Larger for a slow file system; a change runs nothing again.",
    )


class AdversarialTraining(Section):
    """AMF: BPR-MF trained on with an adversarial term."""

    start_epoch: Count = setting(
        1000,
        "The epoch of BPR-MF that AMF starts from, with its Adagrad state. Must come before `training.epochs` and "
        "be a multiple of `training.evaluate_every`; the papers start half-way. Another value trains BPR-MF again, "
        "in two parts (to there, and from there on), to the same result, and AMF.",
    )
    epsilon: Positive = setting(
        0.5,
        "L2 norm of each row of Δ. Larger means more robust and, from some point on, less accurate.",
    )
    weight: FromZero = Field(
        default=1.0,
        alias="lambda",
        description="Weight λ of the adversarial term. With 0, AMF is BPR-MF.",
    )
    restart_accumulators: Switch = setting(
        False,
        "Whether Adagrad's accumulators start anew with AMF. `false` carries BPR-MF's over, as the MSAP authors' code "
        "does, and the steps stay small; `true` is the APR authors' way, with large first steps.",
    )


_FROM_ZERO = ("regularisation", "pretraining")
_SHARES = ("corruption", "positive_share")


def _option_type(option: str, default: float) -> Any:
    """What the configuration may give an option of a baseline."""
    if option in _SHARES:
        return Annotated[Number, Field(ge=0, le=0.99)]
    if isinstance(default, int):
        return Annotated[Whole, Field(ge=0 if option in _FROM_ZERO else 1)]
    return FromZero if option in _FROM_ZERO else Positive


def baselines_section() -> type[Section]:
    """The options of all baselines; a further one is an entry in `BASELINES` alone."""
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
            option: (_option_type(option, default), Field(default=default))
            for option, default in options
        }
        section = create_model(name, __base__=Section, **fields)
        sections[name] = (
            section,
            Field(default_factory=section, description=f"Options of {name}."),
        )
    return create_model("Baselines", __base__=Section, **sections)
