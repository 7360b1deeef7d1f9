"""The one place where Python becomes machine code.

``kernel`` is ``numba.njit`` with the package's settings (cached on disk, free of the GIL, IEEE division) and
one guarantee that Numba alone does not give: the disk cache of a module is stamped with a digest of its source
and of all the package's sources that it imports, directly or not, so that a change in a callee in another file can
never be answered with stale machine code, and a change elsewhere compiles nothing again.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["cache_directory", "closure_digest", "inlined", "kernel", "source_digest"]

F = TypeVar("F", bound=Callable[..., object])

_PACKAGE = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(
    r"^\s*(?:from\s+(hnlpeak[\w.]*)\s+import\s+(\([^)]*\)|[^\n#]*)|import\s+(hnlpeak[\w.]*))", re.M
)


@cache
def source_digest() -> str:
    """Hexadecimal digest of every Python source of the package (names and contents)."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _file_of(module: str) -> Path | None:
    """Source of a module of the package, None where ``module`` is a name inside one."""
    place = _PACKAGE.parent.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@cache
def _imports(path: Path) -> frozenset[Path]:
    """The package's own sources that ``path`` imports, wherever in it."""
    found: set[Path | None] = set()
    for module, names, plain in _IMPORT.findall(path.read_text("utf-8")):
        found.add(_file_of(module or plain))
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
    digest = hashlib.sha256()
    for path in sorted(closure):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


@cache
def _cache_base() -> Path | None:
    """First writable place for compiled kernels: HNLPEAK_CACHE_DIR, the user's cache, the temporary folder."""
    chosen = os.environ.get("HNLPEAK_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    bases = [Path(chosen)] if chosen else []
    home = os.path.expanduser("~")
    if home != "~":
        bases.append(Path(home) / ".cache")
    bases.append(Path(tempfile.gettempdir()) / f"hnlpeak-{os.getuid() if hasattr(os, 'getuid') else 'user'}")
    for base in bases:
        place = base / "hnlpeak"
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError:
            continue
    return None


@cache
def cache_directory(module: str) -> Path | None:
    """Folder for the compiled kernels of ``module`` as its sources are now, None where no place is writable."""
    base = _cache_base()
    return None if base is None else base / closure_digest(module)


def _compiled(function: F, forceinline: bool) -> F:
    place = cache_directory(function.__module__)
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "forceinline": forceinline}
    if place is None:
        return cast(F, numba.njit(**options)(function))
    settings: Any = numba.config  # its attributes are made at run time
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(place)  # read while the decorator runs
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    finally:
        settings.CACHE_DIR = before


def kernel(function: F) -> F:
    """Compile ``function`` to machine code on first call; the result is cached on disk between processes."""
    return _compiled(function, forceinline=False)


def inlined(function: F) -> F:
    """A ``kernel`` that becomes part of every kernel that calls it.

    For what is called per particle from one or two places: LLVM keeps kernels of several modules apart, and a
    call with records and a generator costs about 10 ns. No use for large kernels with many callers.
    """
    return _compiled(function, forceinline=True)
