"""How many of the signal events in a window count against its background estimate, and how well that is known.

A signal leaks into the side bands and raises b by l' events for each event in the window, l' being the leakage of
the full peak times the events of the peak over those in the window. With y ~ Poisson(tau b + lambda mu) in the side
bands, or b_m ~ N(b + l' mu, sigma_b), and b* = b + l' mu in place of b, the likelihood is that of

    n ~ Poisson((1 - l') mu + b*),   y ~ Poisson(tau b*)   or   b_m ~ N(b*, sigma_b):

an efficiency 1 - l'. Errors of A, sigma(m) and N_K are relative errors of it. That of sigma moves the share of the peak
in the window by k phi(k) / (Phi(k) - 1/2) of itself, k being the window's half-width over sigma.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.records import Column, Vector
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.statistics import Gaussian, Known

__all__ = ["NetEfficiency", "net_efficiency"]


@dataclass(frozen=True, eq=False)
class NetEfficiency:
    """Share of the signal events in each window that the background estimate does not take up, and its error.

    Not above 0 where the side bands would take up all of a signal. The error is NaN where nothing is accepted, if that
    of A is in it.
    """

    value: Annotated[Vector, Column("net_efficiency")]
    error: Annotated[Vector, Column("net_efficiency_error")]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Masses where it is a positive number, known with a finite error."""
        return np.isfinite(self.value) & (self.value > 0.0) & np.isfinite(self.error)

    def constraint(self, rows: NDArray[np.bool_]) -> Known | Gaussian:
        """Return it for some ``rows`` as intervals take it: without an error anywhere it is known."""
        value, error = self.value[rows], self.error[rows]
        return Gaussian(value, error) if np.any(error > 0.0) else Known(value)


def net_efficiency(
    hypotheses: Hypotheses,
    leakage: Vector,
    errors: Collection[str],
    *,
    sources: Literal["in-limit", "all", "none"] = "in-limit",
) -> NetEfficiency:
    """Return the efficiency with the ``errors`` that are named: of "acceptance", "resolution", "kaons".

    Systematic ``sources`` of the card are in it as the card says, or all of them, or none.

    ``leakage`` is the bias of b per event of the full peak, at each mass (or of toys, shape (toy, mass)).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = {
            "acceptance": hypotheses.acceptance_error / hypotheses.acceptance,
            "resolution": hypotheses.window_slope * hypotheses.sigma_error / hypotheses.sigma,
            "kaons": hypotheses.n_kaon_error / hypotheses.n_kaon,
        }
    value = 1.0 - leakage * hypotheses.peak_per_window
    relative = np.zeros(hypotheses.mass.shape)
    for name in errors:
        relative = np.hypot(relative, parts[name])
    if hypotheses.systematic is not None and sources != "none":
        shifts = hypotheses.systematic
        relative = np.hypot(relative, shifts.efficiency if sources == "all" else shifts.efficiency_in_limit)
    return NetEfficiency(value, np.abs(value) * relative)
