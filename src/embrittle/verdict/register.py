"""The register of claims: what the papers say, where they say it, and the test that decides each claim.

The register is a data file, resources/published/claims.yaml, with the format `Content`. The code contains nothing about
individual claims.
"""

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from embrittle.errors import ConfigError
from embrittle.problems import Problems, suggestion
from embrittle.render.published import APR_K
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
_ON_SUB_SAMPLES = ("slope_sign", "slope_value", "printed_points", "flatter")


@dataclass(frozen=True)
class Claim:
    """A statement of the papers.

    Attributes:
        name: key of the claim.
        papers: the papers that make the claim, keys of `Register.papers`.
        where: table, figure or section.
        statement: the claim in words.
        printed: the printed figure as text; "" if none is printed.
        datasets: data sets that the claim is about.
        k: length of the lists.
        test: key of `decisions.TESTS`.
        parameters: parameters of the test.
        figures: figures that only the text prints: mappings with the names that identify a case, and `value`.
        transfers: whether the test is meaningful on other data sets; not for a figure printed for one data set.
        why: the reason for the test's limits; "" if the paper states them.
        hangs_on: settings that the paper does not state and that the verdict depends on, by their dotted keys. The
            verdict names their values.
        product: the product that the claim is about, where it is not the one whose table has the numbers: a claim that
            attacks on the ranking test takes groups from the tables of fairness, but not the settings of Table 2.
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
    hangs_on: tuple[str, ...] = ()
    product: str = ""

    @property
    def products(self) -> set[str]:
        """The products whose numbers the claim is about, by their names in `PRODUCTS`."""
        if self.product:
            return {self.product}
        if self.test in _ON_SUB_SAMPLES:
            return {"characteristics"}
        curves = "poster" if self.k == APR_K else "curves"
        product_of = {
            "table1": "table1",
            "groups": "fairness",
            "fairness": "fairness",
            "metrics": curves,
        }
        quantities = (self.parameters.get(place, {}) for place in ("of", "to", "than"))
        found = {product_of[quantity["from"]] for quantity in quantities if "from" in quantity}
        return found or {curves}


@dataclass(frozen=True)
class Register:
    """All claims, and statements in which the papers contradict themselves or each other.

    Attributes:
        papers: key -> name of a paper.
        claims: statements that get a verdict.
        disagreements: contradictory statements, which are shown beside our figures without a verdict.
    """

    papers: Mapping[str, str]
    claims: tuple[Claim, ...]
    disagreements: tuple[Claim, ...]


# --- The format of the file --------------------------------------------------------------------------

_CASES = (
    *("model", "attack", "metric", "epsilon", "iterations"),
    *("attribute", "group", "measure", "characteristic", "rows"),
)
Cases = dict[Literal[_CASES], Annotated[list[Any], Field(min_length=1)]]  # type: ignore[valid-type]


class Within(Section):
    """The largest distance from a printed figure that counts as equal, in percent or in points."""

    percent: Positive | None = optional("Percent of the printed figure.")
    points: Positive | None = optional("Percentage points, for figures in percent.")


class Quantity(Section):
    """A quantity of a study: its table, and the keys that identify the value there (`sources`)."""

    source: Literal["table1", "metrics", "groups", "fairness"] = required(
        "The table.", alias="from"
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
    """The test that decides a claim, and the parameters of the test (`decisions`)."""

    model_config = ConfigDict(extra="allow")

    name: Text = required("Of the test.")
    over: (
        Annotated[
            list[Cases],
            Field(min_length=1),
            BeforeValidator(lambda over: over if isinstance(over, list) else [over]),
        ]
        | None
    ) = optional(
        "Names and lists of values, of which every combination is a case; or several such."
    )
    of: Quantity | None = optional("The quantity that the claim is about.")
    to: Quantity | None = optional("The quantity to compare with.")
    than: Quantity | None = optional("The quantity to compare with.")
    above: Number | None = optional("Lower bound of the figures that the claim allows.")
    below: Number | None = optional("Upper bound of the figures that the claim allows.")
    rise: Count | None = optional("Number of iterations at which a curve lies above its start.")
    end: Count | None = optional("Number of iterations at which a curve lies below its start.")
    within: Within | None = optional("Largest distance from the published figure.")
    signs: dict[str, Literal[1, -1]] | None = optional("Characteristic -> sign of its slope.")
    characteristics: list[Literal["density", "size", "shape"]] | None = optional("Of data sets.")
    key: Filled | None = optional("A key of the configuration.")
    model: Filled | None = optional("A recommender.")
    other: Filled | None = optional("The recommender to compare with.")


class Entry(Section):
    """A claim; the keys are explained in `Claim`."""

    papers: Annotated[list[Text], Field(min_length=1)] = required("The papers that make the claim.")
    where: Filled = required("Table, figure or section.")
    statement: Filled = required("The claim in words.")
    printed: Filled | None = optional("The printed figure as text.")
    datasets: Annotated[list[Text], Field(min_length=1)] = required("The data sets of the claim.")
    k: Count = required("Length of the lists.")
    transfers: Switch | None = optional("Whether the test is meaningful on other data sets.")
    why: Filled | None = optional("The reason for the test's limits.")
    hangs_on: Annotated[list[Text], Field(min_length=1)] | None = optional(
        "Settings that the paper does not state and that the verdict depends on, by their dotted keys."
    )
    product: Text | None = optional(
        "The product that the claim is about, where it is not the one whose table has the numbers."
    )
    figures: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = optional(
        "Figures that only the text prints, with the names of their cases."
    )
    test: Decision = required("The test that decides the claim.")


class Content(Section):
    """The whole file."""

    papers: Annotated[dict[str, Filled], Field(min_length=1)] = required("Key -> paper.")
    claims: Annotated[dict[Slug, Entry], Field(min_length=1)] = required(
        "Statements that get a verdict."
    )
    disagreements: dict[Slug, Entry] = required(
        "Contradictory statements of the papers, shown beside our figures without a verdict."
    )


# --- Reading the file --------------------------------------------------------------------------------


def load(path: str | os.PathLike) -> Register:
    """Read and check the register, claims.yaml.

    Raises:
        ConfigError: the register is invalid; the message lists all problems, one on each line.
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
    """Check that claims, papers, tests and parameters have valid names, which `Content` cannot express."""
    for name in content["claims"].keys() & content["disagreements"].keys():
        problems.add(("disagreements", name), "a claim has the same name")
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
