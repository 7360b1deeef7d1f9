"""Spectra as UHI in HDF5 files (with ``h5py``, the extra ``inputs``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hnlpeak.core.errors import HnlpeakError, InputDataError
from hnlpeak.formats.json_text import MAX_BYTES, check_file
from hnlpeak.formats.spectrum_format import SpectrumFormat, pick
from hnlpeak.formats.uhi import spectrum_of_record
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMAT", "read_uhi_hdf5"]


def read_uhi_hdf5(path: Path, inside: str | None, unit: str | None) -> Spectrum:
    """Return the histogram in the group ``inside`` an HDF5 file, or its only one.

    ``InputDataError`` where it cannot be used, or where ``h5py`` is not installed.
    """
    check_file(path)
    try:
        import h5py
        from uhi.io.hdf5 import read
    except ImportError as error:
        raise InputDataError(
            f"{path}: HDF5 files need the package h5py: pip install 'hnlpeak[inputs]'"
        ) from error
    try:
        with h5py.File(path, "r") as file:
            groups: list[str] = []

            def histogram(name: str, item: Any) -> None:
                if "uhi_schema" in item.attrs:
                    groups.append(name)

            file.visititems(histogram)
            if "uhi_schema" in file.attrs:
                groups.append("/")
            name = pick(groups, inside, path)
            group = file[name]
            _check_bytes(group, path)
            record = read(group)
    except HnlpeakError:
        raise
    except Exception as error:  # broken bytes raise anything
        said = " ".join(str(error).split())[:120]
        raise InputDataError(
            f"{path}: not a readable HDF5 file of UHI ({type(error).__name__}: {said})"
        ) from error
    return spectrum_of_record(record, str(path), default_label=path.stem if name == "/" else name, unit=unit)


def _check_bytes(group: Any, path: Path) -> None:
    sizes: list[int] = []

    def count(_name: str, item: Any) -> None:
        sizes.append(int(getattr(item, "nbytes", 0)))

    group.visititems(count)
    if sum(sizes) > MAX_BYTES:
        raise InputDataError(f"{path}: {sum(sizes)} bytes unpacked, at most {MAX_BYTES} are read")


FORMAT = SpectrumFormat("UHI in HDF5", (".h5", ".hdf5"), "file.h5:group", read_uhi_hdf5)
