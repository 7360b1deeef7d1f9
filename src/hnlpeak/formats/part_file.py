"""One finished part of a sample in a file: what it belongs to and its integer arrays, under a checksum.

First comes the SHA-256 of all that follows, then a line of JSON: what the part belongs to, names and shapes of the
arrays. The rest is the arrays as little-endian int64 one after the other, compressed with zlib. A part is taken only
where it belongs to exactly what is asked for and every byte is as it was written.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_PART_BYTES", "pack_part", "unpack_part"]

MAX_PART_BYTES = 256_000_000
"""Largest part, packed or unpacked; the largest of the library's searches has 15 MB."""
_SCHEMA = 1


def pack_part(belongs: Mapping[str, Any], arrays: Mapping[str, NDArray[np.int64]]) -> bytes:
    """Return the content of the file of ``arrays`` (any shapes) that belong to ``belongs`` (plain JSON)."""
    payload = zlib.compress(b"".join(np.ascontiguousarray(a, "<i8").tobytes() for a in arrays.values()), 1)
    record = {
        "schema": _SCHEMA,
        "belongs": belongs,
        "arrays": [[name, list(array.shape)] for name, array in arrays.items()],
    }
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
        shapes = {str(name): tuple(int(n) for n in shape) for name, shape in record["arrays"]}
        size = 8 * sum(math.prod(shape) for shape in shapes.values())
        if size > MAX_PART_BYTES or any(
            not 0 <= n <= MAX_PART_BYTES for shape in shapes.values() for n in shape
        ):
            return None
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(payload, size + 1)
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error):
        return None
    if len(content) != size or not unpacker.eof:
        return None
    flat, arrays, first = np.frombuffer(content, "<i8").astype(np.int64), {}, 0
    for name, shape in shapes.items():
        count = math.prod(shape)
        arrays[name] = flat[first : first + count].reshape(shape)
        first += count
    return arrays
