"""Do data mean what they say? Physics that any data of an experiment obey, looked at before numbers are believed.

Nothing here decides about a result: a suspicion stops the work, with what would mend it, or is said aloud where the
user goes on all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.core.quantity import UNIT_OF_SUFFIX, UNITS
from hnlpeak.estimation.peak import peak_region
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.axis import signed_square
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["doubts_about_columns", "doubts_about_cuts", "doubts_about_peak"]

_FEW = 20
"""With fewer candidates nothing is concluded."""
_FROM_PERCENT = 0.01


class _Expectation(NamedTuple):
    """Where a quantile of the absolute value of a column lies in any data."""

    column: str
    quantile: float
    low: float
    high: float
    reason: str


def _expectations(analysis: Analysis) -> list[_Expectation]:
    card = analysis.experiment.card
    beam = card.beam.momentum
    mass = float(analysis.experiment.setup[0]["beam"]["mass"])
    first, last = sorted(abs(z) for z in (card.fiducial.z_first, card.fiducial.z_last))
    return [
        _Expectation("p_mev", 0.5, 0.01 * beam, 1.1 * beam, f"momenta are below the beam's, {beam:g} MeV"),
        # no spectrometer reaches 500 MeV^2; kinematics ends at the meson's mass, resolution reaches beyond
        _Expectation(
            "m2_miss_mev2", 0.9, 500.0, 4.0 * mass**2, f"the decaying meson has {mass**2:.3g} MeV^2"
        ),
        _Expectation("z_vtx_mm", 0.5, 0.3 * first, 2.0 * last, f"decays happen at {first:g} to {last:g} mm"),
        _Expectation("theta_rad", 0.5, 0.0, 0.3, "tracks go along the beam"),
        _Expectation("e_over_p", 0.5, 0.0, 5.0, "no particle leaves many times its energy"),
    ]


def _units(column: str) -> dict[str, float]:
    dimension = UNIT_OF_SUFFIX.get(column.rsplit("_", 1)[-1])
    return {"per cent": _FROM_PERCENT} if dimension is None else UNITS[dimension]


def _hint(column: str, fits: Sequence[str], branch: str) -> str:
    if not fits:
        return ""
    unit = fits[0]
    if unit == "per cent":
        return ": is it in per cent?"
    return f': is it in {unit}? Then say so in the card: [columns] {column} = "{branch} [{unit}]"'


def _branch(card: AnalysisCard, column: str) -> str:
    return card.columns[column].branch if column in card.columns else column


def doubts_about_columns(candidates: Candidates, analysis: Analysis) -> Iterator[str]:
    """Yield what makes columns implausible: momenta above the beam's, masses of no meson, vertices far away."""
    if len(candidates) < _FEW:
        return
    for column, quantile, low, high, reason in _expectations(analysis):
        if column not in candidates.columns:
            continue
        found = float(np.quantile(np.abs(candidates.columns[column]), quantile))
        if low <= found <= high:
            continue
        fits = [
            unit for unit, scale in _units(column).items() if scale != 1.0 and low <= found * scale <= high
        ]
        where = "half" if quantile == 0.5 else f"{100.0 * quantile:g} %"
        hint = _hint(column, fits, _branch(analysis.card, column))
        if not hint and column.endswith("_mev2") and low <= found**2 <= high:
            hint = ": is it the missing mass and not its square?"
        yield f"column {column!r}: {where} of the values are within {found:.4g}, {reason}{hint}"


def doubts_about_cuts(cutflows: Sequence[Cutflow], sample: Candidates, card: AnalysisCard) -> Iterator[str]:
    """Yield the cuts that no candidate passes; ``sample`` are some of the candidates, to tell their values."""
    said = set()
    cuts = {cut.name: cut for s in card.selections for cut in card.cuts_of(s)}
    for cutflow in cutflows:
        passed = cutflow.passed.sum(axis=0)
        for step, name in enumerate(cutflow.cuts):
            cut = cuts.get(name)
            if not (passed[step] >= _FEW and passed[step + 1] == 0.0) or cut is None or name in said:
                continue
            said.add(name)
            values = np.asarray(sample.columns[cut.column])
            low, high = min(cut.bounds()[0]), max(cut.bounds()[1])
            fits = [
                unit
                for unit, scale in _units(cut.column).items()
                if scale != 1.0 and _share(values * scale, low, high) > 0.2
            ]
            yield (
                f"cut {name!r} ({cut.column} from {low:g} to {high:g}) passes none of {passed[step]:g} "
                f"candidates, whose values go from {values.min():.4g} to {values.max():.4g}"
                + _hint(cut.column, fits, _branch(card, cut.column))
            )


def _share(values: NDArray[np.float64], low: float, high: float) -> float:
    return float(np.mean((low <= values) & (values <= high))) if values.size else 0.0


def doubts_about_peak(spectrum: Spectrum, card: AnalysisCard) -> Iterator[str]:
    """Yield what is wrong with the Standard-Model peak that N_K is to be measured with: none, or not at zero.

    The middle of the events around it (three times its width in squared mass) must lie in its middle half.
    """
    try:
        low, high = peak_region(card, spectrum)
    except UsageError:
        return  # said by whoever needs the peak
    region = card.normalisation
    edges, values, _ = spectrum.project(region.selection)
    squared = np.array([signed_square(edge) for edge in edges])
    middle = 0.5 * (squared[1:] + squared[:-1])
    where = f"the Standard-Model region ({region.selection} cuts, {low:g} to {high:g} MeV)"
    inside = (edges[:-1] >= low) & (edges[1:] <= high)
    n = float(values[inside].sum())
    if n <= 0.0:
        have = np.flatnonzero(values)
        span = (
            f"its {values.sum():g} events lie between {edges[have[0]]:g} and {edges[have[-1] + 1]:g} MeV"
            if have.size
            else "it is empty"
        )
        yield f"spectrum {spectrum.label!r} has no event in {where}; {span}"
        return
    around = np.abs(middle) <= 3.0 * region.m2_max
    if n >= _FEW and around.any():
        cumulative = np.cumsum(values[around])
        median = float(middle[around][np.searchsorted(cumulative, 0.5 * cumulative[-1])])
        if abs(median) > 0.5 * region.m2_max:
            yield (
                f"spectrum {spectrum.label!r}: the events around {where} have their middle at {median:.4g} MeV^2, "
                "not at zero: check the beam's momentum and the units"
            )
