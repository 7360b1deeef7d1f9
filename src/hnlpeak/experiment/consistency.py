"""What an analysis and its experiment say against each other, found before anything is simulated."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import numpy as np

from hnlpeak.background.inputs import HALO, INTERACTIONS
from hnlpeak.core.errors import UsageError
from hnlpeak.core.words import listed
from hnlpeak.detectors.calorimeter import Calorimeter
from hnlpeak.detectors.dead_cells import COLUMN as DEAD_CELL
from hnlpeak.detectors.registry import KINDS
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.columns import COLUMN_MEANING
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.experiment.selection_card import Cut
from hnlpeak.experiment.vary import variation
from hnlpeak.theory.modes import MODES, mode_of
from hnlpeak.theory.modes.mode import Mode

__all__ = ["faults"]

_CALIBRATION_TRACKS = 3


def faults(card: AnalysisCard, experiment: ExperimentCard, origin: str = "") -> Iterator[str]:
    """Yield what cannot work: another meson, modes that are none of its decays, cuts outside the apparatus.

    ``origin`` is the file of the experiment, to be named where its detectors are meant.
    """
    yield from _columns(card, experiment, origin or experiment.name)
    yield from _beyond(card, experiment)
    if card.channel.meson != experiment.beam.meson:
        yield (
            f"channel.meson is {card.channel.meson!r}, the beam of {experiment.name} is {experiment.beam.meson!r}"
        )
        return
    yield from _modes(card, experiment)
    yield from _triggered(card, experiment)
    yield from _cuts(card, experiment)
    yield from _varied(card, experiment)
    yield from _closed(card)


def _closed(card: AnalysisCard) -> Iterator[str]:
    """Masses at which the meson does not decay to l+ N."""
    channel, simulated = card.channel, max(card.samples.signal_masses, default=0.0)
    asked = [("samples.signal_masses", simulated)]
    if card.scan.masses()[-1] <= simulated:  # else the card says itself that the scan must end before
        asked.append(("scan.mass_max", card.scan.mass_max))
    for key, mass in asked:
        if mass >= channel.end:
            yield f"{key}: {mass:g} MeV, {channel.meson} -> {channel.lepton}+ N is closed from {channel.end:.4g} MeV on"


def _modes(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    samples, normalisation = card.samples, card.normalisation
    templates = [template.mode for template in samples.templates]
    own = [
        name
        for name in templates
        if name not in (HALO, INTERACTIONS) and _parent(name) not in experiment.beam.companions
    ]
    found = [
        *_unknown("samples.background_modes", samples.background_modes, [card.channel.meson]),
        *_unknown("samples.companion_modes", samples.companion_modes, list(experiment.beam.companions)),
        *_unknown("normalisation.mode", [normalisation.mode], [card.channel.meson]),
        *_unknown("samples.templates", own, [card.channel.meson]),
        *_uncalibrated(samples.calibration_mode, card.channel.meson),
    ]
    if HALO in templates and experiment.halo is None:
        found.append(f"samples.templates: {HALO!r} needs a [halo] table in the card of {experiment.name}")
    if INTERACTIONS in templates and not experiment.matter_there():
        found.append(
            f"samples.templates: {INTERACTIONS!r} needs beam_matter in the card of {experiment.name}"
        )
    yield from found
    if found:
        return
    calibrating = MODES[samples.calibration_mode]
    if _tracks(calibrating) != _CALIBRATION_TRACKS:
        yield (
            f"samples.calibration_mode: {calibrating.name!r} ({calibrating.label}) has {_tracks(calibrating)} charged "
            f"daughters, the beam is calibrated with {_CALIBRATION_TRACKS}"
        )
    lepton, counted = f"{card.channel.lepton}+", MODES[normalisation.mode]
    if counted.daughters[:2] != (lepton, "nu"):
        yield (
            f"normalisation.mode: {counted.name!r} ({counted.label}) makes no peak at zero with the mass and the cuts "
            f"of channel.lepton = {card.channel.lepton!r}: expected a decay to {lepton} nu"
        )


def _tracks(mode: Mode) -> int:
    return sum(daughter.endswith(("+", "-")) for daughter in mode.daughters)


def _uncalibrated(name: str, meson: str) -> Iterator[str]:
    """A mode that does not measure the mean beam, or a meson that has none which does."""
    if any(mode.parent == meson and _tracks(mode) == _CALIBRATION_TRACKS for mode in MODES.values()):
        yield from _unknown("samples.calibration_mode", [name], [meson])
    else:
        yield (
            f"samples.calibration_mode: no decay mode of {meson} has {_CALIBRATION_TRACKS} charged daughters, with "
            f"which the mean beam is measured: simulated searches in a beam of {meson} are not possible"
        )


def _parent(name: str) -> str | None:
    return MODES[name].parent if name in MODES else None


def _unknown(key: str, names: Sequence[str], parents: Sequence[str]) -> Iterator[str]:
    """Names that are no decay modes of any of the ``parents``."""
    if len(set(names)) != len(names):
        yield f"{key}: a mode appears twice in {list(names)}"
    for name in names:
        if not parents:
            yield f"{key}: {name!r}: the beam has no companions (beam.companions)"
            continue
        parent = _parent(name)
        try:
            mode_of(parent if parent is not None and parent in parents else parents[0], name)
        except UsageError as error:
            yield f"{key}: {error}"


def _triggered(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    """What the cards ask for and the trigger can never take: it requires a tag that such particles do not have."""
    taggers = {d.system: d for d in experiment.detectors if KINDS[d.kind].beam_signal is not None}
    levels = [level for level in experiment.trigger if set(level.require) & set(taggers)]
    if not levels or (any(level.window > 0.0 for level in levels) and experiment.beam.intensity_max > 0.0):
        return
    (tagger, *_) = taggers.values()
    signal = KINDS[tagger.kind].beam_signal
    mend = f"give the trigger level that requires {tagger.system} a window, in which another particle may fire it"
    for mode in card.samples.companion_modes:
        if signal is not None and not signal(tagger, str(_parent(mode))).chance > 0.0:
            yield f"samples.companion_modes: {mode!r} never triggers: {mend}"
    halo = experiment.halo
    if halo is not None and (halo.kaon_share == 0.0 or halo.z_last < getattr(tagger, "z", 0.0)):
        yield f"halo: its muons never trigger: {mend}"


def _varied(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    """Systematic sources whose addresses are not there, or whose modes nothing is made of."""
    counted = card.normalisation.mode
    templates = [t.mode for t in card.samples.templates] if card.background.needs_decays else []
    for source in card.systematics.varied if card.systematics is not None else []:
        try:
            modes = variation(source.vary, experiment).modes
        except UsageError as error:
            yield f"systematics[{source.name}].vary: {error}"
            continue
        for mode in modes:
            if mode not in (counted, *templates):
                made = f"the templates {listed(templates)}" if templates else "no simulated decays"
                yield (
                    f"systematics[{source.name}].vary: modes.{mode} moves nothing: N_K is counted by "
                    f"{counted} (normalisation.mode), b is made of {made}; vary one of these, or take the source out"
                )


def _cuts_by_name(card: AnalysisCard) -> Iterator[Cut]:
    """All cuts of the card, whether a selection uses them or not."""
    yield from card.cuts
    yield from card.named_cuts
    for selection in card.selections:
        yield from selection.cuts


def _columns(card: AnalysisCard, experiment: ExperimentCard, origin: str) -> Iterator[str]:
    """Cuts on columns that are not there, or that no detector of the experiment fills."""
    filled = {d.system: KINDS[d.kind].columns(d) for d in experiment.detectors}
    there = [name for names in filled.values() for name in names]
    fills = {name: kind.name for kind in KINDS.values() for name in kind.fills}
    for cut in _cuts_by_name(card):
        for column in dict.fromkeys(cut.columns()):
            if column in there or (column in COLUMN_MEANING and column not in fills):
                continue
            yield f"cut {cut.name!r}: {_no_column(column, fills.get(column), experiment, there, origin)}"


def _beyond(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    """Cuts farther from dead cells than distances are known."""
    known = [d.dead_cells.reach for d in experiment.detectors if isinstance(d, Calorimeter) and d.dead_cells]
    for cut in _cuts_by_name(card):
        asked = [value for bounds in cut.bounds() for value in bounds if np.isfinite(value)]
        if known and cut.columns()[0] == DEAD_CELL and any(value > known[0] for value in asked):
            yield f"cut {cut.name!r}: {DEAD_CELL} is known up to {known[0]:g} mm, two cells, got {max(asked):g} mm"


def _no_column(
    column: str, kind: str | None, experiment: ExperimentCard, there: Sequence[str], origin: str
) -> str:
    """Why a column is not there, and what would mend it."""
    if kind is not None:
        same = [d.system for d in experiment.detectors if d.kind == kind]
        reason = f"{', '.join(same)} does not measure it" if same else f"{origin} has none"
        return (
            f"nothing fills the column {column!r}: it needs a detector of kind {kind}, {reason}; add one, or take "
            "the cut out"
        )
    times = [name for name in there if name.startswith("dt_")]
    of_time = column.startswith("dt_") and column.endswith("_ns")
    known = times if of_time else [*COLUMN_MEANING, *there]
    close = difflib.get_close_matches(column, known, n=1, cutoff=0.85 if of_time else 0.6)
    hint = f", is it {close[0]}?" if close else ""
    if not of_time:
        return f"no column {column!r}{hint or '; hnlpeak list columns has them all'}"
    name = column.removeprefix("dt_").removesuffix("_ns")
    silent = [d for d in experiment.detectors if d.system.lower() == name]
    reason = (
        f"{silent[0].system} is a {silent[0].kind}, which has no times"
        if silent
        else f"no detector of {origin} has the system {name.upper()}"
    )
    return f"no column {column!r}: {reason}{hint or (f'; there are {listed(times)}' if times else '')}"


def _cuts(card: AnalysisCard, experiment: ExperimentCard) -> Iterator[str]:
    """Cuts that nothing passes, as far as the columns have ends that the cards tell."""
    beam, fiducial = experiment.beam, experiment.fiducial
    length = fiducial.z_last - fiducial.z_first
    ends = {
        "p_mev": (0.0, beam.momentum + 10.0 * beam.momentum_spread, "the beam's momentum ends"),
        "z_vtx_mm": (fiducial.z_first - length, fiducial.z_last + length, "decays happen far from there"),
        "theta_rad": (0.0, 1.6, "tracks go forward"),
        "n_tracks": (0.0, 100.0, "tracks are counted"),
        "charge": (-1.0, 1.0, "one track has one charge"),
        "in_acceptance": (0.0, 1.0, "it is 0 or 1"),
        **dict.fromkeys(
            ("chi2", "cda_mm", "e_over_p", "e_extra_mev"), (0.0, float("inf"), "it is not negative")
        ),
    }
    seen: list[Cut] = []
    for cut in (cut for selection in card.selections for cut in card.cuts_of(selection)):
        if cut.column not in ends or cut in seen:
            continue
        seen.append(cut)
        (least, most, reason), bounds = ends[cut.column], cut.bounds()
        low, high = min(bounds[0]), max(bounds[1])
        if low > most or high < least:
            yield (
                f"cut {cut.name!r} passes nothing: {cut.column} from {low:g} to {high:g}, {reason} "
                f"({least:g} to {most:g})"
            )
