"""The settings of controls. Light: imported whenever the Snakefile is parsed."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from embrittle.section import Positive, Section, Text, optional, required

WAYS = ("scale", "norms_of", "form")


class Control(Section):
    """A copy of a model with the same lists: give `of`, and one of `scale`, `norms_of` and `form`."""

    of: Text = required("The model that is copied, one of `models`.")
    scale: Positive | None = optional("The number that all rows of both sides are multiplied by.")
    norms_of: Text | None = optional(
        "Another of `models`: the user rows get the root mean square norm of its user rows, the item rows that of its "
        "item rows."
    )
    form: Literal["balanced", "canonical"] | None = optional(
        "`balanced`: users and items get rows of the same root mean square norm, the scores stay as they are. "
        "`canonical`: the form that depends on the scores alone, P = U√Σ and Q = V√Σ with the singular value "
        "decomposition UΣVᵀ of the matrix of all scores."
    )


def mistakes_of(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for the mistakes in an entry that its types do not cover; any key may be missing."""
    given = [way for way in WAYS if way in entry]
    if not given:
        yield "scale", f"this key is missing: give one of {', '.join(WAYS)}"
    elif len(given) > 1:
        yield given[1], f"give one of {' and '.join(given)}, not both"
    if "norms_of" in entry and entry["norms_of"] == entry.get("of"):
        yield "norms_of", "a model has its own norms already: name another model"
