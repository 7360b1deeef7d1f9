"""Names of channels and sources as formulae for figures."""

from __future__ import annotations

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.style import plain
from hnlpeak.theory.mesons import meson

__all__ = ["channel", "mixing", "source_label"]

_LEPTON = {"e": "e", "mu": r"\mu"}
_SOURCE = {
    "kmu2": r"$K^+\!\to\mu^+\nu$",
    "ke2": r"$K^+\!\to e^+\nu$",
    "ke2g-sd": r"$K^+\!\to e^+\nu\gamma$ (SD)",
    "pipi0": r"$K^+\!\to\pi^+\pi^0$",
    "pi3": r"$K^+\!\to\pi^+\pi^+\pi^-$",
    "pi00": r"$K^+\!\to\pi^+\pi^0\pi^0$",
    "ke3": r"$K^+\!\to\pi^0 e^+\nu$",
    "kmu3": r"$K^+\!\to\pi^0\mu^+\nu$",
    "halo": "muon halo",
    "signal": "injected signal",
}


def channel(result: SearchResult) -> str:
    """Return the decay of the search as mathematical text without dollar signs."""
    return rf"{meson(result.meson).latex}\!\to {_LEPTON[result.lepton]}^+N"


def mixing(result: SearchResult) -> str:
    """Return |U_l4|^2 as mathematical text without dollar signs."""
    return rf"|U_{{{_LEPTON[result.lepton]}4}}|^2"


def source_label(name: str) -> str:
    """Return how a legend names the source ``name``."""
    return _SOURCE.get(name, plain(name))
