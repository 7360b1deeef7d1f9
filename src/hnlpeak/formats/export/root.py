"""A ROOT file with the spectrum (TH1), the limits and edges of their bands as graphs, and all columns as a TTree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hist
import numpy as np

from hnlpeak.core.atomic import atomic_path
from hnlpeak.formats.export.export import Export, Finished
from hnlpeak.spectrum.foreign import variable_axis

__all__ = ["EXPORT"]

_GRAPHS = {"n_signal": "N_{S}", "branching_fraction": "B", "u2": "|U_{l4}|^{2}"}
_CURVES = ("observed", "expected", "expected_m2s", "expected_m1s", "expected_p1s", "expected_p2s")


def _graph(search: Finished, column: str, label: str) -> Any:
    """A limit over the mass, as TGraph: uproot writes none with errors, so each edge of a band is a graph."""
    import uproot

    rows = search.rows([column])
    x, y = (search.result.number(name)[rows] for name in ("m_n_mev", column))
    return uproot.as_TGraph({"x": x, "y": y}, title=search.origin, xAxisLabel="m_{N} [MeV]", yAxisLabel=label)


def _write(search: Finished, place: Path) -> list[Path]:
    import uproot

    result, path = search.result, place / "limits.root"
    with atomic_path(path) as partial, uproot.recreate(partial) as file:
        file["about"] = search.origin
        for name in search.spectrum.selections:
            edges, values, variances = search.spectrum.project(name)
            histogram: hist.Hist[Any] = hist.Hist(variable_axis(edges), storage=hist.storage.Weight())
            histogram.view()[...] = np.stack([values, variances], axis=-1)
            file[f"spectrum/{name}"] = histogram
        columns = result.columns
        file["limits"] = {
            name: result.number(name)
            for name, column in columns.items()
            if np.asarray(column).dtype.kind == "f"
        } | {"sound": result.sound.astype(np.int8)}
        for kind, label in _GRAPHS.items():
            for column in (f"{kind}_ul_{curve}" for curve in _CURVES):
                if column in columns:
                    file[f"graphs/{column}"] = _graph(search, column, label)
    return [path]


EXPORT = Export("root", "limits.root: spectra as TH1, limits as graphs, all columns as a TTree", _write)
