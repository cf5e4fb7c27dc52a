"""Which code decides the result of a script, as a number that changes when that code does.

Counted are the script and all modules of the library that it imports, those that these import, and so on, also where a
function imports what it needs. Not counted is what cannot change a result: comments, docstrings, formatting, the
annotations of functions, log lines, the wording of errors, and the modules `AROUND` the work.

The code is read, not run: a module whose name is put together while the code runs (`import_module`, as registries do)
is not seen, so a job names those that it uses. Light: Snakemake asks whenever it schedules jobs.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "embrittle"
# The version, log files, messages, the choice of the device: they surround the work and decide nothing.
AROUND = frozenset({PACKAGE, *(f"{PACKAGE}.{name}" for name in ("jobs", "errors", "device"))})
NOT_COUNTED = ("ctx", "kind", "returns", "type_comment")  # fields of nodes


def digest(script: Path, library: Path, modules: Iterable[str] = ()) -> str:
    """Return a number, as hexadecimal text, for the code that decides the result of `script`.

    Args:
        script: a Python file.
        library: the folder that the package is in.
        modules: what the job imports by a name that the code does not show, such as the module of its attack.

    Raises:
        KeyError: the library has no such module.
    """
    counted = reached(script, library, modules)
    lines = [f"{name} {_read(counted[name].read_bytes())[0]}" for name in sorted(counted)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def reached(script: Path, library: Path, modules: Iterable[str] = ()) -> dict[str, Path]:
    """Return the modules whose code counts, with their files, the script as ""; arguments as `digest`."""
    files = {"": script, **modules_of(library)}
    found: dict[str, Path] = {}
    todo = ["", *(name for module in modules for name in _with_packages(module))]
    for module in todo:
        if module not in found and module not in AROUND:
            found[module] = files[module]
            _, names = _read(files[module].read_bytes())
            todo += sorted(files.keys() & {name for one in names for name in _with_packages(one)})
    return found


def modules_of(library: Path) -> dict[str, Path]:
    """Return the modules of the library with their files; a package's is its __init__.py."""
    files = library.joinpath(PACKAGE).rglob("*.py")
    names = {path: path.relative_to(library).with_suffix("").parts for path in files}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in names.items()}


def imported(tree: ast.AST) -> set[str]:
    """Return the names of the library that absolute imports bind at any depth: modules, or what they define."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == PACKAGE}


def _with_packages(name: str) -> list[str]:
    """A name and the packages around it, which are loaded with it."""
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


@cache
def _read(source: bytes) -> tuple[str, set[str]]:
    """What counts of a file, as a number, and what of the library it imports."""
    tree = ast.parse(source)
    tree.body = [statement for statement in tree.body if not _for_type_checkers(statement)]
    return hashlib.sha256(repr(_content(tree)).encode()).hexdigest(), imported(tree)


def _content(node: Any) -> Any:
    """A node as nested tuples. `ast.dump` would do but for what does not count, and changes with Python's version."""
    if isinstance(node, list):
        return [_content(one) for one in node if not _is_text(one) and not _is_log_line(one)]
    if isinstance(node, ast.arg):
        return node.arg  # not its annotation
    if isinstance(node, ast.Raise):  # not the wording of the error
        return "Raise", _content(getattr(node.exc, "func", node.exc))
    if not isinstance(node, ast.AST):
        return node
    fields = (field for field in ast.iter_fields(node) if field[0] not in NOT_COUNTED)
    return type(node).__name__, *((name, _content(v)) for name, v in fields if v not in (None, []))


def _for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"


def _is_text(node: Any) -> bool:
    """A docstring, or a string that describes the statement above."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_log_line(node: Any) -> bool:
    """A call such as logger.info(...), the setting up of the logger, or the import of logging."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names] == ["logging"]
    called = getattr(getattr(node, "value", None), "func", None)
    owner = getattr(getattr(called, "value", None), "id", "")
    kinds = {"logger": ast.Expr, "logging": ast.Expr | ast.Assign}
    return isinstance(node, kinds.get(owner, ()))
