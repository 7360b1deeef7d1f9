"""Polarisation of the lepton of K+ -> l+ nu gamma with bremsstrahlung, the kaon's structure and their interference.

For a photon of helicity +-, with the polarisation e (e.k = e.P = 0) and the neutrino left-handed, the amplitude is

    chi' { m [p.e / p.k - (k.sb) (e.s) / (2 p.k)] sqrt(p.sb) +- (E_gamma / f_K) (V +- A) (e.s) sqrt(p.s) } eta

in the kaon's rest frame: chi' and eta are two-component spinors of the neutrino and of the lepton, sigma the Pauli
matrices, a.s = a0 - a.sigma, a.sb = a0 + a.sigma. Summed over both helicities and the neutrino its square is
R0 + R.sigma between the spinors of the lepton, R0 the density of ``structure`` and ``inner_bremsstrahlung``, and the
polarisation of the antilepton in its rest frame is -R / R0.
"""

from __future__ import annotations

import math

from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes.structure import DECAY_CONSTANT

__all__ = ["structure_spin"]

_F_K = DECAY_CONSTANT.value

Pauli = tuple[complex, complex, complex, complex]
"""Coefficients of a 2 x 2 matrix by the unit and the Pauli matrices."""


@kernel
def _times(a: Pauli, b: Pauli) -> Pauli:
    """Product of two matrices."""
    return (
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + 1j * (a[2] * b[3] - a[3] * b[2]),
        a[0] * b[2] + a[2] * b[0] + 1j * (a[3] * b[1] - a[1] * b[3]),
        a[0] * b[3] + a[3] * b[0] + 1j * (a[1] * b[2] - a[2] * b[1]),
    )


@kernel
def _adjoint(a: Pauli) -> Pauli:
    return a[0].conjugate(), a[1].conjugate(), a[2].conjugate(), a[3].conjugate()


@kernel
def _across(kx: float, ky: float, kz: float) -> tuple[float, float, float]:
    """A unit vector at right angles to the unit vector k."""
    if abs(kx) < 0.9:
        size = math.sqrt(1.0 - kx * kx)
        return size, -kx * ky / size, -kx * kz / size
    size = math.sqrt(1.0 - ky * ky)
    return -ky * kx / size, size, -ky * kz / size


@kernel
def structure_spin(
    p: tuple[float, float, float, float],
    photon: tuple[float, float, float, float],
    mass: float,
    m: float,
    plus: float,
    minus: float,
) -> tuple[float, float, float, float]:
    """Spin polarisation vector of l+ (p, mass m) beside a ``photon``, and the density (MeV^2); momenta x, y, z, E.

    ``plus`` is V + A at this photon energy, ``minus`` V - A, of a meson of ``mass``.
    """
    px, py, pz, e = p
    kx, ky, kz, k = photon
    pk = e * k - px * kx - py * ky - pz * kz
    nx, ny, nz = kx / k, ky / k, kz / k
    ax, ay, az = _across(nx, ny, nz)
    bx, by, bz = ny * az - nz * ay, nz * ax - nx * az, nx * ay - ny * ax
    root = 1.0 / math.sqrt(2.0 * (e + m))
    up = (complex((e + m) * root), complex(px * root), complex(py * root), complex(pz * root))
    down = (up[0], -up[1], -up[2], -up[3])
    neutrino = (complex(mass - e - k), complex(px + kx), complex(py + ky), complex(pz + kz))
    whole = (0j, 0j, 0j, 0j)
    for turn in (1.0, -1.0):
        half = math.sqrt(0.5)
        ex, ey, ez = half * (ax - 1j * turn * bx), half * (ay - 1j * turn * by), half * (az - 1j * turn * bz)
        sigma = (0j, ex, ey, ez)
        emitted = (px * ex + py * ey + pz * ez) / pk
        kick = _times((complex(k), complex(kx), complex(ky), complex(kz)), sigma)
        c = -0.5 / pk
        first = (m * (emitted * -1.0 + c * kick[0]), m * c * kick[1], m * c * kick[2], m * c * kick[3])
        form = -k / _F_K * (plus if turn > 0.0 else -minus)
        second = _times((0j, form * ex, form * ey, form * ez), down)
        radiated = _times(first, up)
        a = (
            second[0] + radiated[0],
            second[1] + radiated[1],
            second[2] + radiated[2],
            second[3] + radiated[3],
        )
        square = _times(_times(_adjoint(a), neutrino), a)
        whole = (
            whole[0] + square[0],
            whole[1] + square[1],
            whole[2] + square[2],
            whole[3] + square[3],
        )
    density = whole[0].real
    return -whole[1].real / density, -whole[2].real / density, -whole[3].real / density, 8.0 * density
