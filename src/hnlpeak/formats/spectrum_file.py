"""Spectra by the kind of file: UHI JSON, CSV, ROOT."""

from __future__ import annotations

from pathlib import Path

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.root_file import split_address
from hnlpeak.formats.root_spectrum import read_root_spectrum, write_root_spectrum
from hnlpeak.formats.spectrum_table import read_spectrum_table
from hnlpeak.formats.uhi import read_uhi, write_uhi
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["read_spectrum", "write_spectrum"]


def read_spectrum(address: str | Path) -> Spectrum:
    """Return the spectrum in ``.json`` (UHI), ``.csv`` or ``file.root:histogram``.

    ``InputDataError`` naming the file where it cannot be used, also for other kinds of files.
    """
    path, _ = split_address(address)
    if path.suffix == ".root":
        return read_root_spectrum(address)
    if path.suffix == ".json":
        return read_uhi(path)
    if path.suffix == ".csv":
        return read_spectrum_table(path)
    raise InputDataError(f"{address}: a spectrum is a .json (UHI), a .csv or file.root:histogram")


def write_spectrum(path: str | Path, spectrum: Spectrum) -> None:
    """Write ``spectrum`` as ``.json`` (UHI) or ``.root``; ``UsageError`` for other kinds of files."""
    suffix = Path(path).suffix
    if suffix == ".json":
        write_uhi(path, spectrum)
    elif suffix == ".root":
        write_root_spectrum(path, spectrum)
    else:
        raise UsageError(f"{path}: a spectrum is written as .json (UHI) or .root")
