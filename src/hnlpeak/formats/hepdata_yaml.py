"""Tables as HEPData keeps them (YAML, with ``pyyaml``, the extra ``inputs``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.core.errors import InputDataError
from hnlpeak.formats.hepdata_table import choose
from hnlpeak.formats.json_text import read_text
from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.spectrum_table import spectrum_of_bins
from hnlpeak.formats.units import unit_in, unit_of
from hnlpeak.spectrum.foreign import check_size
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["FORMAT", "read_hepdata_yaml"]

_MAX_BYTES = 8_000_000


def _load(path: Path) -> Any:
    """The content; no aliases (they can grow without bound), no tags."""
    try:
        import yaml
    except ImportError as error:
        raise InputDataError(
            f"{path}: YAML files need the package pyyaml: pip install 'hnlpeak[inputs]'"
        ) from error
    text = read_text(path)
    if len(text) > _MAX_BYTES:
        raise InputDataError(f"{path}: {len(text)} characters, at most {_MAX_BYTES} of YAML are read")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise InputDataError(f"{path}: YAML aliases are not read")
        return loader(text).get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputDataError(f"{path}: not valid YAML: {' '.join(str(error).split())[:120]}") from error


def _number(item: Any, key: str, path: Path, i: int) -> float:
    found: Any = item.get(key) if isinstance(item, dict) else None
    try:
        return float(found)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputDataError(f"{path}: bin {i} has no number {key!r}, got {str(found)[:40]!r}") from error


def _variables(record: Any, key: str, path: Path) -> list[dict[str, Any]]:
    found = record.get(key) if isinstance(record, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(v, dict) for v in found):
        raise InputDataError(f"{path}: not a table of HEPData: {key!r} must be a list of variables")
    return found


def _header(variable: dict[str, Any]) -> tuple[str, str | None]:
    header = variable.get("header")
    header = header if isinstance(header, dict) else {}
    units = header.get("units")
    return str(header.get("name", "")), None if units is None else unit_in(f"[{units}]")


def read_hepdata_yaml(path: Path, inside: str | None, unit: str | None) -> Spectrum:
    """Return the spectrum of a table of HEPData; ``inside`` names the dependent variable with the events.

    ``InputDataError`` naming the file and what is missing, also where ``pyyaml`` is not installed.
    """
    record = _load(path)
    axis = _variables(record, "independent_variables", path)[0]
    measured = _variables(record, "dependent_variables", path)
    events = measured[choose([_header(variable)[0] for variable in measured], inside, path)]
    bins, values = axis.get("values"), events.get("values")
    if not isinstance(bins, list) or not isinstance(values, list) or not bins or len(bins) != len(values):
        raise InputDataError(f"{path}: not a table of HEPData: as many values as bins are needed")
    check_size([len(bins)], str(path))
    low, high = (np.array([_number(b, key, path, i) for i, b in enumerate(bins)]) for key in ("low", "high"))
    counts = np.array([_number(v, "value", path, i) for i, v in enumerate(values)])
    name, said = _header(axis)
    in_file = said if said is not None else unit_in(name)
    return spectrum_of_bins(low, high, counts, path, unit=unit_of(str(path), unit, in_file))


FORMAT = SpectrumFormat("HEPData", (".yaml", ".yml"), "file.yaml", read_hepdata_yaml)
