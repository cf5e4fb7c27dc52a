"""The settings of measures and of groups of users and items. Light: imported whenever the Snakefile is parsed."""

from typing import Annotated, Literal

from pydantic import Field

from embrittle.section import (
    Filled,
    Name,
    Names,
    Positive,
    Section,
    Whole,
    optional,
    required,
    setting,
)

Shares = Annotated[list[Positive], Field(min_length=2)]


class Evaluation(Section):
    """How recommendation lists are measured."""

    # Ranks are stored as int16.
    k: Annotated[list[Annotated[Whole, Field(ge=1, le=32767)]], Field(min_length=1)] = setting(
        [10],
        "The lengths K of the recommendation lists. Metrics are computed for each; tables and figures show the first. "
        "A K above the largest used so far makes all lists anew.",
    )


class Attribute(Section):
    """An attribute that divides users or items into groups."""

    of: Literal["users", "items"] = required("Whether the groups are of `users` or of `items`.")
    column: Filled | None = optional(
        "A column of the user or item table, such as `gender` or `genres`; each value is a group. An item with "
        "several values is in several groups, one without a value in none."
    )
    quantiles: Annotated[Whole, Field(ge=2)] | None = optional(
        "The number of groups of about equal size, lowest values first: `4` for quartiles. The values are those of "
        "`column` (a numeric one), or without it the numbers of training interactions. Equal values stay in one group."
    )
    groups: Annotated[Names, Field(min_length=2)] | None = optional(
        "The values of `column` that are groups, as text, in the order C1, C2, …; by default all values, sorted."
    )
    distributions: dict[Name, Shares] = setting(
        dict,
        "Name → a distribution that GCE takes as fair, in addition to the uniform `f0`: one share per group, with sum "
        "1. `[0.7, 0.1, 0.1, 0.1]` is fair if the first of four groups gets most. With `column` and no `quantiles`, "
        "give `groups` too.",
    )
