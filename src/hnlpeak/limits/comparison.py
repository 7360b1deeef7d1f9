"""Our limits beside published ones, taken apart into what they are made of.

|U|^2 = UL(N_S) / (N_K A B(|U|^2 = 1)): a ratio of two limits is a ratio of N_K A times one of UL(N_S); of a published
curve only UL(N_S) / A = N_K B |U|^2 can be had, with the published N_K.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.published import list_published, published
from hnlpeak.limits.result import SearchResult

__all__ = ["compare"]


def compare(result: SearchResult, card: AnalysisCard, masses: Sequence[float]) -> list[dict[str, Any]]:
    """One row for each of ``masses`` (MeV) and published curve of the same meson and flavour that covers it.

    Columns: mass, curve, its |U|^2 and UL(N_S)/A; our expected |U|^2, UL(N_S), A, N_K and UL(N_S)/A; the ratio
    expected / published. UL(N_S)/A of a published curve needs its own N_K: the card's, for the curves that the card
    names as made with it (``published_curves``), else None. A mass that is not to be quoted has no limits of ours.
    """
    rows: list[dict[str, Any]] = []
    normalisation = card.normalisation
    for name in list_published():
        n_kaon = normalisation.published_n_kaon if name in normalisation.published_curves else None
        curve = published(name)
        if curve.meson != result.meson or curve.flavour != result.lepton:
            continue
        for mass in masses:
            if not curve.covers(mass):
                continue
            row = result.row(mass)
            theirs = float(curve.limit(mass))
            ours = row["u2_ul_expected"] if result.sound[result.place(mass)] else None
            rows.append(
                {
                    "m_n_mev": mass,
                    "curve": name,
                    "u2_published": theirs,
                    "u2_ul_expected": ours,
                    "ratio": None if ours is None else ours / theirs,
                    "n_signal_over_acceptance_published": None
                    if n_kaon is None
                    else n_kaon * row["branching_fraction_per_u2"] * theirs,
                    "n_signal_over_acceptance": None
                    if ours is None
                    else row["n_signal_ul_expected"] / row["acceptance"],
                    "n_signal_ul_expected": None if ours is None else row["n_signal_ul_expected"],
                    "acceptance": row["acceptance"],
                    "n_kaon": row["n_kaon"],
                }
            )
    return rows
