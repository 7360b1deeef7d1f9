"""``signal.csv``: resolution, acceptance and number of kaon decays over the mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.experiment.analysis_card import AnalysisCard, WindowRule
from hnlpeak.formats.table import read_numbers, table_text
from hnlpeak.spectrum.spectrum import ANY_SELECTION

__all__ = ["read_signal_table", "signal_table"]

_REQUIRED = ("m_n_mev", "sigma_mev", "acceptance", "n_kaon")
_OPTIONAL = ("sigma_error_mev", "acceptance_error", "acceptance_no_window", "n_kaon_error")


def read_signal_table(path: str | Path, *, window: WindowRule, masses: Sequence[float] = ()) -> SignalModel:
    """Return the signal of a table (or of the ``signal.csv`` in a folder), interpolated over its masses.

    ``window`` is the rule of the window that the acceptances include; ``masses`` (MeV) must
    be covered. ``InputDataError`` naming the file, line and column (or mass) where the table cannot be used.
    """
    place = Path(path)
    if place.is_dir():
        place = place / "signal.csv"
    columns = read_numbers(place, required=_REQUIRED, optional=_OPTIONAL)
    for name in _OPTIONAL:
        if name != "acceptance_no_window" and np.any(columns.get(name, np.zeros(1)) < 0.0):
            raise InputDataError(f"{place}: {name} must not be negative")
    if np.any(columns["n_kaon"] <= 0.0):
        raise InputDataError(f"{place}: n_kaon must be positive, got {columns['n_kaon'].min():g}")
    try:
        model = signal_model({ANY_SELECTION: _points(columns)}, window=window, source=str(place))
    except UsageError as error:
        raise InputDataError(str(error)) from error
    low, high = columns["m_n_mev"].min(), columns["m_n_mev"].max()
    if masses and not low <= min(masses) <= max(masses) <= high:
        raise InputDataError(
            f"{place}: covers {low:g} to {high:g} MeV, the scan {min(masses):g} to {max(masses):g} MeV; "
            "acceptance and resolution are never extrapolated"
        )
    # a result must not depend on where its files were
    return replace(model, source=f"table {place.name}")


def _points(columns: dict[str, NDArray[np.float64]]) -> list[SignalPoint]:
    masses = columns["m_n_mev"]
    none = np.zeros(masses.size)

    def measured(name: str, error: str, i: int) -> Measured:
        return Measured(float(columns[name][i]), stat=float(columns.get(error, none)[i]))

    return [
        SignalPoint(
            float(mass),
            measured("sigma_mev", "sigma_error_mev", i),
            measured("acceptance", "acceptance_error", i),
            Measured(float(columns["acceptance_no_window"][i]))
            if "acceptance_no_window" in columns
            else None,
            n_kaon=measured("n_kaon", "n_kaon_error", i),
        )
        for i, mass in enumerate(masses)
    ]


def signal_table(card: AnalysisCard, signal: SignalModel, flux: KaonFlux | None) -> str:
    """Return CSV text with one row per mass hypothesis; a scan with it has the same inputs.

    ``acceptance`` is for the exact window, before it is snapped to the bins of a spectrum. ``UsageError``
    where the number of kaon decays is not known.
    """
    masses = card.scan.masses()
    points = [signal.at(mass, card.selection_of(mass)) for mass in masses]
    kaons = [flux.n_kaon if flux is not None else point.n_kaon for point in points]
    known = [number for number in kaons if number is not None]
    if len(known) != len(points):
        raise UsageError("the number of kaon decays is not known: no signal table can be written")
    columns: dict[str, Sequence[object]] = {
        "m_n_mev": masses,
        "sigma_mev": [p.sigma.value for p in points],
        "acceptance": [p.acceptance.value for p in points],
        "n_kaon": [number.value for number in known],
        "sigma_error_mev": [p.sigma.error for p in points],
        "acceptance_error": [p.acceptance.error for p in points],
        "acceptance_no_window": [p.acceptance_no_window.value for p in points if p.acceptance_no_window],
        "n_kaon_error": [number.error for number in known],
    }
    if len(columns["acceptance_no_window"]) != len(points):
        del columns["acceptance_no_window"]
    return table_text(columns)
