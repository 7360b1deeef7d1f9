"""All decay modes: the ``MODE`` of each file of this folder."""

from __future__ import annotations

from hnlpeak.core.discovery import records
from hnlpeak.core.errors import UsageError
from hnlpeak.theory.modes.mode import Mode

__all__ = ["MODES", "mode_of"]

MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in sorted(records("hnlpeak.theory.modes", "MODE", Mode), key=lambda mode: mode.code)
}
"""Decay modes by name, in the order of their codes."""


def mode_of(meson: str, name: str) -> Mode:
    """Return the mode ``name`` if ``meson`` decays so at a known rate; ``UsageError`` says what there is."""
    known = [
        key for key, mode in MODES.items() if mode.parent == meson and mode.branching_fraction is not None
    ]
    if name in known:
        return MODES[name]
    what = f"{name!r} is no decay mode of {meson}"
    if name in MODES and MODES[name].parent is not None:
        what = f"{name!r} is a decay of {MODES[name].parent}, not of {meson}"
    raise UsageError(f"{what}; there are {', '.join(known)}" if known else f"{what}, of which there is none")
