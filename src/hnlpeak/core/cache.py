"""Compiled kernels on disk: own, private, checksummed, and no reason to fail.

What lies there is run: numba reads machine code and types from it. So the place must belong to the user and be
closed to all others. Each file says which key it answers and carries a checksum, which tells damage, not intent:
what is cut short, flipped, exchanged or of other sources is compiled again. A place that cannot be used, or a full
disk, costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps, loads

from hnlpeak.core.dispatcher import Part, are_met, needs_of, remember_needs
from hnlpeak.core.plain_file import read_plain
from hnlpeak.core.stamp import closure_digest, compiler_versions, frozen_digest

__all__ = [
    "Inventory",
    "KernelCache",
    "cache_base",
    "cache_directory",
    "inventory",
    "is_compiled",
    "private",
    "prune",
]

_MAGIC = b"hnlpeak kernel 2\n"
_SUFFIX = ".kernel"
_DIGEST = 32
_MOST_BYTES = 100_000_000


def private(place: Path) -> bool:
    """Make the folder ``place`` if it is not there; True where it is the user's own and closed to all others.

    A link, a folder of somebody else and one that others may write to are refused; an own folder that others can
    only read is closed.
    """
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = place.lstat()
        if not stat.S_ISDIR(facts.st_mode):
            return False
        if hasattr(os, "getuid"):
            if facts.st_uid != os.getuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return False
            if stat.S_IMODE(facts.st_mode) != 0o700:
                place.chmod(0o700)
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


@cache
def cache_base() -> Path | None:
    """First usable place: in HNLPEAK_CACHE_DIR or XDG_CACHE_HOME, the user's cache, the temporary folder."""
    chosen = os.environ.get("HNLPEAK_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    places = [Path(chosen) / "hnlpeak"] if chosen else []
    home = os.path.expanduser("~")
    if home != "~":
        places.append(Path(home) / ".cache" / "hnlpeak")
    user = os.getuid() if hasattr(os, "getuid") else "user"
    places.append(Path(tempfile.gettempdir()) / f"hnlpeak-{user}")
    return next((place for place in places if private(place)), None)


def _stamp(module: str) -> str:
    """Name of the folder of a module: its sources and what compiles them."""
    text = repr((closure_digest(module), sorted(compiler_versions().items())))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def cache_directory(module: str) -> Path | None:
    """Folder for the compiled kernels of ``module`` as its sources are now, None where no place is usable."""
    base = cache_base()
    place = None if base is None else base / _stamp(module)
    return place if place is not None and private(place) else None


def is_compiled(module: str, name: str) -> bool:
    """True where machine code of the kernel ``name`` of ``module``, as its sources are now, is on disk."""
    base = cache_base()
    return base is not None and next((base / _stamp(module)).glob(f"{name}-*{_SUFFIX}"), None) is not None


class KernelCache(_Cache):
    """Numba's cache of one kernel: one file for each signature, found by a key of all that it depends on."""

    def __init__(self, function: Callable[..., object], options: str) -> None:
        self._function, self._options, self._enabled = function, options, True

    @property
    def cache_path(self) -> str:
        """Folder of the compiled code."""
        return str(cache_directory(self._function.__module__) or "")

    def enable(self) -> None:
        """Use the cache."""
        self._enabled = True

    def disable(self) -> None:
        """Do without it."""
        self._enabled = False

    def flush(self) -> None:
        """Nothing is kept that could be wrong: a key answers for itself."""

    def _place(self, signature: Any, codegen: Any) -> tuple[Path, bytes] | None:
        place = cache_directory(self._function.__module__) if self._enabled else None
        spelled = str(signature)
        if place is None or " at 0x" in spelled:  # an object without a name that lasts
            return None
        code = hashlib.sha256(self._function.__code__.co_code).hexdigest()
        name = self._function.__qualname__
        key = hashlib.sha256(
            repr(
                (name, spelled, codegen.magic_tuple(), code, self._options, frozen_digest(self._function))
            ).encode()
            + place.name.encode()
        ).digest()
        return place / f"{name.replace('<', '').replace('>', '')}-{key.hex()[:32]}{_SUFFIX}", key

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Compiled code for ``signature``, None where there is none that is whole and current."""
        target_context.refresh()
        found = self._place(signature, target_context.codegen())
        body = None if found is None else _read(*found)
        if body is None:
            return None
        read: Any = loads  # numba has no types
        rebuild: Any = CompileResult._rebuild
        try:
            needs, reduced = read(body)
            if not are_met(needs):
                return None
            result = rebuild(target_context, *reduced)
            remember_needs(result.library, needs)
            return result
        except Exception:  # whatever is in the way, compiling helps
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep compiled code; nothing happens where it cannot be kept."""
        if (
            isinstance(result.library, Part)
            or result.library.has_dynamic_globals
            or any(not x.can_cache for x in result.lifted)
        ):
            return
        found = self._place(signature, result.codegen)
        if found is None:
            return
        path, key = found
        written: Any = dumps
        body: bytes = written((needs_of(result.library), result._reduce()))
        with contextlib.suppress(OSError):
            _write(path, _MAGIC + key + hashlib.sha256(body).digest() + body)


def _read(path: Path, key: bytes) -> bytes | None:
    try:
        raw = read_plain(path, most=_MOST_BYTES)
    except (OSError, ValueError):
        return None
    head, body = raw[: len(_MAGIC) + 2 * _DIGEST], raw[len(_MAGIC) + 2 * _DIGEST :]
    return body if head == _MAGIC + key + hashlib.sha256(body).digest() else None


def _write(path: Path, raw: bytes) -> None:
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


class Inventory(NamedTuple):
    """What a cache holds: files and bytes of the present code, and of others (older versions, left-overs)."""

    place: Path | None
    files: int
    size: int
    stale_files: int
    stale_size: int


def _modules() -> Iterator[str]:
    package = Path(__file__).resolve().parent.parent
    for path in package.rglob("*.py"):
        yield ".".join((package.name, *path.relative_to(package).with_suffix("").parts))


def _entries(base: Path) -> tuple[list[Path], list[Path]]:
    """Folders of the present code, and everything else."""
    current = {_stamp(module) for module in _modules()}
    entries = sorted(base.iterdir())
    return [e for e in entries if e.name in current], [e for e in entries if e.name not in current]


def _files(entries: list[Path]) -> list[Path]:
    inside = [path for e in entries if e.is_dir() and not e.is_symlink() for path in e.rglob("*")]
    return [path for path in [*entries, *inside] if path.is_file() or path.is_symlink()]


def inventory() -> Inventory:
    """Count what the cache holds, without changing it."""
    base = cache_base()
    if base is None:
        return Inventory(None, 0, 0, 0, 0)
    counted = []
    for entries in _entries(base):
        sizes = [path.lstat().st_size for path in _files(entries)]
        counted += [len(sizes), sum(sizes)]
    return Inventory(base, *counted)


def prune(*, everything: bool = False) -> Inventory:
    """Remove kernels that the present code and versions do not use (or all); returns what was there before."""
    before = inventory()
    if before.place is not None:
        current, stale = _entries(before.place)
        for entry in [*stale, *(current if everything else [])]:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
    return before
