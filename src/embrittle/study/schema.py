"""Checking a mapping that a user wrote against a schema: what is wrong in plain words, and its canonical form.

Nothing here knows what the keys mean; config.py does. Imported whenever the Snakefile is parsed, so nothing heavy.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from embrittle.errors import ConfigError
from embrittle.problems import KeyPath, Problems, nearest, number_text, suggestion

_TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping (lines of `key: value`)",
    "string": "text",
}

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def read_yaml(path: str | os.PathLike) -> dict:
    """Read a YAML file whose top level is a mapping (the schema, the registry of data sets).

    Raises ConfigError if the file is missing, is not YAML or is not a mapping.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected {_TYPE_NAMES['object']}, found {_found(content)}")
    return content


def plain_copy(value: Any, path: KeyPath, problems: Problems) -> Any:
    """Copy `value` to plain dictionaries and lists; report keys not text and numbers not finite."""
    if isinstance(value, Mapping):
        result = {}
        for key, item in value.items():
            if isinstance(key, str):
                result[key] = plain_copy(item, (*path, key), problems)
            else:
                problems.add(
                    (*path, str(key)), f"a key must be text, found {_found(key)}: quote it"
                )
        return result
    if isinstance(value, list | tuple):
        return [plain_copy(item, (*path, i), problems) for i, item in enumerate(value)]
    if _is_number(value) and not _is_finite(value):
        problems.add(path, f"expected a finite number, found {value}")
    return value


def with_numbers(plain: dict[str, Any], schema: Mapping) -> dict[str, Any]:
    """Turn "10" and "0.5" into numbers where the schema wants numbers.

    Snakemake hands over what stands in brackets on the command line (--config seeds=[0,1]) as text.
    Text with an exponent stays an error: in a file it is what YAML makes of 1e-3, and a mistake.
    """
    for error in Draft202012Validator(schema).iter_errors(plain):
        wanted = error.validator == "type" and {"integer", "number"} & {
            *_listed(error.validator_value)
        }
        if wanted and isinstance(error.instance, str) and _PLAIN_NUMBER.fullmatch(error.instance):
            *parents, last = error.absolute_path
            place = plain
            for part in parents:
                place = place[part]
            place[last] = float(error.instance) if "." in error.instance else int(error.instance)
    return plain


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond the range of float
        return False


def check_structure(value: Any, schema: Mapping, root: Mapping, problems: Problems) -> None:
    """Report every violation of `schema`, whose references point into `root`, in words."""
    validator = Draft202012Validator({**schema, "$defs": root["$defs"]})
    # jsonschema goes through sets: without sorting, the order would change from run to run.
    for error in sorted(validator.iter_errors(value), key=lambda error: _position(value, error)):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            _report_unknown_keys(error, path, validator.schema, problems)
        elif error.validator == "required":
            for key in error.validator_value:
                if key not in error.instance:
                    problems.add((*path, key), "this key is missing and has no default")
        elif "propertyNames" in error.absolute_schema_path:
            path = (*path, error.instance)
            problems.add(path, f"the name {error.instance!r} is not {error.schema['description']}")
        else:
            problems.add(path, _structure_message(error))


def _position(value: Any, error: ValidationError) -> list[int]:
    """Return where in `value` the error is; it sorts as the user has written the keys."""
    position = []
    for part in error.absolute_path:
        position.append(part if isinstance(part, int) else list(value).index(part))
        value = value[part]
    return position


def _report_unknown_keys(
    error: ValidationError, path: KeyPath, schema: Mapping, problems: Problems
) -> None:
    valid = list(error.schema["properties"])
    for key in error.instance:
        if key in valid:
            continue
        near = nearest(key, valid)
        places = [place for place in key_paths(schema) if "<name>" not in place]
        elsewhere = [place for place in places if place.rpartition(".")[2] == key]
        if near is None and elsewhere:
            hint = f"; keys of this name: {', '.join(elsewhere)}"
        else:
            hint = suggestion(key, valid)
        problems.add((*path, key), f"unknown key {key!r}{hint}")
        if near is not None and near not in error.instance:
            # What the user meant is not known: no check may build on the default in its place.
            problems.paths.add((*path, near))


def key_paths(schema: Mapping) -> list[str]:
    """Return the dotted path of every key that `schema` allows; a free name is `<name>`."""

    def walk(part: Mapping, path: str) -> Iterator[str]:
        part = _resolved(part, schema)
        if path:
            yield path
        for key, child in part.get("properties", {}).items():
            yield from walk(child, f"{path}.{key}".removeprefix("."))
        if isinstance(part.get("additionalProperties"), Mapping):
            yield from walk(part["additionalProperties"], f"{path}.<name>")
        if "items" in part:
            # The keys of a list's elements: written as keys of the list.
            yield from (place for place in walk(part["items"], path) if place != path)

    return list(walk(schema, ""))


def _structure_message(error: ValidationError) -> str:
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "type":
            return _type_message(limit, value)
        case "enum":
            return f"unknown value {value!r}{suggestion(value, limit)}"
        case "pattern":
            return f"{value!r} is not {error.schema['description']}"
        case "exclusiveMinimum":
            return f"{value} is not possible: it must be greater than {limit}"
        case "minimum":
            return f"{value} is not possible: it must be at least {limit}"
        case "maximum":
            return f"{value} is not possible: it must be at most {limit}"
        case "minItems" | "minProperties" | "minLength":
            return "must not be empty"
    return error.message


def _type_message(expected: str | list[str], value: Any) -> str:
    types = [expected] if isinstance(expected, str) else expected
    message = f"expected {' or '.join(_TYPE_NAMES[t] for t in types)}, found {_found(value)}"
    if isinstance(value, str) and types[0] in ("number", "integer"):
        return message + _number_hint(value, whole=types[0] == "integer")
    if types == ["array"] and not isinstance(value, Mapping) and value is not None:
        return f"{message}; a list of one value is written [{value}]"
    if types[0] == "string" and isinstance(value, bool):
        return f"{message}; YAML reads yes, no, on and off so: put it in quotes"
    if types[0] == "string" and not isinstance(value, Mapping | list | None):
        return f"{message}; put it in quotes if it is text"
    return message


def _found(value: Any) -> str:
    match value:
        case None:
            return "nothing (a key without a value)"
        case bool():
            return "true" if value else "false"
        case int():
            return f"the whole number {value}"
        case float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return f"the {type(value).__name__} {value}"


def _number_hint(text: str, whole: bool) -> str:
    """Say how to write the number that `text` looks like, so that YAML reads it as a number."""
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number) or (whole and not number.is_integer()):
        return ""
    # YAML 1.1 reads an exponent only after a point and with a sign: 1e-3 and 1.0e3 are text.
    digits, exponent = f"{Decimal(repr(number)).normalize():e}".split("e")
    if "." not in digits:
        digits += ".0"
    scientific = f"{digits}e{int(exponent):+d}"
    plain = f"{Decimal(number_text(number)):f}"
    if whole:
        return f", which YAML takes for text: write {plain}"
    if len(plain) > 16:
        return f", which YAML takes for text: write {scientific}"
    return f", which YAML takes for text: write {plain} or {scientific}"


def check_duplicates(
    value: Any, path: KeyPath, problems: Problems, except_below: tuple[str, ...] = ()
) -> None:
    """Report values given twice in any list of plain values; 10 and 10.0 are the same value.

    Lists below the keys `except_below` may repeat themselves.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in except_below:
                check_duplicates(item, (*path, key), problems, except_below)
    elif isinstance(value, list):
        seen: dict[Any, tuple[int, Any]] = {}
        for i, item in enumerate(value):
            if isinstance(item, dict | list):
                check_duplicates(item, (*path, i), problems, except_below)
                continue
            # The first part keeps true apart from 1, which Python takes for equal.
            first = seen.setdefault((isinstance(item, bool), item), (i, item))
            if first[0] == i:
                continue
            if repr(first[1]) == repr(item):
                problems.add((*path, i), f"{item} is given twice: give it once")
            else:
                problems.add((*path, i), f"{first[1]} and {item} are the same value: give it once")


def _resolved(part: Mapping, root: Mapping) -> Mapping:
    """Return `part` of a schema with its reference, if any, replaced by what it points to."""
    if "$ref" not in part:
        return part
    target = root["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return {**target, **{key: value for key, value in part.items() if key != "$ref"}}


def canonical_form(
    value: Any, part: Mapping, root: Mapping, bad: set[KeyPath], path: KeyPath
) -> Any:
    """Return `value` with defaults and number types of the schema, without what is at `bad`."""
    part = _resolved(part, root)
    if isinstance(value, dict):
        return _canonical_mapping(value, part, root, bad, path)
    if isinstance(value, list):
        kept = [(i, item) for i, item in enumerate(value) if (*path, i) not in bad]
        return [canonical_form(item, part["items"], root, bad, (*path, i)) for i, item in kept]
    if _is_number(value):
        return float(value) if part["type"] == "number" else int(value)
    return value


def _canonical_mapping(
    value: dict, part: Mapping, root: Mapping, bad: set[KeyPath], path: KeyPath
) -> dict[str, Any]:
    named = part.get("properties", {})
    free = [key for key in value if key not in named]
    result = {}
    for key in [*named, *free]:
        place = (*path, key)
        if place in bad:
            continue
        child = _resolved(named[key] if key in named else part["additionalProperties"], root)
        if key in value:
            result[key] = canonical_form(value[key], child, root, bad, place)
        elif "default" in child:
            result[key] = canonical_form(child["default"], child, root, bad, place)
    return result
