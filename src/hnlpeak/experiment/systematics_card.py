"""The table ``[systematics]``: what is not known well, by how much, and which of it is in the limit."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StrictInt, model_validator

from hnlpeak.core.card import Card, Sourced
from hnlpeak.core.quantity import Positive

__all__ = ["SystematicsCard", "VariedSource"]

_MANY = 100_000_000
_LEAST, _MOST = 0.01, 100.0


class VariedSource(Sourced):
    """One cause of systematic errors: ``vary``, numbers by their addresses, each of which is multiplied by its factor.

    Addresses: of the experiment's card (``beam.momentum_spread``, ``detectors.LKr.energy_scale``), of the mean beam as
    it was calibrated (``calibration.momentum``), of a decay mode (``modes.kmu3.branching_fraction``,
    ``modes.kmu3.lambda_plus``). The factors are one standard deviation.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._=-]*$", max_length=60)]
    vary: Annotated[dict[str, Positive], Field(min_length=1)]

    @model_validator(mode="after")
    def _factors(self) -> Self:
        for address, factor in self.vary.items():
            if not _LEAST <= factor <= _MOST or factor == 1.0:
                raise ValueError(
                    f"vary: the factor of {address!r} must be from {_LEAST:g} to {_MOST:g} and not 1, got {factor:g}"
                )
        return self


class SystematicsCard(Card):
    """What is ``varied``, at how many ``points`` of the scan, and which of these sources are ``in_limit``.

    For each source the signal of each of these masses, the normalisation, the decays that calibrate the beam and, where
    b is made of them, the templates are simulated again, with the random numbers of the nominal ones: as many decays
    each as ``signal_decays``, ``normalisation_decays``, ``calibration_decays`` and, for the largest template,
    ``template_decays`` say at the exposure of the card, fewer at smaller ones. Other templates are smaller as they are
    in ``samples.templates``.
    """

    in_limit: tuple[str, ...] = ()
    points: Annotated[StrictInt, Field(ge=2, le=50)]
    signal_decays: Annotated[StrictInt, Field(ge=100, le=_MANY)]
    normalisation_decays: Annotated[StrictInt, Field(ge=100, le=_MANY)]
    template_decays: Annotated[StrictInt, Field(ge=100, le=_MANY)]
    calibration_decays: Annotated[StrictInt, Field(ge=1000, le=_MANY)]
    varied: Annotated[list[VariedSource], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [source.name for source in self.varied]
        if len(set(names)) != len(names):
            raise ValueError(f"varied: a name appears twice in {names}")
        if unknown := [name for name in self.in_limit if name not in names]:
            raise ValueError(f"in_limit: no source {unknown}, there are {names}")
        return self
