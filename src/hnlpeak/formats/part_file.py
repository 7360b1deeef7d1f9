"""One finished part of a sample in a file: what it belongs to and its integer arrays, under a checksum.

First comes the SHA-256 of all that follows, then a line of JSON: what the part belongs to, names and shapes of the
arrays and how many of their numbers are not zero. The rest, compressed with zlib, is little-endian int64: of each
array the places of these numbers (in C order), then the numbers. A part is taken only where it belongs to exactly what
is asked for and every byte is as it was written.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.sheet import sheet

__all__ = ["MAX_PART_BYTES", "pack_part", "unpack_part"]

MAX_PART_BYTES = 256_000_000
"""Largest part, packed or unpacked; the largest of the library's searches has 15 MB."""
_SCHEMA = 2


def pack_part(belongs: Mapping[str, Any], arrays: Mapping[str, NDArray[np.int64]]) -> bytes:
    """Return the content of the file of ``arrays`` (any shapes) that belong to ``belongs`` (plain JSON)."""
    facts, content = [], []
    for name, array in arrays.items():
        flat = array.reshape(-1)
        places = np.flatnonzero(flat)
        facts.append([name, list(array.shape), places.size])
        content += [np.ascontiguousarray(part, "<i8").tobytes() for part in (places, flat[places])]
    record = {"schema": _SCHEMA, "belongs": belongs, "arrays": facts}
    payload = zlib.compress(b"".join(content), 1)
    rest = json.dumps(record, sort_keys=True).encode() + b"\n" + payload
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def unpack_part(raw: bytes, belongs: Mapping[str, Any]) -> dict[str, NDArray[np.int64]] | None:
    """Return the arrays of a file that belongs to ``belongs``; None where it does not, or is damaged."""
    digest, _, rest = raw.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        return None
    line, _, payload = rest.partition(b"\n")
    try:
        record = json.loads(line)
        if record["schema"] != _SCHEMA or record["belongs"] != json.loads(json.dumps(belongs)):
            return None
        facts = [
            (str(name), tuple(int(n) for n in shape), int(count)) for name, shape, count in record["arrays"]
        ]
        if not _fit(facts):
            return None
        size = 16 * sum(count for _, _, count in facts)
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(payload, size + 1)
        if len(content) != size or not unpacker.eof:
            return None
        return _arrays(facts, np.frombuffer(content, "<i8").astype(np.int64))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, zlib.error):
        return None


def _fit(facts: Sequence[tuple[str, tuple[int, ...], int]]) -> bool:
    """True where arrays of these shapes and numbers of numbers are no larger than any part."""
    if any(not 0 <= n <= MAX_PART_BYTES for _, shape, _ in facts for n in shape):
        return False
    sizes = [math.prod(shape) for _, shape, _ in facts]
    full = all(0 <= count <= n for (_, _, count), n in zip(facts, sizes, strict=True))
    return full and 8 * sum(sizes) <= MAX_PART_BYTES


def _arrays(
    facts: Sequence[tuple[str, tuple[int, ...], int]], numbers: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    found, first = {}, 0
    for name, shape, count in facts:
        places, values = numbers[first : first + 2 * count].reshape(2, count)
        found[name] = sheet(shape)
        found[name].reshape(-1)[places] = values
        first += 2 * count
    return found
