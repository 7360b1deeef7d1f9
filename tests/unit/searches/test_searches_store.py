"""Parts belong to one sample, shard range and run; anything else in their place is no part."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hnlpeak.execution.context import Part
from hnlpeak.formats.part_file import pack_part, unpack_part
from hnlpeak.searches.store import FolderStore

pytestmark = pytest.mark.faults

IDENTITY = {"seed": 7, "versions": {"numpy": "2.0"}, "cards": {"analyses/x": "ab"}}
PART = Part("template/ke3", 32, 32, 32_000_000)
ARRAYS = {"spectrum": np.arange(1000, dtype=np.int64).reshape(2, 500), "unit": np.array([-5], dtype=np.int64)}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path, IDENTITY)
    made.save(PART, ARRAYS)
    return made


def test_what_is_kept_comes_back(store: FolderStore) -> None:
    assert store.has_parts
    kept = store.load(PART)
    assert kept is not None
    assert set(kept) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert kept[name].dtype == np.int64
        assert np.array_equal(kept[name], array)


@pytest.mark.parametrize(
    "other",
    [
        PART._replace(sample="template/ke2"),
        PART._replace(first=0),
        PART._replace(shards=31),
        PART._replace(decays=1),
    ],
)
def test_swapped_parts_are_not_used(other: Part, store: FolderStore) -> None:
    """Equal shapes, a file under the name of another part: it says inside what it is."""
    store.save(other, ARRAYS)
    mine, its = store.path(PART).read_bytes(), store.path(other).read_bytes()
    if store.path(PART) != store.path(other):
        store.path(PART).write_bytes(its)
        store.path(other).write_bytes(mine)
        assert store.load(other) is None
    assert store.load(PART) is None


@pytest.mark.parametrize(
    "identity",
    [{**IDENTITY, "seed": 8}, {**IDENTITY, "versions": {"numpy": "2.1"}}, {**IDENTITY, "cards": {}}, {}],
)
@pytest.mark.usefixtures("store")
def test_parts_of_another_run_are_not_used(identity: dict[str, object], tmp_path: Path) -> None:
    assert FolderStore(tmp_path, identity).load(PART) is None


def test_bits_that_flip_are_found_at_any_place(store: FolderStore) -> None:
    path = store.path(PART)
    whole = path.read_bytes()
    rng = np.random.Generator(np.random.Philox(5))
    for place, bit in zip(rng.integers(0, len(whole), 100), rng.integers(0, 8, 100), strict=True):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(bit)
        path.write_bytes(damaged)
        assert store.load(PART) is None, (place, bit)
        path.write_bytes(whole)
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert store.load(PART) is None
    path.write_bytes(whole + b"x")
    assert store.load(PART) is None
    path.write_bytes(whole)
    assert store.load(PART) is not None


@pytest.mark.parametrize("what", ["pipe", "link", "folder", "full folder", "device"])
def test_what_is_no_plain_file_is_no_part_and_nothing_waits(
    what: str, store: FolderStore, tmp_path: Path
) -> None:
    path = store.path(PART)
    elsewhere = tmp_path / "elsewhere"
    shutil.move(path, elsewhere)
    if what == "pipe":
        os.mkfifo(path)
    elif what in ("link", "device"):
        path.symlink_to(elsewhere if what == "link" else "/dev/zero")
    else:
        path.mkdir()
        if what == "full folder":
            (path / "file").write_text("x", "utf-8")
    begun = time.monotonic()
    assert store.load(PART) is None
    assert time.monotonic() - begun < 5.0
    assert elsewhere.exists()
    store.save(PART, ARRAYS)
    assert store.load(PART) is not None


def forged(shape: list[object], content: bytes) -> bytes:
    """A part with a right checksum that holds something else than it says."""
    record = {"schema": 1, "belongs": {**PART._asdict(), "run": IDENTITY}, "arrays": [["a", shape]]}
    rest = json.dumps(record).encode() + b"\n" + zlib.compress(content, 9)
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        ([1], bytes(50_000_000)),
        ([10**12], bytes(8)),
        ([-1], bytes(8)),
        ([2], bytes(8)),
        (["x"], bytes(8)),
        ([10**30, 0], bytes(0)),
    ],
)
def test_a_bomb_is_no_part_and_costs_no_memory(
    shape: list[object], content: bytes, store: FolderStore
) -> None:
    store.path(PART).write_bytes(forged(shape, content))
    del content
    tracemalloc.start()
    try:
        loaded = store.load(PART)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert loaded is None or all(array.size == 0 for array in loaded.values())
    assert peak < 10_000_000


def test_a_file_that_is_too_large_is_not_read(store: FolderStore) -> None:
    with store.path(PART).open("r+b") as file:
        file.truncate(400_000_000)  # a hole: it takes no place on the disk
    assert store.load(PART) is None
    assert not store.path(PART).exists()


@pytest.mark.parametrize("line", [b"", b"[]", b"3", b"{}", b"null", b"[" * 100_000, b'{"schema": 1}'])
def test_nonsense_is_no_part(line: bytes) -> None:
    assert unpack_part(line + b"\nabc", {}) is None
    assert unpack_part(hashlib.sha256(line).hexdigest().encode() + b"\n" + line, {}) is None


def test_arrays_of_any_shape() -> None:
    arrays: dict[str, NDArray[np.int64]] = {
        "none": np.zeros((0, 0, 0), dtype=np.int64),
        "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
        "most": np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).min]),
    }
    back = unpack_part(pack_part({"x": 1}, arrays), {"x": 1})
    assert back is not None
    for name, array in arrays.items():
        assert back[name].shape == array.shape
        assert np.array_equal(back[name], array)
