"""What a configuration says of an attack. Light."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from embrittle.attacks.methods import ATTACKS
from embrittle.section import FromZero, Number, Positive, Section, Text, optional, required

# Options that are more than any number: their types, and what they mean.
_OPTIONS: dict[str, tuple[Any, str]] = {
    "step_size": (Positive, "`bim`, `pgd`: L2 norm of one step per row, in units of ε."),
    "start": (
        FromZero,
        "`pgd`: starts uniformly in (−start, start), in absolute units, whatever ε is. Without effect with `norm: "
        "l2`, which starts uniformly in its ball.",
    ),
    "norm": (
        Literal["linf", "l2"],
        "`bim`, `pgd`: what holds Δ to the budget after each step. `linf`: each element within ±ε, as in the papers; "
        "rows then reach a multiple of FGSM's ε. `l2`: each row within the ball of radius ε, FGSM's budget; for "
        "comparisons of methods rather than of sizes.",
    ),
    "negatives": (
        Literal["fixed", "resampled"],
        "`bim`, `pgd`: `fixed`: one negative for each positive, drawn once, as in the papers. `resampled`: drawn "
        "anew at each step, so that many steps do not overfit to one draw.",
    ),
}


class AttackDefinition(Section):
    """An attack: a method with its options. An option that is left out has the default of the method."""

    method: Text = required(
        "`fgsm`: one step of L2 norm ε per row. `bim`: many steps from 0, clipped to ±ε element by element. `pgd`: "
        "the same from a random start. `noise`: random directions of L2 norm ε on every row, no gradient, as "
        "something to compare with."
    )


def attack_definition() -> type[AttackDefinition]:
    """A definition with the options of all methods; those that are not described above are any number.

    So a further attack is a function in `attacks.methods`, and nothing else.
    """
    options = {
        option: default for method in ATTACKS.values() for option, default in method.options.items()
    }
    described = [option for option in _OPTIONS if option in options]
    return _attack_definition(tuple((o, options[o]) for o in dict.fromkeys([*described, *options])))


@cache
def _attack_definition(options: tuple[tuple[str, float | str], ...]) -> type[AttackDefinition]:
    fields: dict[str, Any] = {}
    for option, default in options:
        kind, description = _OPTIONS.get(option, (Number, "An option of a method: a number."))
        # The default is the method's own, so it is only told here (`study.settings` fills it in).
        field = optional(description, examples=[default])
        fields[option] = (Annotated[kind, Field()] | None, field)
    return create_model("Attack", __base__=AttackDefinition, **fields)
