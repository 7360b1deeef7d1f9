"""The halo table of an experiment card: muons that come along with the beam and from no decay in the tank."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from hnlpeak.core.card import Card, Sourced
from hnlpeak.core.quantity import Angle, Energy, Fraction, Length, Positive

__all__ = ["Beside", "Halo"]


class Beside(Card):
    """Muons that reach the last collimator beside the beam and along it, swept there by magnets further upstream.

    They are the ``share`` of all; their momentum is ``momentum_min`` plus an exponential of mean ``momentum_mean``,
    their place Gaussian about ``x``, ``y`` from the beam, with rms ``size_x``, ``size_y``.
    """

    share: Fraction
    momentum_min: Energy
    momentum_mean: Energy
    x: Length
    y: Length
    size_x: Length
    size_y: Length

    @model_validator(mode="after")
    def _positive(self) -> Self:
        for name in ("momentum_min", "momentum_mean"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"{name} must be positive")
        for name in ("size_x", "size_y"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name} must not be negative")
        return self


class Halo(Sourced):
    """Muons from two-body decays of beam pions and kaons between ``z_first`` and ``z_last`` of the beam line.

    ``rate`` is their number per meson decay in the fiducial volume, ``kaon_share`` the part from kaons; those of
    ``beside``, where it is given, are among them, whatever their parents. Parents have
    the momentum and the course of the beam, but for a part ``off_momentum`` with momenta of ``off_momentum_min``
    plus an exponential of mean ``off_momentum_mean`` (below the beam's momentum), angles of rms
    ``off_momentum_divergence`` and positions of rms ``off_momentum_size``. A muon outside ``aperture`` at
    ``z_collimator`` crosses the last collimator: ``radiation_lengths`` of it scatter the muon, which loses
    ``energy_loss``. From there on it is a particle in the apparatus.
    """

    rate: Positive
    z_first: Length
    z_last: Length
    kaon_share: Fraction
    off_momentum: Fraction
    off_momentum_min: Energy
    off_momentum_mean: Energy
    off_momentum_divergence: Angle
    off_momentum_size: Length
    z_collimator: Length
    aperture: Length
    radiation_lengths: Positive
    energy_loss: Energy
    beside: Beside | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.z_first < self.z_last <= self.z_collimator:
            raise ValueError("expected z_first < z_last <= z_collimator")
        if self.off_momentum_mean <= 0.0:
            raise ValueError("off_momentum_mean must be positive")
        for name in ("off_momentum_divergence", "off_momentum_size", "aperture"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name} must not be negative")
        return self
