"""What compiled code depends on: sources, versions of what compiles it, and numbers that it holds frozen.

Numba writes global numbers into machine code as they are at compilation. A kernel's stamp therefore covers, beside
the sources it imports, the values of all globals that it or a kernel it calls uses (masses, lifetimes), and the
versions of Python and of the packages that turn them into code.
"""

from __future__ import annotations

import enum
import hashlib
import re
import sys
import types
from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["closure_digest", "compiler_versions", "frozen_digest", "source_digest"]

_PACKAGE = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(
    r"^\s*(?:from\s+(hnlpeak[\w.]*)\s+import\s+(\([^)]*\)|[^\n#]*)|import\s+(hnlpeak[\w.]*))", re.M
)
_DIGITS = 20
_VERSIONED = ("numpy", "numba", "llvmlite", "particle")


@cache
def compiler_versions() -> dict[str, str]:
    """Versions of Python and of the packages that compiled code depends on."""
    python = f"{sys.implementation.cache_tag} {'.'.join(str(part) for part in sys.version_info[:3])}"
    return {"python": python, **{name: metadata.version(name) for name in _VERSIONED}}


@cache
def source_digest() -> str:
    """Hexadecimal digest of every Python source of the package (names and contents)."""
    return _digest_of(_PACKAGE.rglob("*.py"))


def _digest_of(paths: Iterator[Path] | set[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]


@cache
def _file_of(module: str) -> Path | None:
    """Source of a module of the package, None where ``module`` is a name inside one."""
    place = _PACKAGE.parent.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@cache
def _imports(path: Path) -> frozenset[Path]:
    """The package's own sources that ``path`` imports, wherever in it."""
    found: set[Path | None] = set()
    for module, names, plain in _IMPORT.findall(path.read_text("utf-8")):
        place = _file_of(module or plain)
        found.add(place)
        if place is None or place.name == "__init__.py":  # only packages have modules inside
            found.update(_file_of(f"{module}.{name}") for name in re.findall(r"\w+", names))
    return frozenset(found - {None})  # type: ignore[arg-type]


@cache
def closure_digest(module: str) -> str:
    """Hexadecimal digest of the source of ``module`` and of all it imports from the package, directly or not.

    A module from elsewhere (a test, a notebook) counts as one that may use every source.
    """
    start = _file_of(module)
    if start is None:
        return source_digest()
    closure, todo = {start}, [start]
    while todo:
        new = _imports(todo.pop()) - closure
        closure |= new
        todo.extend(new)
    return _digest_of(closure)


def frozen_digest(function: Callable[..., Any]) -> str:
    """Hexadecimal digest of the global numbers that ``function`` and the kernels it calls have now."""
    lines, seen, todo = [], {function}, [function]
    while todo:
        one = todo.pop()
        for name, value in _globals_of(one):
            callee = getattr(value, "py_func", None)
            if callee is None:
                lines.append(f"{one.__module__}.{one.__qualname__} {name} = {_spelled(value)}")
            elif callee not in seen:
                seen.add(callee)
                todo.append(callee)
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(item) for item in code.co_consts if isinstance(item, types.CodeType)]
    return set(code.co_names).union(*inner)


def _globals_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Names and values that ``function`` takes from its module, from the package's modules, and from a closure."""
    code: types.CodeType = function.__code__
    scope: dict[str, Any] = function.__globals__
    names = _names(code)
    for name in sorted(names & scope.keys()):
        value = scope[name]
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith("hnlpeak"):
                inside = vars(value)
                yield from ((f"{name}.{item}", inside[item]) for item in sorted(names & inside.keys()))
        else:
            yield name, value
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


def _spelled(value: Any) -> str:
    """Every digit of what can be frozen into code; only the name of what cannot (functions, classes)."""
    if isinstance(value, bool | int | float | complex | str | bytes | None):
        return repr(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(_spelled(item) for item in value) + ")"
    if isinstance(value, enum.EnumMeta):
        members: dict[str, Any] = dict(value.__members__)
        return repr([(name, member.value) for name, member in members.items()])
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):  # arrays and scalars of numpy
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    return getattr(value, "__qualname__", type(value).__qualname__)
