"""Spectra by the kind of file: one record each, found by the end of the name."""

from __future__ import annotations

from pathlib import Path

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats import hepdata_yaml, root_spectrum, spectrum_table, uhi, uhi_hdf5, uhi_zip
from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.units import AXIS_UNITS
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMATS", "WRITTEN", "read_spectrum", "split_spectrum_address", "write_spectrum"]

FORMATS: list[SpectrumFormat] = [
    uhi.FORMAT,
    uhi_zip.FORMAT,
    uhi_hdf5.FORMAT,
    root_spectrum.FORMAT,
    spectrum_table.FORMAT,
    hepdata_yaml.FORMAT,
]
"""All kinds of spectrum files. Another one: its file in this room, and its line here."""

WRITTEN = tuple(kind.suffixes[0] for kind in FORMATS if kind.write is not None)
"""How names of files end that spectra are written to."""


def _kind_of(name: str) -> SpectrumFormat | None:
    return next((kind for kind in FORMATS if name.casefold().endswith(kind.suffixes)), None)


def split_spectrum_address(address: str | Path) -> tuple[Path, str | None]:
    """Return the file and the object inside of ``file.root:histogram``; None without an object."""
    text = str(address)
    head, colon, inside = text.rpartition(":")
    if colon and inside and not Path(text).exists() and _kind_of(head) is not None:
        return Path(head), inside
    return Path(text), None


def read_spectrum(address: str | Path, *, unit: str | None = None) -> Spectrum:
    """Return the spectrum in a file of one of the ``FORMATS``: ``file`` or ``file:object inside``.

    ``unit`` is that of the missing-mass axis where the file does not say it: MeV, GeV, or MeV2, GeV2 for its square.
    ``InputDataError`` naming the file where it cannot be used, also for other kinds of files; ``UsageError`` for
    other units.
    """
    if unit is not None and unit not in AXIS_UNITS:
        raise UsageError(f"--unit: got {unit!r}, allowed are {', '.join(AXIS_UNITS)}")
    path, inside = split_spectrum_address(address)
    kind = _kind_of(path.name)
    if kind is None:
        known = "; ".join(f"{each.example} ({each.name})" for each in FORMATS)
        raise InputDataError(f"{address}: not a kind of spectrum that is known: {known}")
    return kind.read(path, inside, unit)


def write_spectrum(path: str | Path, spectrum: Spectrum) -> None:
    """Write ``spectrum`` as the kind of file that the name asks for; ``UsageError`` for other kinds."""
    kind = _kind_of(Path(path).name)
    if kind is None or kind.write is None:
        raise UsageError(f"{path}: a spectrum is written as {' or '.join(WRITTEN)}")
    kind.write(Path(path), spectrum)
