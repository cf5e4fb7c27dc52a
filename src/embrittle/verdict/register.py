"""The register of claims: what the papers say, where, and the test that decides it, as data.

A file of its own (resources/published/claims.yaml); `Content` says what it may hold. The code says nothing about a
single claim.
"""

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from embrittle.errors import ConfigError
from embrittle.problems import Problems, suggestion
from embrittle.section import (
    Count,
    Filled,
    Number,
    Positive,
    Section,
    Slug,
    Switch,
    Text,
    optional,
    required,
)
from embrittle.validation import checked, read_yaml
from embrittle.verdict.decisions import LIMITS, TESTS

SECTIONS = ("claims", "disagreements")


@dataclass(frozen=True)
class Claim:
    """One statement of the papers.

    Attributes:
        name: its key.
        papers: keys of `Register.papers` that make it.
        where: table, figure or section.
        statement: what is said.
        printed: the figure as it is printed, as text; "" where there is none.
        datasets: data sets that it is made about.
        k: length of the lists.
        test: name in `decisions.TESTS`.
        parameters: of the test.
        figures: what is printed for a case in the text: mappings of what names it (a data set, too), and `value`.
        transfers: whether the test means something on other data sets: a figure printed for one does not.
        why: why the test has these limits, "" where they are printed.
    """

    name: str
    papers: tuple[str, ...]
    where: str
    statement: str
    datasets: tuple[str, ...]
    k: int
    test: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Mapping[str, Any], ...] = ()
    printed: str = ""
    transfers: bool = True
    why: str = ""

    @property
    def uses_table1(self) -> bool:
        """Whether it rests on cells of Table 1, which mean something at its own grid alone."""
        quantities = (self.parameters.get(place, {}) for place in ("of", "to", "than"))
        return any(quantity.get("from") == "table1" for quantity in quantities)


@dataclass(frozen=True)
class Register:
    """All claims, and where the papers disagree with themselves or each other (the same form).

    Attributes:
        papers: key -> what a paper is called.
        claims: what is judged.
        disagreements: what is only set beside our figures.
    """

    papers: Mapping[str, str]
    claims: tuple[Claim, ...]
    disagreements: tuple[Claim, ...]


# --- What the file may hold --------------------------------------------------------------------------

_CASES = (
    *("model", "attack", "metric", "epsilon", "iterations"),
    *("attribute", "group", "measure", "characteristic"),
)
Cases = dict[Literal[_CASES], Annotated[list[Any], Field(min_length=1)]]  # type: ignore[valid-type]


class Within(Section):
    """How far from a printed figure counts as the same: in percent, or in points."""

    percent: Positive | None = optional("Percent of the printed figure.")
    points: Positive | None = optional("Of a figure that is itself in percent.")


class Quantity(Section):
    """A number of a study: the table that it stands in, and what finds it there."""

    source: Literal["table1", "metrics", "groups", "fairness"] = Field(
        default=None,
        alias="from",
        description="The table.",
        json_schema_extra={"x-required": True},
    )
    model: Text | None = optional("A recommender.")
    attack: Text | None = optional("An attack.")
    metric: Text | None = optional("A measure of accuracy and the like.")
    epsilon: Positive | None = optional("Of the attack.")
    iterations: Count | None = optional("Of the attack.")
    attribute: Text | None = optional("Of users or items.")
    group: Text | None = optional("One of its groups.")
    measure: Text | None = optional("A measure of fairness.")


class Decision(Section):
    """The test that decides a claim, and its parameters. Which test takes which, the tests themselves say."""

    model_config = ConfigDict(extra="allow")

    name: Text = required("Of the test.")
    over: (
        Annotated[
            list[Cases],
            Field(min_length=1),
            BeforeValidator(lambda over: over if isinstance(over, list) else [over]),
        ]
        | None
    ) = optional("Names and their values: every combination is a case. Or several of these.")
    of: Quantity | None = optional("What the claim is about.")
    to: Quantity | None = optional("What it is compared to.")
    than: Quantity | None = optional("What it is compared to.")
    above: Number | None = optional("The claim says that it is above.")
    below: Number | None = optional("The claim says that it is below.")
    until: Count | None = optional("Number of iterations.")
    within: Within | None = optional("How close.")
    signs: dict[str, Literal[1, -1]] | None = optional("Characteristic -> sign of its slope.")
    characteristics: list[Literal["density", "size", "shape"]] | None = optional("Of data sets.")
    key: Filled | None = optional("A key of the configuration.")


class Entry(Section):
    """A claim; `Claim` says what the keys mean."""

    papers: Annotated[list[Text], Field(min_length=1)] = required("Who makes it.")
    where: Filled = required("Table, figure or section.")
    statement: Filled = required("What is said.")
    printed: Filled | None = optional("The figure as it is printed.")
    datasets: Annotated[list[Text], Field(min_length=1)] = required("What it is about.")
    k: Count = required("Length of the lists.")
    transfers: Switch | None = optional("Whether the test means something on other data sets.")
    why: Filled | None = optional("Why the test has these limits.")
    figures: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = optional(
        "What is printed for a case in the text."
    )
    test: Decision = required("What decides it.")


class Content(Section):
    """The whole file."""

    papers: Annotated[dict[str, Filled], Field(min_length=1)] = required("Key -> paper.")
    claims: Annotated[dict[Slug, Entry], Field(min_length=1)] = required("What is judged.")
    disagreements: dict[Slug, Entry] = required(
        "Where the papers disagree with themselves or each other: set beside our figures, not judged."
    )


# --- Reading it --------------------------------------------------------------------------------------


def load(path: str | os.PathLike) -> Register:
    """Read the register, claims.yaml, and check it.

    Raises:
        ConfigError: all that is wrong with it, one a line.
    """
    problems = Problems(file=f"{os.path.basename(path)}: ")
    content = checked(read_yaml(path), Content, problems, repeated_below=("figures",))
    if not problems.lines:
        _check(content, problems)
    if problems.lines:
        raise ConfigError("\n".join(problems.lines))
    claims, disagreements = (
        tuple(_claim(name, **entry) for name, entry in content[section].items())
        for section in SECTIONS
    )
    return Register(content["papers"], claims, disagreements)


def _claim(name: str, test: Mapping[str, Any], **entry: Any) -> Claim:
    lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    parameters = {key: value for key, value in test.items() if key != "name"}
    return Claim(name=name, test=test["name"], parameters=parameters, **{**entry, **lists})


def _check(content: Mapping[str, Any], problems: Problems) -> None:
    """Check that names are those of something."""
    for name in content["claims"].keys() & content["disagreements"].keys():
        problems.add(("disagreements", name), "a claim has this name already")
    for section in SECTIONS:
        for name, entry in content[section].items():
            for i, paper in enumerate(entry["papers"]):
                if paper not in content["papers"]:
                    hint = suggestion(paper, content["papers"])
                    problems.add((section, name, "papers", i), f"unknown paper {paper!r}{hint}")
            _check_test(entry["test"], (section, name, "test"), problems)


def _check_test(test: Mapping[str, Any], path: tuple, problems: Problems) -> None:
    if test["name"] not in TESTS:
        message = f"unknown test {test['name']!r}{suggestion(test['name'], TESTS)}"
        problems.add((*path, "name"), message)
        return
    _, *takes = inspect.signature(TESTS[test["name"]]).parameters.values()
    named = {parameter.name: parameter for parameter in takes if parameter.name != "limits"}
    allowed = {"name", *named, *(LIMITS if len(named) < len(takes) else ())}
    for key in test.keys() - allowed:
        problems.add((*path, key), f"the test {test['name']!r} takes no {key!r}")
    for key, parameter in named.items():
        if parameter.default is parameter.empty and key not in test:
            problems.add((*path, key), f"the test {test['name']!r} needs this key")
