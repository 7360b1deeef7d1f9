"""Compiled code on disk: own, checked, current, and never in the way."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hnlpeak.core import cache
from hnlpeak.core.kernel import kernel
from hnlpeak.core.stamp import compiler_versions, frozen_digest

pytestmark = pytest.mark.faults

MASS = 105.0
TABLE = np.array([1.0, 2.0])


def heavy(x: float) -> float:
    return x + MASS


def light(x: float) -> float:
    return x - TABLE[1]


callee = kernel(heavy)


def caller(x: float) -> float:
    return 2.0 * callee(x)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of one's own for this test."""
    monkeypatch.setenv("HNLPEAK_CACHE_DIR", str(tmp_path))
    for one in (cache.cache_base, cache.cache_directory):
        one.cache_clear()
    yield tmp_path / "hnlpeak"
    for one in (cache.cache_base, cache.cache_directory):
        one.cache_clear()


def hits(made: Any) -> tuple[int, int]:
    return sum(made.stats.cache_hits.values()), sum(made.stats.cache_misses.values())


def test_the_second_process_finds_what_the_first_compiled(place: Path) -> None:
    first, second = kernel(heavy), kernel(heavy)
    assert first(1.0) == second(1.0) == 106.0
    assert hits(first) == (0, 1)
    assert hits(second) == (1, 0)
    files = [path for path in place.rglob("*") if path.is_file()]
    assert [path.suffix for path in files] == [".kernel"]
    assert place.stat().st_mode & 0o777 == files[0].parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("place")
def test_a_mass_with_another_value_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the kernel itself uses it or one that it calls."""
    assert kernel(heavy)(1.0) == 106.0
    assert kernel(caller)(1.0) == 212.0
    monkeypatch.setitem(heavy.__globals__, "MASS", 106.0)
    monkeypatch.setitem(caller.__globals__, "callee", kernel(heavy))
    assert kernel(heavy)(1.0) == 107.0
    assert kernel(caller)(1.0) == 214.0
    assert kernel(light)(3.0) == 1.0
    monkeypatch.setitem(light.__globals__, "TABLE", np.array([1.0, 2.5]))
    assert kernel(light)(3.0) == 0.5


@pytest.mark.usefixtures("place")
def test_versions_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(compiler_versions()) == {"python", "numpy", "numba", "llvmlite", "particle"}
    kernel(heavy)(1.0)
    now = compiler_versions()
    for name in now:
        cache.cache_directory.cache_clear()
        changed = {**now, name: now[name] + ".post1"}
        monkeypatch.setattr(cache, "compiler_versions", lambda changed=changed: changed)
        made = kernel(heavy)
        assert made(1.0) == 106.0
        assert hits(made) == (0, 1), name


def test_the_digest_of_frozen_numbers_follows_their_last_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    before = frozen_digest(caller)
    assert frozen_digest(caller) == before != frozen_digest(light)
    monkeypatch.setitem(heavy.__globals__, "MASS", float(np.nextafter(MASS, 200.0)))
    assert frozen_digest(caller) != before


def _kept(place: Path) -> Path:
    return next(path for path in place.rglob("*.kernel") if path.name.startswith("heavy-"))


def test_damaged_files_are_compiled_again(place: Path) -> None:
    kernel(heavy)(1.0)
    path = _kept(place)
    whole = path.read_bytes()
    rng = np.random.Generator(np.random.Philox(1))
    damaged = [b"", whole[:1], whole[: len(whole) // 2], whole[:-1], whole + b"\0", os.urandom(500)]
    for offset in rng.integers(0, len(whole), 60):
        damaged.append(
            whole[:offset] + bytes([whole[offset] ^ (1 << int(rng.integers(8)))]) + whole[offset + 1 :]
        )
    for raw in damaged:
        path.write_bytes(raw)
        made = kernel(heavy)
        assert made._cache.load_overload(_signature(), made.targetctx) is None
    made = kernel(heavy)
    assert made(1.0) == 106.0
    assert hits(kernel(heavy)) == (0, 0)
    again = kernel(heavy)
    assert again(1.0) == 106.0
    assert hits(again) == (1, 0)


def _signature() -> Any:
    from numba import float64

    return (float64,)


def test_the_code_of_another_kernel_does_not_answer(place: Path) -> None:
    assert (kernel(heavy)(1.0), kernel(light)(3.0)) == (106.0, 1.0)
    one = _kept(place)
    other = next(path for path in place.rglob("*.kernel") if path != one)
    a, b = one.read_bytes(), other.read_bytes()
    one.write_bytes(b)
    other.write_bytes(a)
    assert (kernel(heavy)(1.0), kernel(light)(3.0)) == (106.0, 1.0)


class Bomb:
    def __reduce__(self) -> Any:
        return os.mkdir, ("exploded",)


def test_a_pickle_that_somebody_put_there_is_not_opened(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel(heavy)(1.0)
    _kept(place).write_bytes(pickle.dumps(Bomb()))
    assert kernel(heavy)(1.0) == 106.0
    assert not (tmp_path / "exploded").exists()


def test_places_that_are_not_ones_own_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, link, shared, file = (tmp_path / name for name in ("own", "link", "shared", "file"))
    shared.mkdir()
    for mode in (0o770, 0o702, 0o777):
        shared.chmod(mode)
        assert not cache.private(shared)
    assert cache.private(own)
    own.chmod(0o755)
    assert cache.private(own)
    assert own.stat().st_mode & 0o777 == 0o700
    link.symlink_to(own)
    assert not cache.private(link)
    file.touch()
    assert not cache.private(file)
    monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
    assert not cache.private(own)


def test_the_last_resort_of_somebody_else_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No usable home, and another user made the folder under the temporary one: compiled in memory."""
    for name in ("HNLPEAK_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    planted = tmp_path / f"hnlpeak-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    cache.cache_base.cache_clear()
    cache.cache_directory.cache_clear()
    try:
        assert cache.cache_base() is None
        assert kernel(heavy)(1.0) == 106.0
        assert list(planted.iterdir()) == []
        planted.rmdir()
        cache.cache_base.cache_clear()
        assert cache.cache_base() == planted
    finally:
        cache.cache_base.cache_clear()
        cache.cache_directory.cache_clear()


@pytest.mark.parametrize("fails", ["mkstemp", "write", "replace"])
def test_a_full_disk_only_costs_time(place: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def full(*_arguments: object, **_options: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache.cache_directory(__name__)
    owner = {"mkstemp": cache.tempfile, "write": os, "replace": os}[fails]
    monkeypatch.setattr(owner, "fdopen" if fails == "write" else fails, full)
    assert kernel(heavy)(1.0) == 106.0
    monkeypatch.undo()
    assert [path for path in place.rglob("*") if path.is_file()] == []


def test_what_the_present_code_does_not_use_is_pruned(place: Path) -> None:
    kernel(heavy)(1.0)
    (place / "0123456789abcdef").mkdir()
    (place / "0123456789abcdef" / "old-1.nbc").write_bytes(b"x" * 1000)
    (place / "outside").symlink_to(place.parent)
    before = cache.prune()
    # the kernels of this test belong to no module of the package: they are left-overs too
    assert (before.files, before.stale_files) == (0, 3)
    assert before.stale_size > 1000
    assert list(place.iterdir()) == []
    assert cache.inventory() == cache.Inventory(place, 0, 0, 0, 0)
    assert place.parent.is_dir()
