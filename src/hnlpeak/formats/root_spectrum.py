"""Spectra in ROOT files: one TH1 per selection, read by ``file.root:path``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hist
import numpy as np

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.root_file import open_root, split_address
from hnlpeak.formats.uhi import facts_of, spectrum_of_facts
from hnlpeak.spectrum.foreign import edges_of_axis, variable_axis
from hnlpeak.spectrum.spectrum import ANY_SELECTION, Spectrum

__all__ = ["read_root_spectrum", "write_root_spectrum"]

_FACTS = "hnlpeak_spectrum"


def write_root_spectrum(path: str | Path, spectrum: Spectrum) -> None:
    """Write each selection, summed over sources, as a TH1 under its name, and the facts as JSON text."""
    import uproot

    facts = {**facts_of(spectrum), "selections": list(spectrum.selections)}
    with atomic_path(path) as partial, uproot.recreate(partial) as file:
        file[_FACTS] = dump_json(facts, indent=None)
        for name in spectrum.selections:
            edges, values, variances = spectrum.project(name)
            histogram: hist.Hist[Any] = hist.Hist(variable_axis(edges), storage=hist.storage.Weight())
            histogram.view()[...] = np.stack([values, variances], axis=-1)
            file[name] = histogram


def _names(file: Any, kind: str) -> list[str]:
    return [name.partition(";")[0] for name, cls in file.classnames().items() if cls.startswith(kind)]


def _facts(file: Any, path: Path) -> dict[str, Any]:
    if _FACTS not in file:
        return {}
    try:
        facts = json.loads(str(file[_FACTS]))
    except ValueError as error:
        raise InputDataError(f"{path}: {_FACTS} is not valid JSON: {error}") from error
    return facts if isinstance(facts, dict) else {}


def _histogram(file: Any, name: str, path: Path) -> Any:
    have = ", ".join(_names(file, "TH1")) or "no TH1"
    if name not in file:
        raise InputDataError(f"{path}: no object {name!r}; the file has {have}")
    found = file[name]
    if not str(getattr(found, "classname", "")).startswith("TH1"):
        kind = getattr(found, "classname", type(found).__name__)
        raise InputDataError(f"{path}: {name!r} is a {kind}, expected a TH1; the file has {have}")
    return found


def read_root_spectrum(address: str | Path) -> Spectrum:
    """Return the spectrum of ``file.root:histogram``.

    Without ``:histogram`` it is the only TH1, or all selections of a file that this package wrote.

    ``InputDataError`` naming the file and the object, with what is there, where it cannot be used.
    """
    path, inside = split_address(address)
    with open_root(path) as file:
        facts = _facts(file, path)
        if inside is not None:
            found = _histogram(file, inside, path)
            return spectrum_of_facts(found, facts, f"{path}:{inside}", default_label=f"{path.stem} {inside}")
        names = facts.get("selections", _names(file, "TH1"))
        if "selections" not in facts and len(names) != 1:
            have = ", ".join(names) or "no TH1"
            raise InputDataError(f"{path}: say which histogram, as in {path.name}:NAME; the file has {have}")
        parts = [_histogram(file, name, path) for name in names]
        joined = _joined(parts, names if "selections" in facts else [ANY_SELECTION])
        return spectrum_of_facts(joined, facts, str(path), default_label=path.stem)


def _joined(parts: list[Any], names: list[str]) -> Any:
    axis = variable_axis(edges_of_axis(parts[0].axes[0]))
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(names, name="selection", overflow=False),
        hist.axis.StrCategory(["all"], name="source", overflow=False),
        axis,
        storage=hist.storage.Weight(),
    )
    for i, part in enumerate(parts):
        histogram.view()[i, 0] = np.stack([part.values(), part.variances()], axis=-1)
    return histogram
