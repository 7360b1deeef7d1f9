"""Number of kaon decays in the fiducial volume from the Standard-Model peak.

N_K = (N_SM - N_bkg) / (B A_SM), with N_bkg = N_fixed + N_K beta, where beta = sum_i B_i A_i is the background
of other kaon decays under the peak per kaon decay; solved for N_K, which both terms share:

    N_K = (N_SM - N_fixed) / (B A_SM + beta)
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured

__all__ = ["KaonFlux", "flux_record", "measure_flux"]

_NONE = Measured(0.0)


@dataclass(frozen=True)
class KaonFlux:
    """N_K with what it was made of; ``n_kaon`` alone where it is stated instead of measured.

    ``n_sm`` is the number of events in the Standard-Model region, ``n_background`` the background among
    them, ``acceptance_sm`` and ``branching_fraction`` those of the normalisation mode.
    """

    n_kaon: Measured
    n_sm: float | None = None
    n_background: Measured | None = None
    acceptance_sm: Measured | None = None
    branching_fraction: Measured | None = None


def measure_flux(
    n_sm: float,
    *,
    acceptance_sm: Measured,
    branching_fraction: Measured,
    background_per_kaon: Measured = _NONE,
    background_events: Measured = _NONE,
) -> KaonFlux:
    """Return N_K from ``n_sm`` events in the Standard-Model region.

    The statistical error is that of ``n_sm``; the systematic error propagates the errors of the acceptance,
    of the branching fraction, of ``background_per_kaon`` (beta) and of ``background_events`` (N_fixed, for
    example halo). ``UsageError`` where the peak is not above its background or a factor is not positive.
    """
    if not acceptance_sm.value > 0.0 or not branching_fraction.value > 0.0:
        raise UsageError(
            "acceptance and branching fraction of the normalisation mode must be positive, "
            f"got {acceptance_sm.value:g} and {branching_fraction.value:g}"
        )
    above = n_sm - background_events.value
    if not (math.isfinite(above) and above > 0.0):
        raise UsageError(
            f"no events above background in the Standard-Model region: {n_sm:g} - {background_events.value:g}"
        )
    rate = branching_fraction.value * acceptance_sm.value + background_per_kaon.value
    n_kaon = above / rate
    relative = (
        math.hypot(
            acceptance_sm.value * branching_fraction.error,
            branching_fraction.value * acceptance_sm.error,
            background_per_kaon.error,
        )
        / rate
    )
    return KaonFlux(
        Measured(
            n_kaon,
            stat=math.sqrt(n_sm) / rate,
            syst=math.hypot(n_kaon * relative, background_events.error / rate),
            source="(N_SM - N_bkg) / (B A_SM)",
        ),
        n_sm,
        Measured(
            background_events.value + n_kaon * background_per_kaon.value,
            syst=math.hypot(background_events.error, n_kaon * background_per_kaon.error),
            source="other kaon decays and accidentals in the Standard-Model region",
        ),
        acceptance_sm,
        branching_fraction,
    )


def flux_record(flux: KaonFlux) -> dict[str, Any]:
    """Return the content of ``normalisation.json``: values with their errors, None where unknown."""
    return {"schema": 1, **asdict(flux)}
