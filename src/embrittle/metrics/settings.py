"""What a configuration says of measures, and of groups of users and items. Light."""

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
    """How the lists of recommendations are measured."""

    # Ranks are stored as int16.
    k: Annotated[list[Annotated[Whole, Field(ge=1, le=32767)]], Field(min_length=1)] = setting(
        lambda: [10],
        "Lengths K of the lists. Lists are stored once, at the largest; the metrics are computed for each; tables and "
        "figures show the first.",
    )


class Attribute(Section):
    """What groups of users or items are made by."""

    of: Literal["users", "items"] = required("`users` or `items`.")
    column: Filled | None = optional(
        "A column of the user or item table, such as `gender` or `genres`. Each of its values is a group. Where a "
        "field has several values, an item is in several groups; where it has none, in none."
    )
    quantiles: Annotated[Whole, Field(ge=2)] | None = optional(
        "Number of groups of about equal size, least first: `4` for quartiles. Of the training interactions, or with "
        "`column` of a numeric column. Equal values are never parted, so groups may differ in size."
    )
    groups: Annotated[Names, Field(min_length=2)] | None = optional(
        "The values of `column` that make groups, in order (C1, C2, …), as text. Without this key, all, sorted."
    )
    distributions: dict[Name, Shares] = setting(
        dict,
        "Name → what GCE takes for fair, beside the uniform `f0`: one share a group, summing to 1; for example "
        "`[0.7, 0.1, 0.1, 0.1]`, fair if the first of four groups gets most. With `column` it needs `groups`.",
    )
