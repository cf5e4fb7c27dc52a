"""A digest of the code that decides the result of a script: the digest changes when this code changes.

The digest covers the script and all modules of the library that it imports directly or indirectly, imports inside
functions included. It leaves out everything that cannot change a result: comments, docstrings, formatting, annotations
of functions, log lines, the wording of errors, and the modules in `WITHOUT_EFFECT`.

The code is parsed, not run. Modules that are imported by a computed name (`import_module`, as in registries) are
therefore not found, and each job passes those that it uses. This module imports nothing heavy, because Snakemake
computes digests whenever it schedules jobs.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "embrittle"
# Modules that cannot change a result: the version, log files, error classes, the choice of the device, and where
# compiled loops are kept.
WITHOUT_EFFECT = frozenset(
    {
        PACKAGE,
        *(f"{PACKAGE}.{name}" for name in ("jobs", "errors", "device", "usage", "kernels.cache")),
    }
)
NOT_COUNTED = ("ctx", "kind", "returns", "type_comment")  # fields of syntax nodes that are left out


def digest(script: Path, library: Path, modules: Iterable[str] = ()) -> str:
    """Return the digest of the code that decides the result of `script`, 16 hexadecimal digits.

    Args:
        script: a Python file.
        library: the folder that contains the package.
        modules: full names of modules that the job imports by a computed name, such as the module of its attack.

    Raises:
        KeyError: a module is not in the library.
    """
    counted = reached(script, library, modules)
    lines = [f"{name} {_read(counted[name].read_bytes())[0]}" for name in sorted(counted)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def reached(script: Path, library: Path, modules: Iterable[str] = ()) -> dict[str, Path]:
    """Return module -> file of all code that the digest covers, with "" for the script; arguments as in `digest`."""
    files = {"": script, **modules_of(library)}
    found: dict[str, Path] = {}
    todo = ["", *(name for module in modules for name in _with_packages(module))]
    for module in todo:
        if module not in found and module not in WITHOUT_EFFECT:
            found[module] = files[module]
            _, names = _read(files[module].read_bytes())
            todo += sorted(files.keys() & {name for one in names for name in _with_packages(one)})
    return found


def modules_of(library: Path) -> dict[str, Path]:
    """Return module -> file of the whole library; the file of a package is its __init__.py."""
    files = library.joinpath(PACKAGE).rglob("*.py")
    names = {path: path.relative_to(library).with_suffix("").parts for path in files}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in names.items()}


def imported(tree: ast.AST) -> set[str]:
    """Return the names in the library that absolute imports anywhere in the tree bind: modules and their contents."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == PACKAGE}


def _with_packages(name: str) -> list[str]:
    """Return a module's name and those of its parent packages, which are imported with it."""
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


@cache
def _read(source: bytes) -> tuple[str, set[str]]:
    """Return the digest of a file and the names that it imports from the library."""
    tree = ast.parse(source)
    tree.body = [statement for statement in tree.body if not _for_type_checkers(statement)]
    return hashlib.sha256(repr(_content(tree)).encode()).hexdigest(), imported(tree)


def _content(node: Any) -> Any:
    """Return a syntax node as nested tuples, without the parts that the digest leaves out.

    `ast.dump` is not used because it includes these parts, and its output depends on the version of Python.
    """
    if isinstance(node, list):
        return [_content(one) for one in node if not _is_text(one) and not _is_log_line(one)]
    if isinstance(node, ast.arg):
        return node.arg  # without the annotation
    if isinstance(node, ast.Raise):  # without the arguments, which word the error
        return "Raise", _content(getattr(node.exc, "func", node.exc))
    if not isinstance(node, ast.AST):
        return node
    fields = (field for field in ast.iter_fields(node) if field[0] not in NOT_COUNTED)
    return type(node).__name__, *((name, _content(v)) for name, v in fields if v not in (None, []))


def _for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"


def _is_text(node: Any) -> bool:
    """Return whether a statement is a docstring, or a string that describes the statement above."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_log_line(node: Any) -> bool:
    """Return whether a statement is a call such as logger.info(...), sets up the logger, or imports logging."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names] == ["logging"]
    called = getattr(getattr(node, "value", None), "func", None)
    owner = getattr(getattr(called, "value", None), "id", "")
    kinds = {"logger": ast.Expr, "logging": ast.Expr | ast.Assign}
    return isinstance(node, kinds.get(owner, ()))
