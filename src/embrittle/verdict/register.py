"""The register of claims: what the papers say, where, and the test that decides it, as data.

A file of its own (resources/published/claims.yaml) with a strict schema beside it; nothing about a single claim stands
in the code.
"""

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from embrittle.errors import ConfigError
from embrittle.study.schema import Problems, check_structure, read_yaml, suggestion
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


def load(path: str | os.PathLike, schema: str | os.PathLike) -> Register:
    """Read the register and check it.

    Args:
        path: claims.yaml.
        schema: its JSON schema, as YAML.

    Raises:
        ConfigError: all that is wrong with it, one a line.
    """
    content, rules = read_yaml(path), read_yaml(schema)
    problems = Problems(file=f"{os.path.basename(path)}: ")
    check_structure(content, rules, rules, problems)
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
    """Check what a schema cannot: that names are those of something."""
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
