"""Figures of what detectors see, written into a folder, and their key numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hnlpeak.core.errors import HnlpeakError
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.report.figures import detectors as figures
from hnlpeak.report.render import save
from hnlpeak.studies.detector_views import DetectorViews, cut_efficiencies, seen_in_time, tag_times

__all__ = ["draw_views"]

_EDGES = np.linspace(5e3, 70e3, 14)


def draw_views(views: DetectorViews, analysis: Analysis, directory: Path) -> dict[str, Any]:
    """Write all figures as PNG and SVG into ``directory``; return key numbers. ``HnlpeakError`` where none can be."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HnlpeakError(f"{directory}: cannot be made ({error.strerror or error})") from error
    drawn = _figures(views, analysis)
    for name, figure in drawn.items():
        save(figure, directory / name)
    return {
        "experiment": views.experiment,
        "simulated": True,
        "particles": {name: _numbers(views, name) for name in views.tracks},
        "halo_muons_in_first_chamber": None if views.halo is None else int(views.halo[0].size),
        "halo_seen_in_time": None
        if views.halo_columns is None
        else seen_in_time(views.halo_columns, views.timed),
        "figures": list(drawn),
    }


def _figures(views: DetectorViews, analysis: Analysis) -> dict[str, Figure]:
    tracks, label = views.tracks, f"{views.experiment}, no trigger"
    drawn = {
        "momentum": figures.draw_residuals({n: (t.true_p, t.residuals) for n, t in tracks.items()}, label),
        "momentum_truth": figures.draw_differences(
            {n: 100.0 * t.residuals for n, t in tracks.items()},
            5.0,
            r"$p_{\mathrm{reconstructed}} / p_{\mathrm{true}} - 1$ [%]",
            label,
        ),
        "vertex_truth": figures.draw_differences(
            {n: 1e-3 * t.vertex_errors for n, t in tracks.items()},
            10.0,
            r"$z_{\mathrm{reconstructed}} - z_{\mathrm{true}}$ of the decay [m]",
            label,
        ),
        "energy_over_momentum": figures.draw_ratio(
            {n: t.columns["e_over_p"] for n, t in tracks.items()}, label
        ),
    }
    energies = {n: 1e-3 * t.columns["e_hadron_mev"] for n, t in tracks.items()}
    if any(energy.any() for energy in energies.values()):
        drawn["hadronic_energy"] = figures.draw_hadronic(energies, label)
    for name, seen in tracks.items():
        shares = cut_efficiencies(analysis, seen, _EDGES)
        drawn[f"cuts_{name.rstrip('+')}"] = figures.draw_cuts(_EDGES, shares, name, label)
    if views.has_ring:
        rings = {n: (t.columns["p_mev"], t.ring) for n, t in tracks.items()}
        drawn["rings"] = figures.draw_rings(rings, label)
    if views.tagger is not None:
        times = {n: tag_times(t, views.tagger) for n, t in tracks.items()}
        drawn["tagger"] = figures.draw_times(times, views.tagger, label)
    if views.halo is not None:
        drawn["halo"] = figures.draw_halo(*views.halo, views.chamber, label)
    return drawn


def _numbers(views: DetectorViews, name: str) -> dict[str, Any]:
    seen = views.tracks[name]
    low, high = np.quantile(seen.residuals, [0.158655, 0.841345]) if seen.true_p.size else (0.0, 0.0)
    ratio, hadronic = seen.columns["e_over_p"], seen.columns["e_hadron_mev"]
    return {
        "tracks": int(seen.true_p.size),
        "sigma_p_over_p": 0.5 * float(high - low),
        "median_e_over_p": float(np.median(ratio)) if ratio.size else 0.0,
        "share_e_over_p_above_0p9": float(np.mean(ratio > 0.9)) if ratio.size else 0.0,
        "median_hadronic_energy_gev": 1e-3 * float(np.median(hadronic)) if hadronic.size else 0.0,
        "share_hadronic_energy_above_5_gev": float(np.mean(hadronic > 5e3)) if hadronic.size else 0.0,
        "seen_in_time": seen_in_time(seen.columns, views.timed),
    }
