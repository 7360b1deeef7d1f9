"""Spectra as UHI JSON, plain or compressed: the histogram with what the numbers mean in its metadata.

The histogram's metadata hold a table ``hnlpeak`` with ``simulated``, ``label``, ``unit`` and
``decays_in_fiducial``; files of other programs need none of it and are taken as data in MeV.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import listed
from hnlpeak.formats.facts import facts_of, read_facts
from hnlpeak.formats.json_text import dump_json, read_json
from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.units import scale_axis, unit_in, unit_of
from hnlpeak.spectrum.fixed_point import from_fixed
from hnlpeak.spectrum.foreign import check_size
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMAT", "read_uhi", "spectrum_of_facts", "spectrum_of_record", "write_uhi"]

_STORAGES = ("int", "double", "weighted")
"""Storages whose values are numbers of events; means of something are not."""


def spectrum_of_facts(
    histogram: Any, facts: object, origin: str, *, default_label: str, unit: str | None = None
) -> Spectrum:
    """Return the spectrum of a UHI ``histogram`` and the ``facts`` of its file; ``unit`` as the user states it.

    ``InputDataError`` naming ``origin`` for facts of the wrong kind, unknown units and bins that cannot be.
    """
    said = read_facts(facts, origin, default_label=default_label)
    title = str(getattr(histogram.axes[-1], "label", "") or "") if len(histogram.axes) else ""
    in_file = said.unit if said.unit is not None else unit_in(title)
    return Spectrum.from_uhi(
        scale_axis(histogram, unit_of(origin, unit, in_file), origin),
        simulated=said.simulated,
        label=said.label,
        origin=origin,
        decays_in_fiducial=said.decays_in_fiducial,
    )


def write_uhi(path: str | Path, spectrum: Spectrum) -> None:
    """Write ``spectrum`` to ``path`` as UHI JSON, whole or not at all.

    Row by row: its numbers as objects of Python would take ten times the memory of the spectrum.
    """
    import hist
    from hist.serialization import remove_writer_info, to_uhi
    from uhi.io.json import default

    weighted = spectrum.squares is not None
    storage: Any = hist.storage.Weight() if weighted else _plain_storage(spectrum)
    record: Any = remove_writer_info(to_uhi(hist.Hist(spectrum.axis, storage=storage)))
    record["axes"] = [one for axis in spectrum.axes for one in to_uhi(hist.Hist(axis))["axes"]]
    record["metadata"] = {"hnlpeak": facts_of(spectrum), "label": spectrum.label}
    columns = {"values": spectrum.content}
    if spectrum.squares is not None:
        columns["variances"] = spectrum.squares
    record["storage"].update({name: _mark(name) for name in columns})
    text = dump_json(record, indent=None, default=default)
    with atomic_path(path) as partial, partial.open("wb") as file:
        for name, numbers in columns.items():
            head, _, text = text.partition(f'"{_mark(name)}"')
            file.write(head.encode())
            for piece in _pieces(numbers, spectrum.axis, fixed=weighted):
                file.write(piece.encode())
        file.write(text.encode())


def _plain_storage(spectrum: Spectrum) -> Any:
    import hist

    return hist.storage.Int64() if spectrum.content.dtype.kind == "i" else hist.storage.Double()


def _mark(name: str) -> str:
    """What stands in the text for an array: no label has such a letter, files are text."""
    return f"\ufdd0{name}"


def _pieces(numbers: NDArray[Any], axis: Any, *, fixed: bool) -> Iterator[str]:
    """The JSON text of ``numbers`` [selection, source, bin], with the empty bins outside the axis that UHI has."""
    zero = "0" if numbers.dtype.kind == "i" and not fixed else "0.0"
    before, after = [zero] * axis.traits.underflow, [zero] * axis.traits.overflow
    for s, components in enumerate(numbers):
        yield "[[" if s == 0 else ", ["
        for k, row in enumerate(components):
            places = np.flatnonzero(row)
            there = from_fixed(row[places]) if fixed else row[places]
            if not np.all(np.isfinite(there)):
                raise ValueError("a spectrum with a number that is not finite")
            cells = [zero] * row.size
            for place, number in zip(places.tolist(), there.tolist(), strict=True):
                cells[place] = repr(number)
            yield f"{', ' if k else ''}[{', '.join([*before, *cells, *after])}]"
        yield "]"
    yield "]"


def read_uhi(path: str | Path, *, inside: str | None = None, unit: str | None = None) -> Spectrum:
    """Return the spectrum in a UHI JSON file (``.gz`` too); ``InputDataError`` naming the file where it cannot be.

    ``inside`` is the name of one histogram in a file that holds a table of them.
    """
    from uhi.io.json import object_hook

    record = read_json(path)
    if inside is not None:
        if not isinstance(record, dict) or inside not in record:
            there = listed(map(str, record)) if isinstance(record, dict) else "no table"
            raise InputDataError(f"{path}: no histogram {inside!r}; the file has {there}")
        record = record[inside]
    if not isinstance(record, dict) or "axes" not in record or "storage" not in record:
        raise InputDataError(f"{path}: not a UHI histogram: keys 'axes' and 'storage' are needed")
    _check_record(record, str(path))
    name = Path(path).name.partition(".")[0]
    try:
        record = _with_arrays(record, object_hook)
    except (TypeError, ValueError, OverflowError) as error:  # lists in lists, text among numbers
        raise InputDataError(f"{path}: not a UHI histogram: values and edges must be numbers") from error
    return spectrum_of_record(record, str(path), default_label=inside or name, unit=unit)


def spectrum_of_record(record: Any, origin: str, *, default_label: str, unit: str | None) -> Spectrum:
    """Return the spectrum of a UHI record with arrays; ``InputDataError`` naming ``origin`` where it is none."""
    from hist.serialization import from_uhi

    _check_record(record, origin)
    metadata = record.get("metadata") or {}
    facts = metadata.get("hnlpeak", {}) if isinstance(metadata, dict) else {}
    try:
        histogram: Any = from_uhi(record)
    except Exception as error:  # the reader of UHI raises whatever a wrong file leads to
        said = " ".join(str(error).split())[:120]
        raise InputDataError(f"{origin}: not a UHI histogram ({type(error).__name__}: {said})") from error
    return spectrum_of_facts(histogram, facts, origin, default_label=default_label, unit=unit)


def _check_record(record: dict[str, Any], origin: str) -> None:
    """Raise ``InputDataError`` for storages that hold no events, and for what would not fit, before it is made."""
    axes, storage = record.get("axes"), record.get("storage")
    if not (isinstance(axes, list) and isinstance(storage, dict)):
        raise InputDataError(f"{origin}: not a UHI histogram: 'axes' must be a list, 'storage' a table")
    kind = storage.get("type")
    if kind not in _STORAGES:
        raise InputDataError(
            f"{origin}: not a UHI histogram of events: storage {str(kind)[:40]!r}, "
            f"allowed are {', '.join(_STORAGES)}"
        )
    sizes = [_bins(axis, origin) for axis in axes]
    check_size(sizes, origin)
    if kind == "int":
        _check_whole(storage.get("values"), origin)


def _bins(axis: Any, origin: str) -> int:
    """Bins of an axis as its record says, with those for what lies outside."""
    if not isinstance(axis, dict):
        raise InputDataError(f"{origin}: not a UHI histogram: an axis must be a table")
    for key in ("edges", "categories"):
        if key in axis:
            return len(axis[key]) if hasattr(axis[key], "__len__") else 1
    bins = axis.get("bins", 1)
    if isinstance(bins, bool) or not isinstance(bins, int | float) or not 0 < bins < math.inf:
        raise InputDataError(
            f"{origin}: not a UHI histogram: bins of an axis must be a number, got {str(bins)[:40]!r}"
        )
    return int(bins)


def _check_whole(values: Any, origin: str) -> None:
    """Integers are integers: the reader of UHI would cut 2.999 down to 2."""
    try:
        numbers = np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError) as error:
        raise InputDataError(f"{origin}: not a UHI histogram: values must be numbers") from error
    odd = np.flatnonzero(~(numbers == np.rint(numbers)))
    if odd.size:
        i = int(odd[0])
        raise InputDataError(
            f"{origin}: value {i} of an integer storage is {numbers[i]:g}, not a whole number"
        )


def _with_arrays(item: Any, hook: Any) -> Any:
    """Lists of numbers in storage and axes as arrays, as the reader of UHI expects them."""
    if isinstance(item, dict):
        return hook({key: _with_arrays(value, hook) for key, value in item.items()})
    return item


FORMAT = SpectrumFormat(
    "UHI",
    (".json", ".json.gz"),
    "file.json",
    lambda path, inside, unit: read_uhi(path, inside=inside, unit=unit),
    write_uhi,
)
