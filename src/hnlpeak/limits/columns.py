"""Columns of the search result: the public ones of ``limits.csv`` and the others of ``result.json``.

Yields are numbers of events in the window; masses, resolutions and edges are in MeV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hnlpeak.statistics import Treatment

__all__ = ["EXTRA_COLUMNS", "LIMITS_COLUMNS", "TEXT_COLUMNS", "TOY_BANDS", "TREATMENTS", "variant_columns"]

LIMITS_COLUMNS = (
    "m_n_mev",
    "sigma_mev",
    "window_low_mev",
    "window_high_mev",
    "n_observed",
    "background",
    "background_error",
    "p_value",
    "acceptance",
    "acceptance_no_window",
    "n_signal_ul_observed",
    "n_signal_ul_expected",
    "n_signal_ul_expected_m2s",
    "n_signal_ul_expected_m1s",
    "n_signal_ul_expected_p1s",
    "n_signal_ul_expected_p2s",
    "branching_fraction_ul_observed",
    "branching_fraction_ul_expected",
    "u2_ul_observed",
    "u2_ul_expected",
    "u2_ul_expected_m2s",
    "u2_ul_expected_m1s",
    "u2_ul_expected_p1s",
    "u2_ul_expected_p2s",
    "status",
)
"""Header of ``limits.csv``, in order."""

TREATMENTS: tuple[Treatment, ...] = ("bounded", "unbounded", "trolke", "trolke-bounded")
"""Treatments of deficits whose observed limits stand beside the chosen one."""

TEXT_COLUMNS = ("selection", "status")
"""Columns of words; all others are numbers, NaN where there is none."""


TOY_BANDS = ("toys_m2s", "toys_m1s", "toys", "toys_p1s", "toys_p2s")
"""Names of the limits expected from toys: quantiles at -2 to 2 standard deviations."""


def variant_columns(treatment: str) -> tuple[str, str]:
    """Return the columns with the observed limits on N_S and |U|^2 under ``treatment``."""
    word = treatment.replace("-", "_")
    return f"n_signal_ul_{word}", f"u2_ul_{word}"


EXTRA_COLUMNS = (
    "selection",
    "sigma_error_mev",
    "acceptance_error",
    "n_kaon",
    "n_kaon_error",
    "window_efficiency_ratio",
    "background_stat",
    "background_syst",
    "background_alternative",
    "background_order",
    "sideband_events",
    "sideband_deviance",
    "sideband_degrees_of_freedom",
    "sideband_fit_p_value",
    "leakage",
    "n_signal_estimate",
    "n_signal_lower",
    "local_significance",
    "branching_fraction_per_u2",
    "n_signal_ul_with_errors",
    "u2_ul_with_errors",
    "n_signal_shape",
    "shape_significance",
    *(f"{kind}_{name}" for kind in ("n_signal_ul", "u2_ul") for name in ("shape", "shape_expected")),
    "global_p_value",
    *(f"{kind}_{name}" for kind in ("n_signal_ul", "u2_ul") for name in TOY_BANDS),
    *(column for treatment in TREATMENTS for column in variant_columns(treatment)),
)
"""Further columns of ``result.json``.

``window_efficiency_ratio``: acceptance of the window on the spectrum's bin edges over that of the exact one
(1 without snapping). ``leakage``: bias of the background per signal event produced in the full peak.
``*_with_errors``: limits with the errors of N_K and A and the leakage as a Gaussian efficiency.
``*shape*``: a fit of the peak's shape in place of counting in the window (``limits.shape_fit``), in events in the
window; NaN where the background is not from side bands.
``sideband_fit_p_value``: probability of a larger deviance. ``global_p_value``: probability that background alone makes
the local significance of this mass at any mass, and ``*_toys*``: expected limits; NaN without toys.
"""
