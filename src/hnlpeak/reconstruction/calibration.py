"""The mean beam, as monitored with fully reconstructed three-track decays.

Sums are integers (fixed point), so that the calibration does not depend on the order of the shards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError
from hnlpeak.core.kernel import apart, kernel
from hnlpeak.core.measured import Measured
from hnlpeak.detectors.event import Record
from hnlpeak.reconstruction.track import fit_track
from hnlpeak.simulation.buffers import Buffers
from hnlpeak.theory.species import MASS, Species

__all__ = ["N_SUMS", "BeamCalibration", "accumulate", "calibration_from_sums"]

N_SUMS = 10
_UNIT = (1.0, 1e3, 1e9, 1e9, 1e3, 1e3, 1.0, 1e3, 1e9, 1e9)
"""Integer units: counts, p / eV..., slopes / nrad, positions / um; see ``accumulate``."""
_MOMENTUM_WINDOW = 5.0  # spreads of the beam: cuts nothing of the beam itself
_M_PI = float(MASS[Species.PION_PLUS])


@dataclass(frozen=True)
class BeamCalibration:
    """Mean meson 3-momentum and the beam axis: x(z) = x + slope_x (z - z_reference), mm, MeV."""

    momentum: Measured
    slope_x: Measured
    slope_y: Measured
    x: Measured
    y: Measured
    z_reference: float
    events: int
    source: str

    def packed(self) -> NDArray[np.float64]:
        """Momentum, slope_x, slope_y, x, y, z_reference as kernels read them."""
        numbers = (self.momentum, self.slope_x, self.slope_y, self.x, self.y)
        return np.array([*(number.value for number in numbers), self.z_reference])


@kernel
def _vertex(tracks: NDArray[np.void]) -> tuple[float, float, float]:
    """Point closest to the three lines in the transverse distance: x, y, z in mm."""
    mean_x = mean_y = mean_tx = mean_ty = 0.0
    for j in range(3):
        t = tracks[j]
        mean_x += (t.x - t.tx * t.z) / 3.0
        mean_y += (t.y - t.ty * t.z) / 3.0
        mean_tx += t.tx / 3.0
        mean_ty += t.ty / 3.0
    above = below = 0.0
    for j in range(3):
        t = tracks[j]
        dtx, dty = t.tx - mean_tx, t.ty - mean_ty
        above += (t.x - t.tx * t.z - mean_x) * dtx + (t.y - t.ty * t.z - mean_y) * dty
        below += dtx * dtx + dty * dty
    z = -above / below
    return mean_x + mean_tx * z, mean_y + mean_ty * z, z


@kernel
def _spread2(tracks: NDArray[np.void], x: float, y: float, z: float) -> float:
    """Mean square of the coordinates' distances from the vertex: six coordinates of three lines."""
    total = 0.0
    for j in range(3):
        t = tracks[j]
        dx, dy = t.x + t.tx * (z - t.z) - x, t.y + t.ty * (z - t.z) - y
        total += dx * dx + dy * dy
    return total / 6.0


@kernel
def _add(sums: NDArray[np.int64], place: int, value: float) -> None:
    sums[place] += np.int64(math.floor(value * _UNIT[place] + 0.5))


@apart
def accumulate(events: int, setup: Record, buffers: Buffers, sums: NDArray[np.int64]) -> None:
    """Add the fully reconstructed K -> 3 pi among the first ``events`` records to ``sums``.

    Three good tracks of total charge 1, invariant mass within the card's window of the meson's, total momentum
    within five spreads of the nominal one, lines that meet in a vertex in the fiducial volume.

    ``sums`` are, in the integer units of this module: number, p, tx, ty, x - tx dz, y - ty dz, spare, p^2 / GeV
    about the nominal momentum, tx^2 and ty^2 about the nominal slopes.
    """
    beam = setup.beam
    scratch, tracks = buffers.scratch, buffers.tracks
    for i in range(events):
        event = buffers.block[i]
        found = charge = 0
        good = True
        for k in range(event.n_particles):
            if found < 3:
                if fit_track(setup, event.particles[k], scratch, tracks[found]):
                    charge += tracks[found].charge
                    good = good and tracks[found].chi2 < setup.three_track_chi2
                    found += 1
            elif event.particles[k].n_chambers >= setup.min_chambers:
                good = False
        if found < 3 or charge != 1 or not good:
            continue
        px = py = pz = e = 0.0
        for j in range(3):
            t = tracks[j]
            px += t.px
            py += t.py
            pz += t.pz
            e += math.sqrt(t.p * t.p + _M_PI * _M_PI)
        mass = math.sqrt(max(e * e - px * px - py * py - pz * pz, 0.0))
        x, y, z = _vertex(tracks)
        if abs(mass - beam.mass) > setup.three_track_mass_window or not beam.z_min <= z <= beam.z_max:
            continue
        # a pion that decayed in flight does not point back
        if _spread2(tracks, x, y, z) > setup.three_track_vertex**2:
            continue
        p = math.sqrt(px * px + py * py + pz * pz)
        # and takes momentum away within the mass window: GeV, where the beam spreads 1
        if abs(p - beam.momentum) > _MOMENTUM_WINDOW * beam.momentum_spread:
            continue
        tx, ty = px / pz, py / pz
        dz = z - beam.z_reference
        sums[0] += 1
        _add(sums, 1, p)
        _add(sums, 2, tx)
        _add(sums, 3, ty)
        _add(sums, 4, x - beam.slope_x * dz)
        _add(sums, 5, y - beam.slope_y * dz)
        _add(sums, 6, dz)
        _add(sums, 7, (p - beam.momentum) ** 2 * 1e-3)
        _add(sums, 8, (tx - beam.slope_x) ** 2)
        _add(sums, 9, (ty - beam.slope_y) ** 2)


def calibration_from_sums(sums: NDArray[np.int64], setup: NDArray[Any], source: str) -> BeamCalibration:
    """Mean beam from the sums of ``accumulate``. Raises ``InputDataError`` for fewer than 100 events."""
    beam = setup[0]["beam"]
    n = int(sums[0])
    if n < 100:
        raise InputDataError(
            f"{source}: only {n} fully reconstructed three-track decays, at least 100 are needed"
        )
    means = [float(value) / unit / n for value, unit in zip(sums, _UNIT, strict=True)]
    root = math.sqrt(n)
    spread_p = math.sqrt(max(means[7] * 1e3 - (means[1] - float(beam["momentum"])) ** 2, 0.0))
    spread_x = math.sqrt(max(means[8] - (means[2] - float(beam["slope_x"])) ** 2, 0.0))
    spread_y = math.sqrt(max(means[9] - (means[3] - float(beam["slope_y"])) ** 2, 0.0))
    # positions were carried back along the nominal slope: correct for the measured one at the mean vertex
    x = means[4] - (means[2] - float(beam["slope_x"])) * means[6]
    y = means[5] - (means[3] - float(beam["slope_y"])) * means[6]
    return BeamCalibration(
        momentum=Measured(means[1], stat=spread_p / root, source=source),
        slope_x=Measured(means[2], stat=spread_x / root, source=source),
        slope_y=Measured(means[3], stat=spread_y / root, source=source),
        x=Measured(x, stat=float(beam["size_x"]) / root, source=source),
        y=Measured(y, stat=float(beam["size_y"]) / root, source=source),
        z_reference=float(beam["z_reference"]),
        events=n,
        source=source,
    )
