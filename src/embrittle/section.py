"""What settings are made of: the types of values, and `Section`, a mapping with known keys.

A room declares its settings as a `Section` and describes each key there. From these declarations come the checks of a
configuration (`validation`), its defaults, the JSON schema that editors read, and the tables of keys in
config/README.md. Light: the configuration is checked whenever the Snakefile is parsed.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def read_number(value: Any) -> Any:
    """Turn "10" and "0.5" into numbers.

    Snakemake passes what stands in brackets on the command line (--config seeds=[0,1]) as text. Text with an exponent
    stays text, and so an error: in a file it is what YAML makes of 1e-3, and a mistake.
    """
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _read_whole_number(value: Any) -> Any:
    value = read_number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Strict: true is no number, 1 is not true, and 5 is no text.
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
# What a text that does not match a pattern is not.
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


def required(description: str) -> Any:
    """A key that must be given.

    pydantic takes it for one with the default None, so that a section without it can still be checked for other
    mistakes; `validation.checked` says that it is missing.
    """
    return Field(default=None, description=description, json_schema_extra={"x-required": True})


def is_required(field: FieldInfo) -> bool:
    """Whether a key must be given."""
    return isinstance(field.json_schema_extra, dict) and "x-required" in field.json_schema_extra


def setting(default: Any, description: str, **limits: Any) -> Any:
    """A key with a default; a list, a mapping or a section is given as the function that makes it."""
    if callable(default):
        return Field(default_factory=default, description=description, **limits)
    return Field(default=default, description=description, **limits)


def optional(description: str, **more: Any) -> Any:
    """A key that may be left out, which is something else than any value of it."""
    return Field(
        default=None, description=description, json_schema_extra={"x-optional": True}, **more
    )


def _to_json_schema(schema: dict[str, Any], model: type["Section"]) -> None:
    """Say what must be given; give no default where leaving a key out means something else than any value."""
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
    """A mapping of a configuration whose keys are known. Its class says which, of which type, with which default."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        defer_build=True,  # the parts of a configuration are built once, with the whole
        json_schema_extra=_to_json_schema,
    )

    def plain(self) -> dict[str, Any]:
        """As plain dictionaries and lists, with all defaults, and without the keys that have no value."""
        return self.model_dump(by_alias=True, exclude_none=True, warnings="none")


class ProductSection(Section):
    """The settings of a product: the section `key` of the configuration."""

    key: ClassVar[str]

    @classmethod
    def of(cls, settings: Any) -> Self:
        """This section of the settings of a study."""
        return getattr(settings, cls.key)


# --- Walking through the declarations ---------------------------------------------------------------


def keys_of(model: type[Section]) -> dict[str, FieldInfo]:
    """The keys of a section as they are written, in their order."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def bare(annotation: Any) -> Any:
    """A type without what is noted beside it, and without "or None"."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    parts = get_args(annotation)
    if type(None) in parts:
        return bare(next(part for part in parts if part is not type(None)))
    return annotation


def inside(annotation: Any, part: str | int) -> Any:
    """The type of what stands at a key or position of a value of a type; None if there can be nothing."""
    annotation = bare(annotation)
    if is_section(annotation):
        field = keys_of(annotation).get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) in (list, dict) else None


def is_section(annotation: Any) -> bool:
    """Whether a type is a section."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def choices(annotation: Any) -> list[Any]:
    """The values of a type that has few."""
    annotation = bare(annotation)
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


def key_paths(annotation: Any, path: str = "") -> Iterator[tuple[str, FieldInfo | None]]:
    """Yield the dotted path of every key below a section, with its declaration; a free name is `<name>`.

    The keys of a list's elements are written as keys of the list.
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
