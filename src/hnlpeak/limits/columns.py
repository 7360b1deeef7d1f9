"""The public columns of the search result: those of ``limits.csv``.

Yields are numbers of events in the window; masses, resolutions and edges are in MeV. Further columns of
``result.json`` are named where their records are.
"""

from __future__ import annotations

__all__ = ["LIMITS_COLUMNS", "METHOD_COLUMNS"]

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

METHOD_COLUMNS = tuple(
    f"{kind}_ul_{{}}{band}"
    for kind in ("n_signal", "u2")
    for band in ("", "_expected", "_expected_m2s", "_expected_m1s", "_expected_p1s", "_expected_p2s")
)
"""Columns of ``limits-methods.csv`` for each method, ``{}`` its name with ``_`` for ``-``."""
