"""Spectra as UHI in HDF5 files (with ``h5py``, the extra ``inputs``).

The HDF5 library can go round for ever in a damaged file, where nothing in this process stops it: files are read in a
process of their own that has a time to answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.json_text import MAX_BYTES, check_file
from hnlpeak.formats.spectrum_format import SpectrumFormat, pick
from hnlpeak.formats.uhi import spectrum_of_record
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMAT", "SECONDS", "read_uhi_hdf5"]

SECONDS = 60.0
"""Time in which a file of at most ``MAX_BYTES`` is read, many times over."""


def read_uhi_hdf5(path: Path, inside: str | None, unit: str | None) -> Spectrum:
    """Return the histogram in the group ``inside`` an HDF5 file, or its only one.

    ``InputDataError`` where it cannot be used, or where ``h5py`` is not installed.
    """
    from uhi.io.json import object_hook

    check_file(path)
    command = [sys.executable, "-m", __name__, str(path), *([] if inside is None else [inside])]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise InputDataError(f"{path}: damaged HDF5 file (not read in {SECONDS:g} s)") from error
    except ValueError as error:
        raise InputDataError(
            f"{path}: damaged HDF5 file (its reader ended with {done.returncode})"
        ) from error
    if "error" in answer:
        raise InputDataError(str(answer["error"]))
    record = {
        **answer["record"],
        "storage": object_hook(answer["record"]["storage"]),
        "axes": [object_hook(axis) for axis in answer["record"]["axes"]],
    }
    label = path.stem if answer["name"] == "/" else str(answer["name"])
    return spectrum_of_record(record, str(path), default_label=label, unit=unit)


def _answer(path: Path, inside: str | None) -> dict[str, Any]:
    """Name and UHI record of the histogram. ``InputDataError`` where there is none, anything for damaged files."""
    try:
        import h5py
        from uhi.io.hdf5 import read
    except ImportError as error:
        raise InputDataError(
            f"{path}: HDF5 files need the package h5py: pip install 'hnlpeak[inputs]'"
        ) from error
    with h5py.File(path, "r") as file:
        groups: list[str] = ["/"] if "uhi_schema" in file.attrs else []
        sizes: list[int] = []

        def visit(name: str, item: Any) -> None:
            sizes.append(int(getattr(item, "nbytes", 0)))
            if "uhi_schema" in item.attrs:
                groups.append(name)

        file.visititems(visit)
        name = pick(groups, inside, path)
        if sum(sizes) > MAX_BYTES:
            raise InputDataError(f"{path}: {sum(sizes)} bytes unpacked, at most {MAX_BYTES} are read")
        return {"name": name, "record": read(file[name])}


def _main() -> None:
    """Print the answer, or the error, as JSON."""
    from uhi.io.json import default

    path, inside = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    try:
        text = json.dumps(_answer(path, inside), default=default)
    except InputDataError as error:
        text = json.dumps({"error": str(error)})
    except Exception as error:  # broken bytes raise anything
        said = " ".join(str(error).split())[:120]
        text = json.dumps(
            {"error": f"{path}: not a readable HDF5 file of UHI ({type(error).__name__}: {said})"}
        )
    sys.stdout.write(text)


FORMAT = SpectrumFormat("UHI in HDF5", (".h5", ".hdf5"), "file.h5:group", read_uhi_hdf5)


if __name__ == "__main__":
    _main()
