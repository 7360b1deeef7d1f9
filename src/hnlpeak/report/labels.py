"""Names of channels and sources as formulae for figures and as words for the page."""

from __future__ import annotations

import re

from hnlpeak.limits.result import SearchResult
from hnlpeak.report.style import INK, MUTED, PALETTE, plain
from hnlpeak.report.typeset import typeset
from hnlpeak.theory.mesons import meson
from hnlpeak.theory.modes import MODES

__all__ = [
    "channel",
    "mixing",
    "mixing_of_flavour",
    "source_colour",
    "source_hatch",
    "source_label",
    "source_words",
    "symbols",
]

_LEPTON = {"e": "e", "mu": r"\mu"}
_DECAY = re.compile(r"\bK_(e|mu)([234])\b")
_NO_DECAY = {
    "halo": ("muon halo", PALETTE[9]),
    "interactions": ("beam interactions", PALETTE[8]),
    "signal": ("injected signal", INK),
}
"""Sources that are no decay mode of their own: how a legend names them, and their colour."""
_HATCHES = ("", "..", "++", "xx", "--", "oo", "\\\\", "||", "**", "OO", "...", "x", "o", "+")
"""White marks on the parts of a stack, by the place of a mode in the registry: colours alone are lost in grey."""


def channel(result: SearchResult) -> str:
    """Return the decay of the search as mathematical text without dollar signs."""
    return rf"{meson(result.meson).latex}\!\to {_LEPTON[result.lepton]}^+N"


def mixing(result: SearchResult) -> str:
    """Return |U_l4|^2 as mathematical text without dollar signs."""
    return mixing_of_flavour(result.lepton)


def mixing_of_flavour(lepton: str) -> str:
    """Return |U_l4|^2 of a flavour as mathematical text without dollar signs."""
    return rf"|U_{{{_LEPTON[lepton]}4}}|^2"


def source_label(name: str) -> str:
    """Return how a legend names the source ``name``."""
    if name in MODES:
        return f"${MODES[name].latex}$"
    return _NO_DECAY[name][0] if name in _NO_DECAY else plain(name)


def symbols(text: str) -> str:
    """Return ``text`` of a card for a legend, decays such as K_e2 and K_mu3 in it as symbols."""
    return _DECAY.sub(lambda found: f"$K_{{{_LEPTON[found[1]]}{found[2]}}}$", plain(text))


def source_colour(name: str) -> str:
    """Return the colour of the source ``name`` in all stacks."""
    if name in MODES:
        return MODES[name].colour
    return _NO_DECAY[name][1] if name in _NO_DECAY else MUTED


def source_hatch(name: str) -> str:
    """Return matplotlib's hatch of the source ``name`` in all stacks, drawn in white."""
    names = [*MODES, *_NO_DECAY]
    return _HATCHES[names.index(name) % len(_HATCHES)] if name in names else ""


def source_words(name: str) -> str:
    """Return how a page names the source ``name``."""
    if name in MODES:
        return typeset(MODES[name].label)
    return _NO_DECAY[name][0] if name in _NO_DECAY else name
