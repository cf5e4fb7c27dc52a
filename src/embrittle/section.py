"""The types that settings are declared with: types of values, and `Section`, a mapping with declared keys.

Each room declares its settings as a `Section`, with a description of each key. The checks of a configuration
(`validation`), its defaults, the JSON schemas for editors and the tables of keys in config/README.md are all derived
from these declarations. Light: imported whenever the Snakefile is parsed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def read_number(value: Any) -> Any:
    """Turn text such as "10" and "0.5" into numbers; return anything else unchanged.

    Snakemake passes numbers in brackets on the command line (--config seeds=[0,1]) as text. Text with an exponent is
    not turned into a number, so it is reported: YAML reads 1e-3 in a file as text, which the user should correct.
    """
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _read_whole_number(value: Any) -> Any:
    value = read_number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Strict: true is not taken for a number, 1 not for true, and 5 not for text.
Whole = Annotated[int, Field(strict=True), BeforeValidator(_read_whole_number)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False), BeforeValidator(read_number)]
Text = Annotated[str, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]

Count = Annotated[Whole, Field(ge=1)]
Seed = Annotated[Whole, Field(ge=0, le=2**32 - 1)]
Positive = Annotated[Number, Field(gt=0)]
FromZero = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Filled = Annotated[Text, Field(min_length=1)]

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
CHECKSUM = r"^(md5:[0-9a-f]{32}|sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40})$"
FILE_NAME = r"^[^/\\]+$"
COLOUR = r"^#[0-9A-Fa-f]{6}$"
CRITERION = r"^(HR|nDCG)@[1-9][0-9]{0,4}$"
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
# Pattern -> its meaning in words, for the message "... is not <words>".
PATTERNS = {
    NAME: "a name of letters, digits, - and _ that starts with a letter or digit (it becomes part of file names)",
    CHECKSUM: "a checksum of the form md5:, sha1:, sha256: or git-blob: and 32, 40, 64 or 40 hexadecimal digits in "
    "lower case",
    FILE_NAME: "a file name (without a folder)",
    COLOUR: 'a colour such as "#0072b2" (in quotes: # starts a comment)',
    CRITERION: "HR@ or nDCG@ and the length of the lists, such as HR@10",
    SLUG: "a name of small letters, digits and single hyphens",
}
Name = Annotated[Text, StringConstraints(pattern=NAME)]
Checksum = Annotated[Text, StringConstraints(pattern=CHECKSUM)]
FileName = Annotated[Text, StringConstraints(pattern=FILE_NAME)]
Colour = Annotated[Text, StringConstraints(pattern=COLOUR)]
Criterion = Annotated[Text, StringConstraints(pattern=CRITERION)]
Slug = Annotated[Text, StringConstraints(pattern=SLUG)]

Names = list[Text]
Counts = Annotated[list[Count], Field(min_length=1)]
Epsilons = Annotated[list[Positive], Field(min_length=1)]


def one_or_more(section: Any) -> Any:
    """Return the type of a list of sections, of which a single one may be written without a list."""

    def in_a_list(value: Any) -> Any:
        return [value] if isinstance(value, Mapping) else value

    either = BeforeValidator(in_a_list, json_schema_input_type=section | list[section])
    return Annotated[list[section], Field(min_length=1), either]


def required(description: str, **more: Any) -> Any:
    """Declare a key that must be given.

    For pydantic the key has the default None, so that a section without the key is still checked for other mistakes;
    `validation.checked` reports the missing key.
    """
    return Field(
        default=None, description=description, json_schema_extra={"x-required": True}, **more
    )


def is_required(field: FieldInfo) -> bool:
    """Whether a key must be given."""
    return isinstance(field.json_schema_extra, dict) and "x-required" in field.json_schema_extra


def setting(default: Any, description: str, **limits: Any) -> Any:
    """Declare a key with a default; if `default` is callable, its result is the default.

    Lists are copied for each configuration. Give mappings and sections as functions.
    """
    if callable(default):
        return Field(default_factory=default, description=description, **limits)
    if isinstance(default, list):
        return Field(default_factory=default.copy, description=description, **limits)
    return Field(default=default, description=description, **limits)


def optional(description: str, **more: Any) -> Any:
    """Declare a key without a default: leaving it out means something that no value of it means."""
    return Field(
        default=None, description=description, json_schema_extra={"x-optional": True}, **more
    )


def _to_json_schema(schema: dict[str, Any], model: type["Section"]) -> None:
    """Mark the required keys in a JSON schema, and remove the default None of `required` and `optional` keys."""
    schema.pop("description", None)
    for name, field in model.model_fields.items():
        found = schema["properties"][field.alias or name]
        found.pop("title", None)
        required = found.pop("x-required", False)
        if required:
            schema.setdefault("required", []).append(field.alias or name)
        if found.pop("x-optional", required):
            found.pop("default")


class Section(BaseModel):
    """A mapping in a configuration; the fields of the class are its keys, with types, defaults and descriptions."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        defer_build=True,  # the validators of all sections are built once, with the whole configuration
        json_schema_extra=_to_json_schema,
    )

    def plain(self) -> dict[str, Any]:
        """Return plain dictionaries and lists with all defaults; keys without a value are left out."""
        return self.model_dump(by_alias=True, exclude_none=True, warnings="none")


class ProductSection(Section):
    """The settings of a product: the section `key` of the configuration."""

    key: ClassVar[str]

    @classmethod
    def of(cls, settings: Any) -> Self:
        """Return this section of the settings of a study."""
        return getattr(settings, cls.key)


# --- Walking through the declarations ---------------------------------------------------------------


def keys_of(model: type[Section]) -> dict[str, FieldInfo]:
    """Key, as users write it -> its declaration, in the declared order."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def bare(annotation: Any) -> Any:
    """Return a type without its `Annotated` metadata and without "or None"."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    parts = get_args(annotation)
    if type(None) in parts:
        return bare(next(part for part in parts if part is not type(None)))
    return annotation


def inside(annotation: Any, part: str | int) -> Any:
    """Return the type of the value at a key or position within a value of type `annotation`; None if there is none.

    A key within a list of sections is one of a single section, written without the list (`one_or_more`).
    """
    annotation = bare(annotation)
    if get_origin(annotation) is list and isinstance(part, str):
        annotation = bare(get_args(annotation)[0])
    if is_section(annotation):
        field = keys_of(annotation).get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) in (list, dict) else None


def is_section(annotation: Any) -> bool:
    """Whether a type is a subclass of `Section`."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def choices(annotation: Any) -> list[Any]:
    """Return the values of a `Literal` type, none for other types."""
    annotation = bare(annotation)
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


def key_paths(annotation: Any, path: str = "") -> Iterator[tuple[str, FieldInfo | None]]:
    """Yield the dotted path of every key below a section, with its declaration.

    In a mapping with free names, the path has `<name>` and the declaration is None. The keys of sections in a list
    follow the list's path directly.
    """
    annotation = bare(annotation)
    if is_section(annotation):
        for key, field in keys_of(annotation).items():
            place = f"{path}.{key}".removeprefix(".")
            yield place, field
            yield from key_paths(field.annotation, place)
    elif get_origin(annotation) is dict:
        place = f"{path}.<name>".removeprefix(".")
        yield place, None
        yield from key_paths(get_args(annotation)[1], place)
    elif get_origin(annotation) is list:
        yield from key_paths(get_args(annotation)[0], path)
