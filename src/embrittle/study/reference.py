"""Write the tables of keys in config/README.md and the JSON schemas for editors from the declarations of settings.

Run `python -m embrittle.study.reference config` after a change; a test fails while they are out of date.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from embrittle.data.settings import Dataset
from embrittle.section import Name, bare, inside, is_required, is_section, key_paths, keys_of
from embrittle.study.settings import settings_model

# A table of keys in the README: from a comment that names sections of the configuration to the comment "end".
_TABLE = re.compile(r"<!-- keys: (?P<keys>.*?) -->\n.*?<!-- end -->", re.DOTALL)
# pydantic's names of limits on values that a validator converts first -> their names in JSON Schema.
_LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}
_LONG = 8  # a longer default list is abbreviated


def key_table(keys: Iterable[str]) -> str:
    """Return a Markdown table of keys of the configuration, and all keys below them, with defaults and descriptions."""
    rows = ["| Key | Default | Meaning, and how to choose |", "| --- | --- | --- |"]
    settings = settings_model()
    for key in keys:
        field = _declaration(settings, key)
        rows.append(_row(key, field))
        if not key.startswith("own_datasets.") and inside(field.annotation, "x") is Dataset:
            continue  # has a table of its own
        rows += [
            _row(path, below)
            for path, below in key_paths(field.annotation, key)
            if below is not None
        ]
    return "\n".join(rows)


def _declaration(settings: Any, path: str) -> FieldInfo:
    if path == "own_datasets.<name>":
        return FieldInfo(
            annotation=Dataset,
            description="One data set. The name becomes part of file names: letters, digits, `-` and `_`.",
        )
    return keys_of(settings)[path]


def _row(path: str, field: FieldInfo) -> str:
    description = (field.description or "").replace("|", r"\|")
    return f"| `{path}` | {_default(field)} | {description} |"


def _default(field: FieldInfo) -> str:
    if is_required(field):
        return "must be given"
    if is_section(bare(field.annotation)):
        return ""
    default = field.get_default(call_default_factory=True)
    if default is None:
        # The defaults of the methods that have this option.
        return " or ".join(f"`{_text(example)}`" for example in field.examples or ())
    if isinstance(default, dict) and default:
        return ", ".join(f"`{name}`" for name in default)
    if isinstance(default, list) and len(default) > _LONG:
        return (
            f"{len(default)} values: {', '.join(map(_text, default[:4]))}, …, {_text(default[-1])}"
        )
    if isinstance(default, list):
        return f"`[{', '.join(map(_text, default))}]`"
    return f"`{_text(default)}`"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value)


def with_tables(readme: str) -> str:
    """Return the text of config/README.md with all tables of keys written anew."""
    return _TABLE.sub(
        lambda found: (
            f"<!-- keys: {found['keys']} -->\n\n{key_table(found['keys'].split())}\n\n<!-- end -->"
        ),
        readme,
    )


def editor_schemas() -> dict[str, str]:
    """File name -> JSON schema for editors, of the configuration and of the registry of data sets."""
    study = _in_standard_terms(settings_model().model_json_schema())
    # A second file states only differences from config.yaml, so no section is required.
    study.pop("required")
    registry = _in_standard_terms(TypeAdapter(dict[Name, Dataset]).json_schema())
    return {
        f"{name}.schema.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in (("config", study), ("datasets", registry))
    }


def _in_standard_terms(part: Any) -> Any:
    """Return pydantic's JSON schema with standard names of limits, and without "or null" for keys without default."""
    if isinstance(part, list):
        return [_in_standard_terms(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {_LIMITS.get(key, key): _in_standard_terms(item) for key, item in part.items()}
    kinds = [kind for kind in found.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1 and "default" not in found:
        found = {**kinds[0], **{key: item for key, item in found.items() if key != "anyOf"}}
    return found


def main(folder: str) -> None:
    """Write the tables and the schemas in a folder of configurations."""
    readme = Path(folder, "README.md")
    found = {readme: with_tables(readme.read_text(encoding="utf-8"))}
    found |= {Path(folder, name): schema for name, schema in editor_schemas().items()}
    for path, text in found.items():
        changes = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {'written anew' if changes else 'was up to date'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
