"""From the code of a mode to its sampler: the if-chain with one line for each mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import inlined
from hnlpeak.theory.modes import (
    ke2,
    ke2g_sd,
    ke2g_sdm,
    ke3,
    ke4,
    kmu2,
    kmu3,
    pi0pi0,
    pie2,
    pimu2,
    pipi0,
    pipipi,
    two_body_hnl,
)

__all__ = ["sample_mode"]


@inlined
def sample_mode(
    code: int, rng: np.random.Generator, params: NDArray[np.float64], out: NDArray[np.float64]
) -> int:
    """Draw a decay of the mode with this ``code``; returns the rows written, 0 for an unknown code."""
    rng, params, out = borrowed(rng), borrowed(params), borrowed(out)
    if code == kmu2.CODE:
        return kmu2.sample(rng, params, out)
    if code == pipi0.CODE:
        return pipi0.sample(rng, params, out)
    if code == pipipi.CODE:
        return pipipi.sample(rng, params, out)
    if code == ke3.CODE:
        return ke3.sample(rng, params, out)
    if code == kmu3.CODE:
        return kmu3.sample(rng, params, out)
    if code == pi0pi0.CODE:
        return pi0pi0.sample(rng, params, out)
    if code == ke2.CODE:
        return ke2.sample(rng, params, out)
    if code == ke2g_sd.CODE:
        return ke2g_sd.sample(rng, params, out)
    if code == two_body_hnl.CODE:
        return two_body_hnl.sample(rng, params, out)
    if code == pimu2.CODE:
        return pimu2.sample(rng, params, out)
    if code == pie2.CODE:
        return pie2.sample(rng, params, out)
    if code == ke2g_sdm.CODE:
        return ke2g_sdm.sample(rng, params, out)
    if code == ke4.CODE:
        return ke4.sample(rng, params, out)
    return 0
