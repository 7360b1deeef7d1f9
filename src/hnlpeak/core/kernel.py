"""The one place where Python becomes machine code.

``kernel`` is ``numba.njit`` with the package's settings (cached on disk, free of the GIL, IEEE division) and
one guarantee that Numba alone does not give: the disk cache is stamped with a digest of *all* sources of the
package, so a change in a callee in another file can never be answered with stale machine code.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["cache_directory", "inlined", "kernel", "source_digest"]

F = TypeVar("F", bound=Callable[..., object])

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def source_digest() -> str:
    """Hexadecimal digest of every Python source of the package (names and contents)."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


@cache
def cache_directory() -> Path | None:
    """Folder for compiled kernels of exactly these sources, or None where no place is writable."""
    chosen = os.environ.get("HNLPEAK_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    bases = [Path(chosen)] if chosen else []
    home = os.path.expanduser("~")
    if home != "~":
        bases.append(Path(home) / ".cache")
    bases.append(Path(tempfile.gettempdir()) / f"hnlpeak-{os.getuid() if hasattr(os, 'getuid') else 'user'}")
    for base in bases:
        place = base / "hnlpeak" / source_digest()
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError:
            continue
    return None


def _compiled(function: F, forceinline: bool) -> F:
    place = cache_directory()
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
