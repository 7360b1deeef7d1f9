"""From the code of a mode to its sampler: the if-chain that is the registry of kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes import ke2, ke2g_sd, ke3, kmu2, kmu3, pi0pi0, pipi0, pipipi, two_body_hnl
from hnlpeak.theory.modes.mode import Kind

__all__ = ["sample_mode"]

_sample_kmu2, _KMU2 = kmu2.sample, int(Kind.KMU2)
_sample_ke2, _KE2 = ke2.sample, int(Kind.KE2)
_sample_ke2g_sd, _KE2G_SD = ke2g_sd.sample, int(Kind.KE2G_SD)
_sample_pipi0, _PIPI0 = pipi0.sample, int(Kind.PIPI0)
_sample_pi3, _PI3 = pipipi.sample, int(Kind.PI3)
_sample_pi00, _PI00 = pi0pi0.sample, int(Kind.PI00)
_sample_ke3, _KE3 = ke3.sample, int(Kind.KE3)
_sample_kmu3, _KMU3 = kmu3.sample, int(Kind.KMU3)
_sample_hnl, _HNL = two_body_hnl.sample, int(Kind.HNL)


@kernel
def sample_mode(
    kind: int, rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]
) -> int:
    """Draw a decay of the mode with code ``kind``; returns the rows written, 0 for an unknown code."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    if kind == _KMU2:
        return _sample_kmu2(rng, params, out)
    if kind == _PIPI0:
        return _sample_pipi0(rng, params, out)
    if kind == _PI3:
        return _sample_pi3(rng, params, out)
    if kind == _KE3:
        return _sample_ke3(rng, params, out)
    if kind == _KMU3:
        return _sample_kmu3(rng, params, out)
    if kind == _PI00:
        return _sample_pi00(rng, params, out)
    if kind == _KE2:
        return _sample_ke2(rng, params, out)
    if kind == _KE2G_SD:
        return _sample_ke2g_sd(rng, params, out)
    if kind == _HNL:
        return _sample_hnl(rng, params, out)
    return 0
