"""Decay modes of charged mesons: one file a mode, with matrix element and sampler; pi0, pi, mu."""

from __future__ import annotations

from hnlpeak.theory.modes.cocktail import Cocktail, cocktail, draw_mode
from hnlpeak.theory.modes.dispatch import sample_mode
from hnlpeak.theory.modes.mode import PARAMETERS, Mode
from hnlpeak.theory.modes.muon_decay import decay_muon
from hnlpeak.theory.modes.pion_decay import decay_pion
from hnlpeak.theory.modes.registry import MODES, mode_of
from hnlpeak.theory.modes.slots import MAX_DAUGHTERS, Daughter

__all__ = [
    "MAX_DAUGHTERS",
    "MODES",
    "PARAMETERS",
    "Cocktail",
    "Daughter",
    "Mode",
    "cocktail",
    "decay_muon",
    "decay_pion",
    "draw_mode",
    "mode_of",
    "sample_mode",
]
