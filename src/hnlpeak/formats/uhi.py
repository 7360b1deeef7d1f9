"""Spectra as UHI JSON: the histogram with what the numbers mean in its metadata.

The histogram's metadata hold a table ``hnlpeak`` with ``simulated``, ``label``, ``unit`` and
``decays_in_fiducial``; files of other programs need none of it and are taken as data in MeV.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hnlpeak.core.atomic import write_text
from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.formats.units import scale_axis
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["facts_of", "read_uhi", "spectrum_of_facts", "write_uhi"]


def facts_of(spectrum: Spectrum) -> dict[str, Any]:
    """Return what a file says about a spectrum beside its bins."""
    return {
        "simulated": spectrum.simulated,
        "label": spectrum.label,
        "unit": "MeV",
        "decays_in_fiducial": spectrum.decays_in_fiducial,
    }


def spectrum_of_facts(histogram: Any, facts: Any, origin: str, *, default_label: str) -> Spectrum:
    """Return the spectrum of a UHI ``histogram`` and the ``facts`` of its file.

    ``InputDataError`` naming ``origin`` for facts of the wrong kind, unknown units and bins that cannot be.
    """
    if not isinstance(facts, dict):
        raise InputDataError(f"{origin}: metadata 'hnlpeak' must be a table, got {facts!r}")
    simulated = facts.get("simulated", False)
    decays = facts.get("decays_in_fiducial")
    label = facts.get("label", default_label)
    if not isinstance(simulated, bool):
        raise InputDataError(f"{origin}: metadata 'simulated' must be true or false, got {simulated!r}")
    if not isinstance(label, str):
        raise InputDataError(f"{origin}: metadata 'label' must be text, got {label!r}")
    if decays is not None and (
        isinstance(decays, bool) or not isinstance(decays, int | float) or not decays > 0
    ):
        raise InputDataError(
            f"{origin}: metadata 'decays_in_fiducial' must be a positive number, got {decays!r}"
        )
    return Spectrum.from_uhi(
        scale_axis(histogram, facts.get("unit", "MeV"), origin),
        simulated=simulated,
        label=label,
        origin=origin,
        decays_in_fiducial=None if decays is None else float(decays),
    )


def write_uhi(path: str | Path, spectrum: Spectrum) -> None:
    """Write ``spectrum`` to ``path`` as UHI JSON, whole or not at all."""
    from hist.serialization import remove_writer_info, to_uhi
    from uhi.io.json import default

    record: Any = remove_writer_info(to_uhi(spectrum.histogram))
    record["metadata"] = {"hnlpeak": facts_of(spectrum), "label": spectrum.label}
    write_text(path, dump_json(record, indent=None, default=default))


def read_uhi(path: str | Path) -> Spectrum:
    """Return the spectrum in a UHI JSON file; ``InputDataError`` naming the file where it cannot be used."""
    from hist.serialization import from_uhi
    from uhi.io.json import object_hook

    record = read_json(path)
    if not isinstance(record, dict) or "axes" not in record or "storage" not in record:
        raise InputDataError(f"{path}: not a UHI histogram: keys 'axes' and 'storage' are needed")
    metadata = record.get("metadata") or {}
    facts = metadata.get("hnlpeak", {}) if isinstance(metadata, dict) else {}
    try:
        histogram: Any = from_uhi(_with_arrays(record, object_hook))
    except Exception as error:  # the reader of UHI raises whatever a wrong file leads to
        raise InputDataError(f"{path}: not a UHI histogram ({type(error).__name__}: {error})") from error
    return spectrum_of_facts(histogram, facts, str(path), default_label=Path(path).stem)


def _with_arrays(item: Any, hook: Any) -> Any:
    """Lists of numbers in storage and axes as arrays, as the reader of UHI expects them."""
    if isinstance(item, dict):
        return hook({key: _with_arrays(value, hook) for key, value in item.items()})
    return item
