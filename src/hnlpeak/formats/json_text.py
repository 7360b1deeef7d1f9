"""JSON as this package writes and accepts it: sorted keys, no NaN, nothing twice."""

from __future__ import annotations

import gzip
import json
import math
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import not_parsed

__all__ = ["MAX_BYTES", "check_file", "dump_json", "read_json", "read_text"]

MAX_BYTES = 64_000_000
"""Largest text that is read, unpacked."""


def dump_json(record: Any, *, indent: int | None = 1, default: Callable[[Any], Any] | None = None) -> str:
    """Return ``record`` as JSON text with sorted keys and a final newline.

    ``indent`` None puts all on one line; ``default`` turns what JSON does not know into what it does.
    ``ValueError`` for NaN and infinities: a number that does not exist is None.
    """
    text = json.dumps(
        record, sort_keys=True, allow_nan=False, ensure_ascii=False, indent=indent, default=default
    )
    return text + "\n"


def check_file(path: str | Path) -> None:
    """Raise ``InputDataError`` unless ``path`` is a plain file (no folder, pipe or device) that can be read whole."""
    place = Path(path)
    try:
        facts = place.stat()
    except (OSError, ValueError) as error:
        raise InputDataError(
            f"{place}: cannot be read ({getattr(error, 'strerror', None) or error})"
        ) from error
    if not stat.S_ISREG(facts.st_mode):
        raise InputDataError(f"{place}: cannot be read (not a plain file)")


def _bytes(place: Path) -> bytes:
    """Content of a file, unpacked where it is compressed; never more than one byte above the limit."""
    check_file(place)
    with place.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if raw[:2] == b"\x1f\x8b":
        with gzip.open(place, "rb") as packed:
            raw = packed.read(MAX_BYTES + 1)
    return raw


def read_text(path: str | Path) -> str:
    """Return the text of a UTF-8 file (``.gz`` too); ``InputDataError`` if it is missing, too large or not text."""
    place = Path(path)
    try:
        raw = _bytes(place)
        if len(raw) > MAX_BYTES:
            size = place.stat().st_size
            raise InputDataError(f"{place}: {size} bytes or more unpacked, at most {MAX_BYTES} are read")
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise InputDataError(f"{place}: cannot be read ({said})") from error
    except UnicodeDecodeError as error:
        raise InputDataError(f"{place}: not a text file (byte {error.start} is not UTF-8)") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, item in pairs:
        if key in table:
            raise ValueError(f"key {key[:40]!r} appears twice")
        table[key] = item
    return table


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"number {text[:40]} is not finite")
    return number


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    ``InputDataError`` (naming the file) if it is larger than ``MAX_BYTES``, not JSON, nested too deep, or has
    a key twice, NaN or an infinity.
    """
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise InputDataError(f"{path}: JSON is nested too deep") from error
    except ValueError as error:
        raise InputDataError(f"{path}: not valid JSON: {not_parsed(error)}") from error
