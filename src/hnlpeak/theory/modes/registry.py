"""All decay modes by name, in the order of their codes."""

from __future__ import annotations

from hnlpeak.theory.modes import ke2, ke2g_sd, ke3, kmu2, kmu3, pi0pi0, pipi0, pipipi, two_body_hnl
from hnlpeak.theory.modes.mode import Mode

__all__ = ["MODES"]

_FILES = (kmu2, ke2, ke2g_sd, pipi0, pipipi, pi0pi0, ke3, kmu3, two_body_hnl)

MODES: dict[str, Mode] = {file.MODE.name: file.MODE for file in _FILES}
"""Decay modes by name; the position is the mode's ``Kind``."""
