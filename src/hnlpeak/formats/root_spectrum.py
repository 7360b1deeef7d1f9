"""Spectra in ROOT files: one TH1 per selection, read by ``file.root:path``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hist
import numpy as np

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import InputDataError
from hnlpeak.core.words import listed, not_parsed
from hnlpeak.formats.facts import facts_of
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.root_file import names_in, open_root, split_address, stored_text
from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.uhi import spectrum_of_facts
from hnlpeak.spectrum.foreign import check_edges, check_size, edges_of_axis, variable_axis
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMAT", "read_root_spectrum", "write_root_spectrum"]

_FACTS = "hnlpeak_spectrum"


def write_root_spectrum(path: str | Path, spectrum: Spectrum) -> None:
    """Write each selection, summed over components, as a TH1 under its name, and the facts as JSON text."""
    import uproot

    facts = {**facts_of(spectrum), "selections": list(spectrum.selections)}
    with atomic_path(path) as partial, uproot.recreate(partial) as file:
        file[_FACTS] = dump_json(facts, indent=None)
        for name in spectrum.selections:
            edges, values, variances = spectrum.project(name)
            histogram: hist.Hist[Any] = hist.Hist(variable_axis(edges), storage=hist.storage.Weight())
            histogram.view()[...] = np.stack([values, variances], axis=-1)
            file[name] = histogram


def _facts(file: Any, path: Path) -> dict[str, Any]:
    text = stored_text(file, _FACTS)
    if text is None:
        return {}
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputDataError(f"{path}: {_FACTS} is not valid JSON: {not_parsed(error)}") from error
    return facts if isinstance(facts, dict) else {}


def _histogram(file: Any, name: str, path: Path) -> Any:
    have = listed(names_in(file, "TH1")) or "no TH1"
    if name not in file:
        raise InputDataError(f"{path}: no object {name!r}; the file has {have}")
    kind = str(file.classnames().get(name) or file.classname_of(name))
    if not kind.startswith("TH1"):
        raise InputDataError(f"{path}: {name!r} is a {kind}, expected a TH1; the file has {have}")
    found = file[name]
    check_size([int(found.axis().member("fNbins"))], f"{path}:{name}")
    return found


def read_root_spectrum(address: str | Path, *, unit: str | None = None) -> Spectrum:
    """Return the spectrum of ``file.root:histogram``, of its newest cycle or of ``histogram;1``.

    Without ``:histogram`` it is the only TH1, or all selections of a file that this package wrote. ``unit`` is that
    of the axis where the file does not say it.

    ``InputDataError`` naming the file and the object, with what is there, where it cannot be used.
    """
    path, inside = split_address(address)
    with open_root(path) as file:
        facts = _facts(file, path)
        if inside is not None:
            found = _Th1(_histogram(file, inside, path))
            origin, label = f"{path}:{inside}", f"{path.stem} {inside}"
            return spectrum_of_facts(found, facts, origin, default_label=label, unit=unit)
        if "selections" not in facts:
            names = names_in(file, "TH1")
            if len(names) != 1:
                raise InputDataError(
                    f"{path}: say which histogram, as in {path.name}:NAME; the file has {listed(names)}"
                    if names
                    else f"{path}: a spectrum is a TH1, and the file has none"
                )
            found = _Th1(_histogram(file, names[0], path))
            return spectrum_of_facts(found, facts, str(path), default_label=path.stem, unit=unit)
        names = facts["selections"]
        if not isinstance(names, list) or not names or len({str(name) for name in names}) != len(names):
            raise InputDataError(f"{path}: {_FACTS}: 'selections' must be a list of names")
        joined = _joined(
            [_histogram(file, str(name), path) for name in names], [str(name) for name in names], path
        )
        return spectrum_of_facts(joined, facts, str(path), default_label=path.stem, unit=unit)


class _Axis:
    """A ROOT axis as UHI has it, with its title."""

    def __init__(self, axis: Any) -> None:
        self.edges = np.asarray(axis.edges(), dtype=np.float64)
        self.label = str(axis.member("fTitle"))

    def __len__(self) -> int:
        return self.edges.size - 1


class _Th1:
    """A TH1 as UHI has it: axes with titles, values, variances."""

    def __init__(self, found: Any) -> None:
        self.axes = [_Axis(found.axis())]
        self._found = found

    def values(self) -> Any:
        return self._found.values()

    def variances(self) -> Any:
        return self._found.variances()


def _joined(parts: list[Any], names: list[str], path: Path) -> Any:
    edges = edges_of_axis(parts[0].axes[0])
    check_edges(edges, str(path))
    if any(not np.array_equal(edges_of_axis(part.axes[0]), edges) for part in parts):
        raise InputDataError(f"{path}: the histograms of the selections have different axes")
    check_size([len(names), edges.size - 1], str(path))
    axis = variable_axis(edges)
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(names, name="selection", overflow=False),
        hist.axis.StrCategory(["all"], name="source", overflow=False),
        axis,
        storage=hist.storage.Weight(),
    )
    for i, part in enumerate(parts):
        histogram.view()[i, 0] = np.stack([part.values(), part.variances()], axis=-1)
    return histogram


FORMAT = SpectrumFormat(
    "ROOT",
    (".root",),
    "file.root:histogram",
    lambda path, inside, unit: read_root_spectrum(path if inside is None else f"{path}:{inside}", unit=unit),
    write_root_spectrum,
)
