"""The surfaces that a track must cross to be within the acceptances of the downstream detectors."""

from __future__ import annotations

from collections.abc import Sequence

from hnlpeak.detectors.calorimeter import Calorimeter
from hnlpeak.detectors.hadron_calorimeter import HadronCalorimeter
from hnlpeak.detectors.hodoscope import Hodoscope
from hnlpeak.detectors.muon_veto import MuonVeto
from hnlpeak.detectors.ring_cherenkov import RingCherenkov
from hnlpeak.detectors.spectrometer import Spectrometer
from hnlpeak.detectors.surface import Kind, Surface

__all__ = ["acceptance_surfaces"]


def acceptance_surfaces(detectors: Sequence[object]) -> list[Surface]:
    """Planes and shapes of all detectors that measure or identify a track."""
    found: list[Surface] = []
    for detector in detectors:
        if isinstance(detector, Spectrometer):
            planes = [(c.z, c.acceptance or c.shape) for c in detector.chambers]
        elif isinstance(detector, RingCherenkov):
            planes = [(detector.z_entrance, detector.entrance), (detector.z_mirror, detector.mirror)]
        elif isinstance(detector, Hodoscope):
            planes = [(z, detector.shape) for z in detector.planes]
        elif isinstance(detector, Calorimeter):
            planes = [(detector.z, detector.acceptance or detector.shape)]
        elif isinstance(detector, HadronCalorimeter | MuonVeto):
            planes = [(detector.z, detector.shape)]
        else:
            continue
        found.extend(Surface(Kind.APERTURE, z, shape.packed(), detector.system) for z, shape in planes)
    return found
