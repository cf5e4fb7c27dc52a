"""Which code decides the result of a script, as a number that changes when that code does.

Counted are the script's own statements and, of the library, the functions, classes and constants that these use, what
those use in turn, and so on, also where a function imports what it needs. A line that the script does not get to
changes nothing. Not counted is what cannot change a result: comments, docstrings, formatting, the annotations of
functions, log lines, the wording of errors, and the modules `AROUND` the work.

The code is read, not run. A name that is put together while it runs (getattr, globals) is not seen; where a module is
handed on as a whole, all of it counts. Light: Snakemake asks whenever it looks for what there is to run.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = "embrittle"
# Log files, messages, the choice of the device: they surround the work and decide nothing.
AROUND = frozenset(f"{PACKAGE}.{name}" for name in ("jobs", "errors", "device"))


class Reference(NamedTuple):
    """A top-level name in a module of the library; `name` None: all of the module, "": only that it is loaded."""

    module: str
    name: str | None


def digest(
    script: Path,
    library: Path,
    entries: Mapping[str, Iterable[str]] | None = None,
    modules: Iterable[str] = (),
) -> str:
    """Return a number, as hexadecimal text, for the code that decides the result of `script`.

    Args:
        script: a Python file.
        library: the folder that the package is in.
        entries: where a job takes only some entries of a registry, which ones: name of the registry (a dictionary
            written out at the top of a module, or a decorator that registers functions by their names) -> entries.
            Of a registry that is not named here all entries count.
        modules: modules that the script finds by their names while it runs.
    """
    lines = sorted(set().union(*reached(script, library, entries, modules).values()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def reached(
    script: Path,
    library: Path,
    entries: Mapping[str, Iterable[str]] | None = None,
    modules: Iterable[str] = (),
) -> dict[Reference, list[str]]:
    """Return what a script gets to, with the statements behind it; arguments as `digest`."""
    chosen = {registry: frozenset(names) for registry, names in (entries or {}).items()}
    found: dict[Reference, list[str]] = {}
    todo = [Reference("", None), *(Reference(name, None) for name in modules)]
    while todo:
        reference = todo.pop()
        if reference in found or reference.module in AROUND:
            continue
        path = _path_of(reference.module, library) if reference.module else script
        module = _read_module(reference.module, path, library)
        units = [unit.with_entries(chosen) for unit in module.units(reference.name)]
        found[reference] = [f"{module.name} {unit.content}" for unit in units if unit]
        todo += [Reference(loaded, "") for loaded in module.loads]
        todo += [Reference(module.name, name) for name in module.registered]
        todo += [used for unit in units if unit for used in unit.references]
    return found


# --- Modules and their top-level statements -------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Unit:
    """A top-level statement, and what the names in it mean if they are parts of the library."""

    statement: ast.stmt
    meanings: Mapping[str, Reference]

    @cached_property
    def content(self) -> str:
        return repr(_content(self.statement))

    @cached_property
    def references(self) -> list[Reference]:
        return list(_references(self.statement, self.meanings))

    def with_entries(self, chosen: Mapping[str, frozenset[str]]) -> _Unit | None:
        """Without the entries of registries that do not count; None if nothing is left."""
        statement = self.statement
        for decorator in _decorators(statement):
            if decorator in chosen and statement.name not in chosen[decorator]:
                return None
        for name in _names_bound(statement):
            if name in chosen and isinstance(getattr(statement, "value", None), ast.Dict):
                pairs = zip(statement.value.keys, statement.value.values, strict=True)
                kept = [(k, v) for k, v in pairs if getattr(k, "value", None) in chosen[name]]
                entries = ast.Dict(keys=[k for k, _ in kept], values=[v for _, v in kept])
                target = ast.Name(id=name, ctx=ast.Store())
                return _Unit(ast.Assign(targets=[target], value=entries), self.meanings)
        return self


@dataclass(frozen=True)
class _Module:
    """A file of the library, or a script (with the name "")."""

    name: str
    loads: frozenset[str]  # modules of the library that are loaded with this one
    always: list[_Unit] = field(default_factory=list)  # run on loading, without a name
    registered: list[str] = field(
        default_factory=list
    )  # names that a decorator of the library puts somewhere
    named: dict[str, list[_Unit]] = field(default_factory=dict)

    def units(self, name: str | None) -> list[_Unit]:
        """The statements behind a name, and those that run in any case."""
        if name and name in self.named:
            return [*self.always, *self.named[name]]
        # A name that is not found counts as all names: the file may make it in a way that is not seen here.
        everything = [unit for units in self.named.values() for unit in units]
        return self.always if name == "" else [*self.always, *everything]


def _read_module(name: str, path: Path, library: Path) -> _Module:
    return _parsed(name, path, library, path.stat().st_mtime_ns)


@cache
def _parsed(name: str, path: Path, library: Path, _changed: int) -> _Module:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    statements = [s for s in ast.parse(path.read_bytes()).body if not _for_type_checkers(s)]
    defined = {bound for s in statements if not _is_import(s) for bound in _names_bound(s)}
    own = {bound: Reference(name, bound) for bound in defined} if name else {}
    imported = _imports((s for s in statements if _is_import(s)), package, library)
    loads = {reference.module for reference in imported.values()}
    module = _Module(name, frozenset(loads | {parent for m in loads for parent in _parents(m)}))
    for statement in statements:
        meanings = {**own, **imported, **_imports([statement], package, library)}
        unit = _Unit(statement, meanings)
        if _is_import(statement):
            for bound in _names_bound(statement):  # another module may take the name from here
                module.named.setdefault(bound, []).append(unit)
            continue
        if _is_text(statement):
            continue
        bound = _names_bound(statement)
        for one in bound:
            module.named.setdefault(one, []).append(unit)
        if not bound:
            module.always.append(unit)
        elif not meanings.keys().isdisjoint(_decorators(statement)):
            module.registered.extend(bound)
    return module


def _path_of(module: str, library: Path) -> Path | None:
    """The file of a module; None where the library has no such module."""
    if module.split(".")[0] != PACKAGE:
        return None
    path = library.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _imports(statements: Iterable[ast.AST], package: str, library: Path) -> dict[str, Reference]:
    """What names mean that import statements in `statements`, at any depth, bind to parts of the library."""
    bound = {}
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _path_of(alias.name, library):
                    bound[alias.asname or PACKAGE] = Reference(alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            source = ".".join([*above, *filter(None, [node.module])]) if node.level else node.module
            for alias in node.names:
                if _path_of(f"{source}.{alias.name}", library):
                    bound[alias.asname or alias.name] = Reference(f"{source}.{alias.name}", None)
                elif _path_of(source, library):
                    bound[alias.asname or alias.name] = Reference(source, alias.name)
    return bound


# --- One statement ----------------------------------------------------------------------------------


def _is_import(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _is_text(node: Any) -> bool:
    """A docstring, or a string that says what stands above it."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_log_line(node: Any) -> bool:
    """A call such as logger.info(...), or the setting up of the logger."""
    if isinstance(node, ast.Assign):
        return (
            isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "logging.getLogger"
        )
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    called = node.value.func
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id in ("logger", "log", "logging")
    )


def _for_type_checkers(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"


def _decorators(statement: ast.stmt) -> list[str]:
    """The names of a definition's decorators."""
    called = [
        decorator.func if isinstance(decorator, ast.Call) else decorator
        for decorator in getattr(statement, "decorator_list", [])
    ]
    return [name.id for name in called if isinstance(name, ast.Name)]


def _names_bound(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement defines; none where it does something else as well."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.split(".")[0] for alias in statement.names]
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    names = [name for target in targets for name in getattr(target, "elts", [target])]
    plain = isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign)
    return [n.id for n in names] if plain and all(isinstance(n, ast.Name) for n in names) else []


def _children(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields that can change a result."""
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "type_comment", "kind") or value is None or value == []:
            continue
        if name == "returns" or (name == "annotation" and isinstance(node, ast.arg)):
            continue
        if isinstance(node, ast.Raise):
            if name == "exc":  # which error may decide something, its wording does not
                yield name, value.func if isinstance(value, ast.Call) else value
            continue
        if isinstance(value, list):
            value = [v for v in value if not _is_text(v) and not _is_log_line(v)]
        yield name, value


def _content(node: Any) -> Any:
    """A node as nested tuples. `ast.dump` would do but for what does not count, and changes with Python's version."""
    if isinstance(node, ast.AST):
        return (type(node).__name__, *((name, _content(v)) for name, v in _children(node)))
    if isinstance(node, list):
        return [_content(one) for one in node]
    return node


def _references(node: Any, meanings: Mapping[str, Reference]) -> Iterator[Reference]:
    """The parts of the library that a node uses."""
    if isinstance(node, list):
        for one in node:
            yield from _references(one, meanings)
    elif isinstance(node, ast.Name):
        if node.id in meanings:
            yield meanings[node.id]
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        used = meanings.get(node.value.id)
        if used:
            # module.name is that name; what is done with anything else is in its own definition.
            yield Reference(used.module, node.attr) if used.name is None else used
    elif _is_import(node):
        names = _names_bound(node)
        yield from (meanings[name] for name in names if meanings.get(name, _NOTHING).name)
    elif isinstance(node, ast.AST):
        for _, value in _children(node):
            yield from _references(value, meanings)


_NOTHING = Reference("", None)
