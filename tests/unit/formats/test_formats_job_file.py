"""The file of a job: what is written comes back, and nothing else is taken for it."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.core.errors import InputDataError
from hnlpeak.formats import job_file
from hnlpeak.formats.job_file import read_job, write_job

pytestmark = pytest.mark.faults

RECORD = {"schema": 1, "job": {"index": 0, "of": 2}, "run": {"seed": 2**64 - 1}}
ARRAYS = {
    ("data", "spectrum"): np.arange(5000, dtype=np.int64).reshape(2, 5, 500),
    ("data/P5", "unit"): np.array([2**40], dtype=np.int64),
    ("template/ke3", "squares"): np.zeros((0, 0, 0), dtype=np.int64),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_job(tmp_path / "job-0-of-2.npz", RECORD, ARRAYS)
    return tmp_path / "job-0-of-2.npz"


def test_what_is_written_comes_back(path: Path) -> None:
    found = read_job(path)
    assert found.record == RECORD
    for (sample, name), array in ARRAYS.items():
        back = found.arrays(sample)[name]
        assert back.dtype == np.int64
        assert back.shape == array.shape
        assert np.array_equal(back, array)
    assert set(found.arrays("data")) == {"spectrum"}
    assert found.arrays("nothing") == {}


def test_it_is_an_npz_without_pickles(path: Path) -> None:
    with np.load(path, allow_pickle=False) as file:
        assert np.array_equal(file["data:spectrum"], ARRAYS["data", "spectrum"])
        assert bytes(file["record"]).startswith(b'{"job"')


def test_the_same_content_makes_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_job(tmp_path / "again.npz", RECORD, ARRAYS)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_bits_that_flip_are_found_at_any_place(path: Path) -> None:
    whole = path.read_bytes()
    rng = np.random.Generator(np.random.Philox(12))
    for place, bit in zip(rng.integers(0, len(whole), 100), rng.integers(0, 8, 100), strict=True):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(bit)
        path.write_bytes(damaged)
        with pytest.raises(InputDataError, match=r"job-0-of-2.npz: truncated or altered"):
            read_job(path)
    for length in [0, 1, 63, 64, 65, len(whole) - 1, *rng.integers(0, len(whole), 100).tolist()]:
        path.write_bytes(whole[:length])
        with pytest.raises(InputDataError, match="truncated or altered"):
            read_job(path)
    path.write_bytes(whole + b"0")
    with pytest.raises(InputDataError, match="truncated or altered"):
        read_job(path)


def test_a_file_that_is_exchanged_later_is_found(path: Path) -> None:
    found = read_job(path)
    write_job(path, {**RECORD, "job": {"index": 1, "of": 2}}, ARRAYS)
    with pytest.raises(InputDataError, match="exchanged"):
        found.arrays("data")


@pytest.mark.parametrize("what", ["pipe", "link", "folder"])
def test_what_is_no_plain_file_is_refused(what: str, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    if what == "pipe":
        os.mkfifo(other)
    elif what == "link":
        other.symlink_to(path)
    else:
        other.mkdir()
    with pytest.raises(InputDataError, match=r"other.npz: cannot be read"):
        read_job(other)


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 1000, b"[]", b"[" * 100_000])
def test_a_right_seal_around_nonsense(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content + hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(InputDataError, match="no job file"):
        read_job(path)


def test_a_bomb_is_refused_before_it_is_unpacked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(path) as file:
        size = sum(info.file_size for info in file.infolist())
    monkeypatch.setattr(job_file, "MAX_JOB_BYTES", size - 1)
    with pytest.raises(InputDataError, match="bytes unpacked"):
        read_job(path)


@pytest.mark.parametrize(("at", "value"), [(8, 99), (6, 1)])  # way of packing, flag of encryption
def test_members_that_cannot_be_unpacked_are_refused(path: Path, at: int, value: int) -> None:
    """The headers of a sealed file are changed, and it is sealed again."""
    raw = bytearray(path.read_bytes()[:-64])
    for header, shift in (
        (b"PK\x03\x04", 0),
        (b"PK\x01\x02", 2),
    ):  # before each member, and in the table at the end
        place = raw.find(header)
        while place >= 0:
            raw[place + at + shift] = value
            place = raw.find(header, place + 1)
    path.write_bytes(bytes(raw) + hashlib.sha256(raw).hexdigest().encode())
    with pytest.raises(InputDataError, match="no job file"):
        read_job(path)
