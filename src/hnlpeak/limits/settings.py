"""The definitions behind the numbers of a search, and how its data came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from hnlpeak.core.records import Form, Key
from hnlpeak.experiment.analysis_card import WindowRule
from hnlpeak.spectrum.window import window_record, window_rule
from hnlpeak.statistics import ExpectedDefinition, Treatment
from hnlpeak.trigger.downscale import TriggerRates

__all__ = ["BinRange", "Exposure", "InjectedSignal", "Lost", "Settings", "Simulation"]


@dataclass(frozen=True)
class BinRange:
    """Axis of the searched spectrum: its ends in MeV and the number of its bins."""

    low: Annotated[float, Key("low_mev")]
    high: Annotated[float, Key("high_mev")]
    bins: int


@dataclass(frozen=True)
class Settings:
    """How limits were set.

    ``window``: its half-width in resolutions, or the fraction of the signal in it; ``windows_snapped``: at how many
    masses the bins of the spectrum are too coarse for it. ``method`` of ``statistics.METHODS`` at the confidence level
    ``cl``, with further ``methods`` beside it; ``treatment`` of deficits, None where the method has none;
    ``constraint``: how b +- sigma_b enters. ``convention`` says in words what a limit is, ``expected`` is the
    definition of expected limits, ``errors`` says which errors are in, ``signal`` where A(m) and sigma(m) come from.
    """

    window: Annotated[WindowRule, Form(window_record, window_rule)]
    windows_snapped: int
    method: str
    methods: tuple[str, ...]
    treatment: Treatment | None
    constraint: Literal["gaussian", "poisson"]
    cl: float
    convention: str
    expected: ExpectedDefinition
    errors: str
    spectrum: BinRange
    signal: str


@dataclass(frozen=True)
class Simulation:
    """Random streams and the simulated beam: ``seed``, mean kaon momentum and its statistical error, MeV."""

    seed: int
    beam_momentum: Annotated[float, Key("beam_momentum_mev")]
    beam_momentum_error: Annotated[float, Key("beam_momentum_error_mev")]


@dataclass(frozen=True)
class InjectedSignal:
    """A signal put into the pseudo-data: mass in MeV and |U|^2."""

    mass: Annotated[float, Key("mass_mev")]
    u2: float


@dataclass(frozen=True)
class Lost:
    """What a partial result lacks: the ``jobs`` of ``of`` without a file, and their ``share`` of the data."""

    jobs: tuple[int, ...]
    of: int
    share: float


@dataclass(frozen=True)
class Exposure:
    """How data came about: ``decays`` in the fiducial volume that were simulated, None for real data.

    ``delivered`` are the decays before the trigger's ``downscale``, ``rates`` those of simulated triggers. ``lost``
    tells what is missing of a partial result, and is None where all is there. ``pseudo_data`` says of data that are not
    simulated decay by decay whether they are drawn from the expected spectrum or are it.
    """

    decays: Annotated[float | None, Key("exposure_decays")]
    downscale: int
    delivered: Annotated[float | None, Key("decays_delivered")]
    rates: TriggerRates | None = None
    injected: InjectedSignal | None = None
    lost: Lost | None = None
    pseudo_data: Literal["expected", "asimov"] | None = None
