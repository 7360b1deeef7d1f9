"""The file of one job of a batch farm: what it belongs to and its integer arrays, in a sealed npz.

An npz as ``numpy.load`` reads it: ``record`` is a text of JSON as bytes, every other array int64. The comment at the
end of the zip, its last 64 bytes, is the SHA-256 of all bytes before it: no bit can change unnoticed.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.plain_file import read_plain

__all__ = ["MAX_JOB_BYTES", "JobFile", "read_job", "write_job"]

MAX_JOB_BYTES = 500_000_000
"""Largest job file, packed or unpacked; one of the library's searches has 1 to 3 MB packed, up to 100 unpacked."""
_SEAL = 64
_RECORD = "record"


@dataclass(frozen=True)
class JobFile:
    """A job file that was whole when it was read: its ``record`` (plain JSON), its SHA-256."""

    path: Path
    record: Mapping[str, Any]
    seal: str

    def arrays(self, sample: str) -> dict[str, NDArray[np.int64]]:
        """Return the arrays of a ``sample`` by name, read again and checked again. ``InputDataError``."""
        raw = _whole(self.path)
        if raw[1] != self.seal:
            raise InputDataError(f"{self.path}: was exchanged while it was read")
        return {
            name.removeprefix(f"{sample}:"): array
            for name, array in _arrays(raw[0], self.path, prefix=f"{sample}:").items()
        }


def write_job(
    path: Path, record: Mapping[str, Any], arrays: Mapping[tuple[str, str], NDArray[np.int64]]
) -> None:
    """Write a job file, whole or not at all; ``arrays`` are named by sample and array. ``HnlpeakError``."""
    text = np.frombuffer(json.dumps(record, sort_keys=True).encode(), dtype=np.uint8)
    named = {f"{sample}:{name}": np.ascontiguousarray(a, "<i8") for (sample, name), a in arrays.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, array in {_RECORD: text, **named}.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        file.comment = b"0" * _SEAL
    content = buffer.getbuffer()[:-_SEAL]
    with atomic_path(path) as partial, partial.open("wb") as out:
        out.write(content)
        out.write(hashlib.sha256(content).hexdigest().encode())


def read_job(path: Path) -> JobFile:
    """Return a job file. ``InputDataError`` naming the file and what is wrong with it."""
    raw, seal = _whole(path)
    text = _arrays(raw, path, prefix=_RECORD).get(_RECORD)
    try:
        record = json.loads(b"" if text is None else text.tobytes())
    except (ValueError, RecursionError) as error:
        raise InputDataError(f"{path}: no job file (its record is no JSON)") from error
    if not isinstance(record, dict):
        raise InputDataError(f"{path}: no job file (its record is no table)")
    return JobFile(path, record, seal)


def _whole(path: Path) -> tuple[bytes, str]:
    """Content and seal of a file whose seal is right."""
    try:
        raw = read_plain(path, most=MAX_JOB_BYTES)
    except OSError as error:
        raise InputDataError(f"{path}: cannot be read ({error.strerror or error})") from error
    seal = hashlib.sha256(raw[:-_SEAL]).hexdigest()
    if seal.encode() != raw[-_SEAL:]:
        raise InputDataError(f"{path}: truncated or altered, its SHA-256 is not the one at its end")
    return raw, seal


def _arrays(raw: bytes, path: Path, *, prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with ``prefix``."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as file:
            if sum(info.file_size for info in file.infolist()) > MAX_JOB_BYTES:
                raise InputDataError(f"{path}: more than {MAX_JOB_BYTES} bytes unpacked")
            found = {}
            for name in file.namelist():
                if name.startswith(prefix):
                    with file.open(name) as member:
                        found[name.removesuffix(".npy")] = np.lib.format.read_array(
                            member, allow_pickle=False
                        )
            return found
    # zipfile says RuntimeError of members that are encrypted, and of ways of packing that it does not know
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, RuntimeError, EOFError, OSError) as error:
        raise InputDataError(f"{path}: no job file ({str(error)[:80]})") from error
