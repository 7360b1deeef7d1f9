"""What background methods may use besides the searched spectrum: simulated decays and a control run."""

from __future__ import annotations

from dataclasses import dataclass

from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["HALO", "BackgroundInputs"]

HALO = "halo"
"""Name of the component that is no decay."""


@dataclass(frozen=True, eq=False)
class BackgroundInputs:
    """``decays``: simulated decays by mode, with the number of decays in the fiducial volume that they stand for.

    ``control``: spectrum of data taken without decays, None where there is no such run.
    """

    decays: Spectrum
    control: Spectrum | None = None
