"""What a kind of spectrum file is: how its name ends, how it is read, how it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import listed
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["SpectrumFormat", "pick"]


class SpectrumFormat(NamedTuple):
    """``read(path, inside, unit)`` returns a spectrum, ``write(path, spectrum)`` leaves one.

    ``inside`` is the object asked for within the file, None for the only one; ``unit`` that of the missing-mass axis
    as the user states it, None to believe the file. ``example`` shows an address; ``write`` is None for kinds that
    are only read. What is written comes back: whether it is ``simulated``, label, decays, selections, counts or
    weights.
    ``suffixes`` are in lower case and begin with a dot.
    """

    name: str
    suffixes: tuple[str, ...]
    example: str
    read: Callable[[Path, str | None, str | None], Spectrum]
    write: Callable[[Path, Spectrum], None] | None = None


def pick(names: Sequence[str], inside: str | None, path: Path) -> str:
    """Return the name asked for, or the only one. ``InputDataError`` naming what is there where that is none."""
    there = listed(names) or "none"
    if inside is None and len(names) != 1:
        raise InputDataError(f"{path}: say which histogram, as in {path.name}:NAME; the file has {there}")
    name = names[0] if inside is None else inside
    if name not in names:
        raise InputDataError(f"{path}: no histogram {name[:60]!r}; the file has {there}")
    return name
