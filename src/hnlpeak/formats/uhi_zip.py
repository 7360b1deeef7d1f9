"""Spectra as UHI in ZIP files: a JSON record for each histogram, its arrays beside it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hnlpeak.core.errors import HnlpeakError, InputDataError
from hnlpeak.formats.json_text import MAX_BYTES, check_file
from hnlpeak.formats.spectrum_format import SpectrumFormat, pick
from hnlpeak.formats.uhi import spectrum_of_record
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMAT", "read_uhi_zip"]

_MAX_MEMBERS = 1000


def read_uhi_zip(path: Path, inside: str | None, unit: str | None) -> Spectrum:
    """Return the histogram ``inside`` a ZIP file, or its only one. ``InputDataError`` where it cannot be used."""
    from uhi.io.zip import read

    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if len(members) > _MAX_MEMBERS or size > MAX_BYTES:
                raise InputDataError(
                    f"{path}: {len(members)} members of {size} bytes unpacked, at most {_MAX_MEMBERS} of {MAX_BYTES}"
                )
            names = [m.filename.removesuffix(".json") for m in members if m.filename.endswith(".json")]
            name = pick(names, inside, path)
            record = read(archive, name)
    except HnlpeakError:
        raise
    except Exception as error:  # broken bytes raise anything
        said = " ".join(str(error).split())[:120]
        raise InputDataError(
            f"{path}: not a readable ZIP file of UHI ({type(error).__name__}: {said})"
        ) from error
    return spectrum_of_record(record, str(path), default_label=name, unit=unit)


FORMAT = SpectrumFormat("UHI in ZIP", (".zip",), "file.zip:name", read_uhi_zip)
