"""The analysis card: channel, mass scan, cuts, normalisation, background, statistics, sample sizes.

Everything that distinguishes one peak search from another is here or in the experiment card, and nothing of
it is in code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Discriminator, Field, StrictInt, Tag, model_validator

from hnlpeak.background.methods import METHODS as METHODS_OF_BACKGROUND
from hnlpeak.background.methods import BackgroundTable
from hnlpeak.core.card import Card, Sourced
from hnlpeak.core.quantity import Energy, Fraction, MassSquared, OpenShare, Positive, Share
from hnlpeak.experiment.column_card import ColumnSource
from hnlpeak.experiment.meson_name import MesonName
from hnlpeak.experiment.selection_card import Cut, SelectionCard, cuts_of, faults_of_selections
from hnlpeak.experiment.systematics_card import SystematicsCard
from hnlpeak.spectrum.window_rule import FractionWindow, WindowRule
from hnlpeak.statistics.expected import ExpectedDefinition
from hnlpeak.statistics.methods import METHODS
from hnlpeak.statistics.rolke_lopez import Treatment
from hnlpeak.theory.domain import lepton_mass
from hnlpeak.theory.mesons import meson

__all__ = [
    "SIGNAL_ERRORS",
    "AnalysisCard",
    "BranchingFractions",
    "Channel",
    "Cut",
    "FractionWindow",
    "Normalisation",
    "Samples",
    "Scan",
    "SelectionCard",
    "SignalError",
    "StatisticsCard",
    "Template",
    "WindowRule",
]

MAX_MASSES = 20_000
"""Most mass hypotheses of a scan."""
MAX_DECAYS = 100_000_000_000
"""Most decays of one simulated sample."""
MAX_SIGNAL_MASSES = 1000
"""Most masses at which the signal is simulated."""


def _refusal(check: Callable[[], object]) -> Iterator[str]:
    """What a check says that raises ``ValueError``."""
    try:
        check()
    except ValueError as error:
        yield str(error)


class Channel(Card):
    """The decay M+ -> l+ N that is searched for: its ``meson`` (that of the beam) and its ``lepton``."""

    meson: MesonName
    lepton: Literal["e", "mu"]

    @property
    def end(self) -> float:
        """Mass of N (MeV) from which on the decay is closed."""
        return meson(self.meson).mass - lepton_mass(self.lepton)


class ExposureCard(Sourced):
    """Effective number of meson decays in the fiducial volume, after the trigger downscale.

    ``decays`` is this number; of ``downscale`` triggers one was kept (1 for all).
    """

    decays: Positive
    downscale: Annotated[StrictInt, Field(ge=1)] = 1


def _form_of_window(value: object) -> str:
    return "record" if isinstance(value, dict | FractionWindow) else "number"


class Scan(Sourced):
    """Mass hypotheses, from ``mass_min`` to ``mass_max`` by ``step``, and their window.

    ``window`` is its half-width in units of the mass resolution, such as 1.5, or a table { fraction, bin }: the share
    of the signal that it holds, and the width of its bins in squared missing mass.
    """

    mass_min: Energy
    mass_max: Energy
    step: Energy
    window: Annotated[
        Annotated[Positive, Tag("number")] | Annotated[FractionWindow, Tag("record")],
        Discriminator(_form_of_window),
    ]

    @model_validator(mode="after")
    def _range(self) -> Self:
        if not self.mass_min < self.mass_max:
            raise ValueError(
                f"empty mass range: mass_min = {self.mass_min:g} MeV, mass_max = {self.mass_max:g} MeV"
            )
        if self.step <= 0.0:
            raise ValueError("step must be positive")
        if (self.mass_max - self.mass_min) / self.step > MAX_MASSES:
            raise ValueError(f"more than {MAX_MASSES} mass hypotheses: widen step = {self.step:g} MeV")
        return self

    def masses(self) -> list[float]:
        """Mass hypotheses in MeV, from ``mass_min`` to ``mass_max`` inclusive."""
        count = math.floor((self.mass_max - self.mass_min) / self.step + 1e-9) + 1
        return [self.mass_min + i * self.step for i in range(count)]


class BranchingFractions(Sourced):
    """Branching fractions in place of the modes' own, in pseudo-data and in estimates: ``values`` by mode."""

    values: dict[str, Share]


class Normalisation(Sourced):
    """The Standard-Model region that counts meson decays.

    N_K follows from the events of ``mode`` (the decay to the same lepton and a neutrino) that pass ``selection`` with a
    squared missing mass of less than ``m2_max`` from zero. For a search that was published: its
    ``published_n_kaon`` with ``published_n_kaon_error``, and the ``published_curves`` (hnlpeak list published) that
    were made with it.
    """

    mode: str
    selection: str
    m2_max: MassSquared
    published_n_kaon: Positive | None = None
    published_n_kaon_error: Positive | None = None
    published_curves: list[str] = []


SignalError = Literal["acceptance", "resolution", "kaons"]
SIGNAL_ERRORS: tuple[SignalError, ...] = get_args(SignalError)
"""Errors of the signal that limits can have."""


class StatisticsCard(Sourced):
    """How an interval is made of (n, b, sigma_b).

    ``cl`` is the confidence level. ``method`` is one of ``hnlpeak list methods``; limits by further ``methods`` stand
    beside its own. ``treatment`` of deficits belongs to rolke-lopez (bounded unless given). ``expected`` defines
    expected limits; asymptotic belongs to cls. Feldman-Cousins and exact CLs take seconds a mass for any definition but
    asimov. ``constraint``: b +- sigma_b enters as a Gaussian or as the Poisson count of a control region with that
    estimate. ``toys``: background-only toys of the whole spectrum, for the global p-value and for limits expected from
    toys. ``errors`` of the signal that are in the limits: of the "acceptance", the "resolution" (through the share of
    the peak in the window) and the number of "kaons", which all masses share. Published searches have none of them.
    """

    method: str
    methods: tuple[str, ...] = ()
    treatment: Treatment | None = None
    cl: Annotated[float, Field(gt=0.0, lt=1.0)]
    expected: ExpectedDefinition = "unconditional"
    constraint: Literal["gaussian", "poisson"] = "gaussian"
    toys: Annotated[StrictInt, Field(ge=0, le=10_000_000)] = 0
    errors: tuple[SignalError, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _usual_treatment(cls, table: Any) -> Any:
        method = table.get("method") if isinstance(table, dict) else None
        known = METHODS.get(method) if isinstance(method, str) else None
        return (
            {"treatment": known.treatments[0], **table} if known is not None and known.treatments else table
        )

    @model_validator(mode="after")
    def _method(self) -> Self:
        for key, name in (("method", self.method), *(("methods", name) for name in self.methods)):
            if name not in METHODS:
                raise ValueError(f"{key} must be of {', '.join(METHODS)}, got {name!r}")
        if len({self.method, *self.methods}) != 1 + len(self.methods):
            raise ValueError(f"methods: a name appears twice in {[self.method, *self.methods]}")
        if self.treatment is not None and self.treatment not in METHODS[self.method].treatments:
            raise ValueError(
                f"treatment applies to rolke-lopez only, got {self.treatment!r} with {self.method}"
            )
        others = [name for name in (self.method, *self.methods) if name != "cls"]
        if self.expected == "asymptotic" and others:
            raise ValueError(f"expected = 'asymptotic' belongs to method cls, got {others[0]}")
        return self

    def with_method(self, method: str) -> StatisticsCard:
        """Return the same table with another ``method`` alone, in its usual treatment."""
        usual = METHODS[method].treatments
        changes = {"method": method, "methods": (), "treatment": usual[0] if usual else None}
        return self.model_copy(update=changes)


class Template(Card):
    """Simulated background of one decay ``mode``, or of the ``halo``: so many ``decays`` of it.

    It serves the method ``templates``, figures, and the background under the normalisation peak.

    Shares: ``forced_decay`` of the muons and ``forced_pion_decay`` of the pions are made to decay in flight,
    ``forced_loss`` of the photons to go unnoticed, ``forced_pairs`` of them to convert in each chamber before the
    magnet (default: a quarter of ``forced_loss``), ``forced_radiation`` of the (leptonic) decays to radiate a photon
    above ``hard_photon`` (meson frame),
    ``forced_dalitz`` of the pi0 to make e+ e- gamma, ``forced_near`` of the pi0 to have a photon near the charged
    track, ``forced_soft`` of the decays to have a photon that is soft in the laboratory, ``forced_gap`` one that flies
    between the counters, ``forced_both`` both photons of a pi0 there, one of them backwards in half of these decays,
    ``forced_spread`` of the (K_l3) decays to have a lepton near either end of its spectrum,
    ``forced_muon_loss`` of the muons that a vetoing counter missed to leave most of their momentum in the calorimeter.
    The share ``survival`` is
    simulated to the end of the decays that will hardly be selected: with two tracks, with a photon that makes a cluster
    of its own, and, unless it is 0, without a charged daughter below ``soft_momentum`` (meson frame), which make no
    large missing mass; the share ``off_target`` of those whose charged particles are all far from the momenta, angles,
    vertices and missing masses that the search selects. The events carry weights that undo all of it.
    """

    mode: str
    decays: Annotated[StrictInt, Field(ge=100, le=MAX_DECAYS)]
    forced_decay: OpenShare = 0.0
    forced_pion_decay: OpenShare = 0.0
    forced_loss: OpenShare = 0.0
    forced_pairs: OpenShare | None = None
    forced_radiation: OpenShare = 0.0
    hard_photon: Energy = "0.1 MeV"  # type: ignore[assignment]
    forced_dalitz: OpenShare = 0.0
    forced_soft: OpenShare = 0.0
    forced_gap: OpenShare = 0.0
    forced_near: OpenShare = 0.0
    forced_both: OpenShare = 0.0
    forced_muon_loss: OpenShare = 0.0
    forced_spread: OpenShare = 0.0
    soft_momentum: Energy = "0 MeV"  # type: ignore[assignment]
    survival: Fraction = 1.0
    off_target: Share = 1.0

    @model_validator(mode="after")
    def _survives(self) -> Self:
        if self.survival == 0.0:
            raise ValueError("survival must be above 0: a template without these decays is biased")
        if "hard_photon" in self.model_fields_set and self.forced_radiation == 0.0:
            raise ValueError("hard_photon is the least energy of forced radiation: give forced_radiation too")
        return self


class Samples(Card):
    """Sizes of the simulated samples (decays) and the masses at which the signal is simulated.

    ``background_modes`` are the decays of the meson that simulated data are made of (hnlpeak list modes).
    ``signal_masses``, two or more that rise from below the scan's first mass to beyond its last, get ``signal_decays``
    each, the peak of the normalisation ``normalisation_decays``. The mean beam is measured with ``calibration_decays``
    of ``calibration_mode``, a decay to three charged particles. ``templates``, one table a mode, are simulated
    backgrounds. ``companion_modes`` are decays of the beam's other particles, on top of the meson's
    ``background_modes``. Sizes are those for the exposure of the card; a smaller exposure uses a smaller share of them,
    down to a tenth. Simulated decays that a veto has surely ended are followed to the end only one in
    ``cutflow_every``, and counted that often in the rows of the cut-flow before the last veto; 1 follows all.
    """

    background_modes: list[str]
    companion_modes: list[str] = []
    signal_masses: Annotated[list[Energy], Field(max_length=MAX_SIGNAL_MASSES)]
    signal_decays: Annotated[StrictInt, Field(ge=100, le=MAX_DECAYS)]
    normalisation_decays: Annotated[StrictInt, Field(ge=100, le=MAX_DECAYS)]
    templates: list[Template] = []
    cutflow_every: Annotated[StrictInt, Field(ge=1, le=10_000)] = 1
    calibration_mode: str
    calibration_decays: Annotated[StrictInt, Field(ge=100, le=MAX_DECAYS)]


class AnalysisCard(Sourced):
    """One peak search: see the tables for the meaning of the keys.

    ``schema`` is the version of this form of cards, 1. ``name`` is used in files, ``title`` in figures. ``experiment``
    is the card of the apparatus: a library name or a path beside this card. The tables: ``channel`` that is searched;
    ``exposure``; ``scan`` of masses; ``cuts``, one table each, common to all selections, and ``named_cuts`` that some
    of them use; ``selections``, one table each; ``normalisation``; ``background``; ``statistics``; ``samples``;
    ``branching_fractions`` other than the usual; ``systematics``; ``columns`` of ntuples under other names. Of real
    data the share ``non_finite_limit`` may be no numbers.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
    title: str
    experiment: str
    channel: Channel
    exposure: ExposureCard
    scan: Scan
    cuts: list[Cut]
    named_cuts: list[Cut] = []
    selections: list[SelectionCard]
    normalisation: Normalisation
    background: BackgroundTable
    statistics: StatisticsCard
    samples: Samples
    branching_fractions: BranchingFractions | None = None
    systematics: SystematicsCard | None = None
    columns: dict[str, ColumnSource] = {}
    non_finite_limit: Fraction = 0.001

    def contradictions(self) -> Iterator[str]:
        """Yield what the tables say against each other: names that are not there, masses that are not served."""
        for column, source in self.columns.items():
            yield from _refusal(partial(source.scale, column))
        names = [selection.name for selection in self.selections]
        modes = [template.mode for template in self.samples.templates]
        if len(set(modes)) != len(modes):
            yield f"samples.templates: a mode appears twice in {modes}"
        yield from faults_of_selections(self.selections, self.cuts, self.named_cuts)
        smooth = [name for name, known in METHODS_OF_BACKGROUND.items() if known.smooth is not None]
        if self.statistics.toys and self.background.method not in smooth:
            yield (
                f"statistics.toys: background method {self.background.method!r} has no toys; those that do: "
                f"{', '.join(smooth)}"
            )
        if self.normalisation.selection not in names:
            yield f"normalisation.selection = {self.normalisation.selection!r} is not one of {names}"
        yield from _refusal(partial(self.background.check, selections=names, modes=modes))
        yield from self._masses_without_selection()
        yield from self._masses_without_signal()

    def _masses_without_selection(self) -> Iterator[str]:
        found = [fault for mass in self.scan.masses() for fault in _refusal(partial(self.selection_of, mass))]
        if found:
            yield found[0] + (f" (and {len(found) - 1} more masses)" if len(found) > 1 else "")

    def _masses_without_signal(self) -> Iterator[str]:
        masses, scan = self.samples.signal_masses, self.scan.masses()
        if sorted(set(masses)) != masses or len(masses) < 2:
            yield "samples.signal_masses must rise strictly and hold at least two masses"
        elif masses[0] > scan[0] or masses[-1] < scan[-1]:
            missing = [f"one at or below {scan[0]:g} MeV"] if masses[0] > scan[0] else []
            missing += [f"one at or above {scan[-1]:g} MeV"] if masses[-1] < scan[-1] else []
            end = self.channel.end
            mend = (
                f"end the scan before {end:.4g} MeV, where the decay is closed"
                if scan[-1] >= end
                else f"add {' and '.join(missing)} (acceptance is never extrapolated)"
            )
            yield (
                f"samples.signal_masses must cover the scan, {scan[0]:g} to {scan[-1]:g} MeV, and go from "
                f"{masses[0]:g} to {masses[-1]:g} MeV: {mend}"
            )

    @property
    def fractions(self) -> dict[str, float]:
        """Branching fractions that the card chooses, by mode."""
        return {} if self.branching_fractions is None else self.branching_fractions.values

    def cuts_of(self, selection: SelectionCard) -> list[Cut]:
        """Cuts of one of the ``selections`` in their order; none of a union."""
        return cuts_of(selection, self.cuts, self.named_cuts)

    def selection_of(self, mass: float) -> str:
        """Name of the one selection that a mass hypothesis (MeV) uses."""
        found = [s.name for s in self.selections if s.serves(mass)]
        if len(found) != 1:
            raise ValueError(f"mass {mass:g} MeV belongs to {len(found)} selections {found}, it must be one")
        return found[0]
