"""The settings of an attack. Light: imported whenever the Snakefile is parsed."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from embrittle.attacks.losses import DEFAULT, LOSSES
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import ENSEMBLE, TRANSFER
from embrittle.problems import suggestion
from embrittle.section import (
    Count,
    FromZero,
    Names,
    Number,
    Positive,
    Section,
    Text,
    optional,
    required,
)

# The types and descriptions of the methods' options. An option that is not listed here may be any number.
_OPTIONS: dict[str, tuple[Any, str]] = {
    "step_size": (
        Positive,
        "For `bim`, `pgd` and `mi`: the L2 norm of one ascent step in each row, as a multiple of ε.",
    ),
    "start": (
        FromZero,
        "For `pgd` with `norm: linf`: each element of Δ starts at a random value between −start and start. The value "
        "is absolute, not a multiple of ε. With `norm: l2` it has no effect: rows start uniformly in the ball of "
        "radius ε.",
    ),
    "norm": (
        Literal["linf", "l2"],
        "For methods of several steps: the limit on Δ after each step. `linf` clips each element to ±ε, as in the "
        "papers; the L2 norm of a row can then be several times ε. `l2` keeps the L2 norm of each row at ε or below, "
        "the budget of `fgsm`; choose it to compare methods at equal perturbation norm.",
    ),
    "negatives": (
        Literal["fixed", "resampled"],
        "For `bim` and `pgd`: the negative items in the attacked loss. `fixed` draws one for each positive and keeps "
        "them for all steps, as in the papers. `resampled` draws new ones for each step, so that many steps do not "
        "overfit to one draw.",
    ),
    "starts": (
        Count,
        "For `apgd`: the number of runs, of which the one with the largest loss counts. The first starts from Δ = 0, "
        "the others from random rows in the ball of radius ε.",
    ),
    "momentum": (
        FromZero,
        "For `mi`: the share of the direction of the steps so far that the next step keeps.",
    ),
}


class AttackDefinition(Section):
    """An attack: a method with its options. An option that is left out has the default of the method."""

    method: Text = required(
        "`fgsm`: one ascent step of L2 norm ε in each row of the embeddings. `bim`: several smaller steps from Δ = 0, "
        "kept within a budget (`norm`). `pgd`: as `bim`, from a random Δ. `noise`: a random direction of L2 norm ε "
        "in each row, without a gradient, for comparison. `mi`: as `bim`, with momentum. `apgd`: projected gradient "
        "ascent that chooses its steps itself and returns the best of them. `ensemble`: the strongest of other attacks "
        "(`members`). `transfer`: the perturbation that an attack (`attack`) has found on another model (`model`)."
    )
    members: Names | None = optional(
        "For `ensemble`: names of other attacks, of which the one that leaves the least nDCG counts; where only rows "
        "of users move, the one for each user ([docs/method.md](../docs/method.md#ensembles)). If the ensemble has a "
        "`budget` or `rows`, its members are copies with these, under the name of the attack and the value: "
        "`apgd-margin-relative`.",
        examples=[["apgd-smooth-rank", "apgd-margin"]],
    )
    attack: Text | None = optional(
        "For `transfer`: the name of the attack on the other model, one with `norm: l2`.",
        examples=["apgd-smooth-rank"],
    )
    model: Text | None = optional(
        "For `transfer`: the other model, one of the study. If its perturbation does more to a defence than an attack "
        "on the defence itself, that attack is weak "
        "([docs/method.md](../docs/method.md#transfer)).",
        examples=["BPR-MF"],
    )
    budget: Literal["absolute", "relative"] | None = optional(
        "The unit of ε, and of steps and starts. `absolute` (default): a length, as in the papers. `relative`: the "
        "root mean square of the row norms of users, and for items that of items. An absolute ε is small for a model "
        "with long rows and large for one with short rows, although scaling both sides changes no list "
        "([docs/method.md](../docs/method.md#relative-budgets)).",
        examples=["absolute", "relative"],
    )
    loss: Literal["pairwise", "standardised", "lists", "smooth-rank", "margin"] | None = optional(
        "The loss that the steps ascend. `pairwise` (default): the loss of the model's training, as in the papers. "
        "`standardised`: the same of score differences divided by their standard deviation, so that the gradient does "
        "not depend on the size of the scores. `lists`, `smooth-rank` and `margin` push target items down their users' "
        "lists ([docs/method.md](../docs/method.md#attacks-on-the-ranking)). `noise` has none.",
        examples=list(LOSSES),
    )
    knows: Literal["train", "lists", "test"] | None = optional(
        "What the attacker knows besides the model. `train`: the training interactions, for `pairwise` and "
        "`standardised`. For the other losses, which items are the targets: `lists` (default), those of the model's "
        "own lists; `test`, the test items, which no attacker knows, but which measure the worst case.",
        examples=["train", "lists", "test"],
    )
    rows: Literal["both", "users", "items"] | None = optional(
        "The embeddings that are perturbed; `both` by default.", examples=["both", "users", "items"]
    )
    temperature: Positive | None = optional(
        "For the losses `lists` and `smooth-rank`: the softness of ranks, in standard deviations of a user's scores.",
        examples=[
            LOSSES["lists"].options["temperature"],
            LOSSES["smooth-rank"].options["temperature"],
        ],
    )
    enough: Positive | None = optional(
        "For the loss `margin`: targets that are further outside the list are not pushed any more, in units of the "
        "distance between the best score and that of rank K + 10.",
        examples=[LOSSES["margin"].options["enough"]],
    )


# Keys of every attack with the values that leave the attack as it is in the papers. A definition in `Settings` has
# such a key only with another value, so that one attack has one definition.
PAPERS_VALUES = {"budget": "absolute", "loss": DEFAULT, "rows": "both"}
_OF_MEMBERS = ("budget", "rows")  # which all members of an ensemble share


def mistakes_of_ensemble(
    definition: Mapping[str, Any], attacks: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for the mistakes in the definition of an ensemble, one of `attacks`."""
    for key in sorted(definition.keys() - {"method", "members", *_OF_MEMBERS}):
        yield key, "an ensemble has members, budget and rows only: leave this key out"
    members = definition.get("members", [])
    if len(members) < 2:
        yield "members", "an ensemble needs at least two members"
    for name in members:
        if name not in attacks:
            yield "members", f"unknown attack {name!r}{suggestion(name, attacks)}"
        elif (method := attacks[name].get("method")) in (ENSEMBLE, TRANSFER):
            yield "members", f"{name!r} is of method {method}: name attacks on the model itself"
    found = [attacks[name] for name in members if name in attacks]
    for key in _OF_MEMBERS:
        values = dict.fromkeys(of.get(key, PAPERS_VALUES[key]) for of in found)
        if key not in definition and len(values) > 1:
            yield (
                "members",
                f"their {key} must be the same, and is {' and '.join(values)}: give the ensemble one",
            )
    for name, copy in copies_of_members(definition, attacks).items():
        if attacks.get(name, copy) != copy:
            yield "members", f"one would be {name!r}, which is another attack: rename that one"


def copies_of_members(
    definition: Mapping[str, Any], attacks: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return copies of an ensemble's members with the budget and rows of the ensemble, by their names; none without.

    Args:
        definition: of the ensemble.
        attacks: all definitions, those of the members with their defaults.
    """
    own = {key: definition[key] for key in _OF_MEMBERS if key in definition}
    added = [value for key, value in own.items() if value != PAPERS_VALUES[key]]
    members = [name for name in definition.get("members", []) if name in attacks] if own else []
    copies = {"-".join([member, *added]): {**attacks[member], **own} for member in members}
    return {
        name: {key: value for key, value in copy.items() if PAPERS_VALUES.get(key) != value}
        for name, copy in copies.items()
    }


def mistakes_of_transfer(
    definition: Mapping[str, Any],
    attacks: Mapping[str, Mapping[str, Any]],
    models: Iterable[str],
) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for the mistakes in the definition of a transfer, one of `attacks`.

    Args:
        definition: with the method `TRANSFER`.
        attacks: all definitions.
        models: the recommenders of the study that are attacked.
    """
    for key in sorted(definition.keys() - {"method", "attack", "model"}):
        yield key, "a transfer has an attack and a model only: leave this key out"
    for key, known, kind in (("attack", attacks, "attack"), ("model", list(models), "model")):
        name = definition.get(key)
        if name is None:
            yield key, f"a transfer needs the {kind} that the perturbation comes from"
        elif name not in known:
            yield key, f"unknown {kind} {name!r}{suggestion(name, known)}"
    found = attacks.get(definition.get("attack", ""), {})
    if (method := found.get("method")) in (ENSEMBLE, TRANSFER):
        yield "attack", f"its method is {method}: name an attack on the model itself"
    elif method in ATTACKS and found.get("norm", ATTACKS[method].options.get("norm")) == "linf":
        yield (
            "attack",
            "it limits each factor, which a rotation does not keep: name one with norm: l2",
        )


def mistakes_of(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for the mistakes in a definition with a known method that its types do not cover."""
    if "members" in definition:
        yield "members", "only an ensemble has members: leave this key out"
    for key in ("attack", "model"):
        if key in definition:
            yield key, "only a transfer has this key: leave it out"
    method, name = definition["method"], definition.get("loss", DEFAULT)
    if name not in LOSSES:
        return  # reported as a value that is not possible
    loss, of_method = LOSSES[name], ATTACKS[method].options
    of_losses = {option for kind in LOSSES.values() for option in kind.options}
    if method == "noise":
        for key in ("loss", "knows"):
            if key in definition:
                yield key, "noise follows no gradient, so it has no loss: leave this key out"
    elif definition.get("knows", loss.knows[0]) not in loss.knows:
        yield "knows", f"not possible with the loss {name} (possible: {', '.join(loss.knows)})"
    if definition.get("negatives") == "resampled" and loss.module != LOSSES[DEFAULT].module:
        yield "negatives", f"the loss {name} has no negatives: leave this key out"
    for key in sorted(definition.keys() & of_losses - loss.options.keys()):
        yield key, f"the loss {name} has no option {key} (its options: {_listed(loss.options)})"
    shared = {"method", "members", "attack", "model", "knows", *PAPERS_VALUES}
    for key in sorted(definition.keys() - of_method.keys() - of_losses - shared):
        yield key, f"the method {method} has no option {key} (its options: {_listed(of_method)})"


def _listed(options: Iterable[str]) -> str:
    return ", ".join(options) or "none"


def attack_definition() -> type[AttackDefinition]:
    """The section of an attack, with the options of all methods as keys.

    The options come from the functions in `attacks.methods`, so a further attack needs no change here.
    """
    defaults: dict[str, dict[float | str, None]] = {}
    for method in ATTACKS.values():
        for option, default in method.options.items():
            defaults.setdefault(option, {})[default] = None
    described = [option for option in _OPTIONS if option in defaults]
    options = dict.fromkeys([*described, *defaults])
    return _attack_definition(tuple((option, tuple(defaults[option])) for option in options))


@cache
def _attack_definition(
    options: tuple[tuple[str, tuple[float | str, ...]], ...],
) -> type[AttackDefinition]:
    fields: dict[str, Any] = {}
    for option, defaults in options:
        kind, description = _OPTIONS.get(option, (Number, "An option of a method: a number."))
        # Examples, not a default: `study.settings` fills in the default of the method that is chosen.
        field = optional(description, examples=list(defaults))
        fields[option] = (Annotated[kind, Field()] | None, field)
    return create_model("Attack", __base__=AttackDefinition, **fields)
