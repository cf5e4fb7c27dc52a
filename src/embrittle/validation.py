"""Check a user's mapping against a `Section`: report all mistakes in plain words and return the canonical form.

This module does not know what any key means. Light: imported whenever the Snakefile is parsed.
"""

import math
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

import yaml
from pydantic import TypeAdapter, ValidationError

from embrittle.errors import ConfigError
from embrittle.problems import KeyPath, Problems, nearest, number_text, suggestion
from embrittle.section import (
    PATTERNS,
    bare,
    choices,
    inside,
    is_required,
    is_section,
    key_paths,
    keys_of,
    read_number,
)

_MAPPING = "a mapping (lines of `key: value`)"
# pydantic's kinds of error for a value of another type -> the expected type in words.
_EXPECTED = {
    "list_type": "a list",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "string_type": "text",
}
_LIMITS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
}


def read_yaml(path: str | os.PathLike) -> dict:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: the file is missing, is not YAML or is not a mapping.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected {_MAPPING}, found {_found(content)}")
    return content


def checked(
    value: Mapping, expected: Any, problems: Problems, repeated_below: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the canonical form of `value`: a new dictionary with all defaults and without wrong values.

    Whole numbers are int, other numbers float; lists keep their order.

    Args:
        value: the mapping that a user wrote.
        expected: its type: a `Section`, or a mapping of names to sections.
        problems: all mistakes are added here, each with the path of its key.
        repeated_below: keys below which a list may contain a value twice.
    """
    plain = _plain_copy(value, (), problems)
    adapter = TypeAdapter(expected)
    kept, found, emptied = _without_mistakes(plain, adapter)
    mistakes = _mistakes(found, plain, expected)
    mistakes += [
        (path[:-1], path, "this key is missing and has no default")
        for path in _missing(kept, expected, ())
        if path not in {place for _, place, _ in mistakes}
    ]
    for path in found:
        _mark_misspelt_key(path, expected, plain, problems)
    # In the user's order of keys; within one mapping, unknown and missing keys come first.
    for _, path, message in sorted(mistakes, key=lambda mistake: _position(plain, mistake[0])):
        problems.add(path, message)
    _check_duplicates(plain, expected, (), problems, repeated_below)
    problems.paths.update(emptied)
    canonical = adapter.dump_python(
        adapter.validate_python(kept), by_alias=True, exclude_none=True, warnings="none"
    )
    return _without(canonical, problems.paths, ())


def _plain_copy(value: Any, path: KeyPath, problems: Problems) -> Any:
    """Copy `value` to plain dictionaries and lists; report and leave out keys that are not text."""
    if isinstance(value, Mapping):
        result = {}
        for key, item in value.items():
            if isinstance(key, str):
                result[key] = _plain_copy(item, (*path, key), problems)
            else:
                message = f"a key must be text, found {_found(key)}: quote it"
                problems.add((*path, str(key)), message)
        return result
    if isinstance(value, list | tuple):
        return [_plain_copy(item, (*path, i), problems) for i, item in enumerate(value)]
    return value


def _without_mistakes(
    plain: dict[str, Any], adapter: TypeAdapter
) -> tuple[dict[str, Any], dict[KeyPath, dict[str, Any]], set[KeyPath]]:
    """Remove the values that pydantic refuses.

    Returns:
        `plain` without these values; path -> pydantic's error, of the values that the user got wrong; and the paths of
        values that pydantic refused only after the first were removed, such as lists left empty.
    """
    found: dict[KeyPath, dict[str, Any]] = {}
    emptied: set[KeyPath] = set()
    kept = plain
    while True:
        try:
            adapter.validate_python(kept)
            return kept, found, emptied
        except ValidationError as error:
            # A value that is refused only because others were removed is no mistake of the user's.
            mistakes = error.errors(include_url=False)
            refused = {_path_of(mistake, plain): mistake for mistake in mistakes}
            if kept is plain:
                found = refused
            else:
                emptied |= set(refused)
            kept = _without(plain, {*found, *emptied}, ())


def _path_of(mistake: Mapping[str, Any], plain: Any) -> KeyPath:
    """Return the path of a mistake in `plain`."""
    path: list[str | int] = []
    for part in mistake["loc"][:-1] if _has_wrong_name(mistake) else mistake["loc"]:
        if isinstance(part, int) and isinstance(plain, dict):
            continue  # a single section, which pydantic was given in a list (`section.one_or_more`)
        path.append(part)
        is_there = part in plain if isinstance(plain, dict) else isinstance(plain, list)
        plain = plain[part] if is_there else None
    return tuple(path)


def _has_wrong_name(mistake: Mapping[str, Any]) -> bool:
    """Whether the name of a mapping's entry is wrong, not its value: pydantic appends "[key]" to the path."""
    return mistake["loc"][-1:] == ("[key]",)


def _without(value: Any, paths: set[KeyPath], path: KeyPath) -> Any:
    """Copy `value` without the values at `paths`."""
    if isinstance(value, dict):
        return {
            key: _without(item, paths, (*path, key))
            for key, item in value.items()
            if (*path, key) not in paths
        }
    if isinstance(value, list):
        kept = [(i, item) for i, item in enumerate(value) if (*path, i) not in paths]
        return [_without(item, paths, (*path, i)) for i, item in kept]
    return value


def _mistakes(
    found: Mapping[KeyPath, Mapping[str, Any]], plain: Mapping, expected: Any
) -> list[tuple[KeyPath, KeyPath, str]]:
    """Describe the mistakes: (path to sort by, path of the value, message)."""
    mistakes = []
    for path, mistake in found.items():
        if _has_wrong_name(mistake):
            pattern = PATTERNS[mistake["ctx"]["pattern"]]
            message = f"the name {path[-1]!r} is not {pattern}"
            mistakes.append((path[:-1], path, message))
        elif mistake["type"] == "extra_forbidden":
            mistakes.append((path[:-1], path, _unknown_key(path, expected)))
        else:
            mistakes.append((path, path, _wrong_value(mistake, _type_at(expected, path))))
    return mistakes


def _position(value: Any, path: KeyPath) -> list[int]:
    """Return the position of each part of a path in `value`; positions sort in the user's order of keys."""
    position = []
    for part in path:
        position.append(part if isinstance(part, int) else list(value).index(part))
        value = value[part]
    return position


def _type_at(expected: Any, path: KeyPath) -> Any:
    for part in path:
        expected = inside(expected, part)
    return expected


def _section_at(expected: Any, path: KeyPath) -> Any:
    """Return the type of the mapping at a path, also of one that stands for a list of one."""
    found = bare(_type_at(expected, path))
    return bare(inside(found, 0)) if get_origin(found) is list else found


def _unknown_key(path: KeyPath, expected: Any) -> str:
    valid = list(keys_of(_section_at(expected, path[:-1])))
    key = path[-1]
    elsewhere = [
        place
        for place, _ in key_paths(expected)
        if "<name>" not in place and place.rpartition(".")[2] == key
    ]
    hint = suggestion(key, valid)
    if nearest(key, valid) is None and elsewhere:
        hint = f"; keys of this name: {', '.join(elsewhere)}"
    return f"unknown key {key!r}{hint}"


def _mark_misspelt_key(path: KeyPath, expected: Any, plain: Mapping, problems: Problems) -> None:
    """Mark the key that a user probably misspelt as unusable, so that no further check uses its default."""
    section = _section_at(expected, path[:-1])
    if not is_section(section) or path[-1] in keys_of(section):
        return
    near = nearest(path[-1], keys_of(section))
    for part in path[:-1]:
        plain = plain[part]
    if near is not None and near not in plain:
        problems.paths.add((*path[:-1], near))


def _missing(value: Any, expected: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Yield the paths of required keys that are missing."""
    expected = bare(expected)
    if isinstance(value, dict) and get_origin(expected) is list:  # `section.one_or_more`
        expected = bare(inside(expected, 0))
    if isinstance(value, dict) and is_section(expected):
        for key, field in keys_of(expected).items():
            if is_required(field) and key not in value:
                yield (*path, key)
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for part, item in parts:
            yield from _missing(item, inside(expected, part), (*path, part))


def _wrong_value(mistake: Mapping[str, Any], expected: Any) -> str:
    value, kind, about = mistake["input"], mistake["type"], mistake.get("ctx", {})
    if kind == "list_type" and is_section(bare(inside(expected, 0))):
        return f"expected a list of mappings (lines of `key: value`), found {_found(value)}"
    if kind in _EXPECTED:
        return _wrong_type(_EXPECTED[kind], value)
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return f"{value} is not possible: it must be {words} {number_text(about[key])}"
    match kind:
        case "literal_error":
            valid = choices(expected)
            if isinstance(valid[0], str) and not isinstance(value, str):
                return _wrong_type("text", value)
            return f"unknown value {value!r}{suggestion(value, valid)}"
        case "string_pattern_mismatch":
            return f"{value!r} is not {PATTERNS[about['pattern']]}"
        case "finite_number":
            return f"expected a finite number, found {value}"
        case "too_short" | "string_too_short":
            least = about["min_length"]
            return "must not be empty" if least == 1 else f"must have at least {least} values"
    return str(mistake["msg"])


def _wrong_type(expected: str, value: Any) -> str:
    message = f"expected {expected}, found {_found(value)}"
    if isinstance(value, str) and expected in ("a number", "a whole number"):
        return message + _number_hint(value, whole=expected == "a whole number")
    if expected == "a list" and not isinstance(value, Mapping) and value is not None:
        return f"{message}; a list of one value is written [{value}]"
    if expected == "text" and isinstance(value, bool):
        return f"{message} (YAML reads yes, no, on and off as true or false): put it in quotes"
    if expected == "text" and not isinstance(value, Mapping | list | None):
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
    """Return how to write the number that `text` looks like so that YAML reads a number; "" for other text."""
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


def _check_duplicates(
    value: Any, expected: Any, path: KeyPath, problems: Problems, except_below: tuple[str, ...]
) -> None:
    """Report values that a list of plain values contains twice; 10 and 10.0 are the same value."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in except_below:
                place = (*path, key)
                _check_duplicates(item, inside(expected, key), place, problems, except_below)
    elif isinstance(value, list):
        part = inside(expected, 0)
        seen: dict[Any, tuple[int, Any]] = {}
        for i, item in enumerate(value):
            if isinstance(item, dict | list):
                _check_duplicates(item, part, (*path, i), problems, except_below)
                continue
            item = read_number(item) if bare(part) in (int, float) else item
            # The first part of the key distinguishes true from 1, which are equal in Python.
            first = seen.setdefault((isinstance(item, bool), item), (i, item))
            if first[0] == i:
                continue
            if repr(first[1]) == repr(item):
                problems.add((*path, i), f"{item} is given twice: give it once")
            else:
                problems.add((*path, i), f"{first[1]} and {item} are the same value: give it once")
