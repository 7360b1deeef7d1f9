"""An analysis without a part of its apparatus or of what reaches it: removed, not scaled.

With a detector go its matter, its place in the acceptance and in the trigger, and the cuts on what it measures; with
anything the systematic sources, which may vary it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hnlpeak.background.inputs import HALO
from hnlpeak.core.errors import UsageError
from hnlpeak.detectors.kind import DetectorSpec
from hnlpeak.detectors.registry import KINDS
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import build_setup
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.experiment.selection_card import Cut

__all__ = ["SOURCES", "removable", "without"]

SOURCES = ("other beam particles", "halo", "accidentals", "limits on chamber crossings")
"""What can be removed beside detectors."""
_NEEDED = "spectrometer"


def removable(experiment: ExperimentCard) -> list[str]:
    """Return what ``without`` can remove: all systems but the spectrometer (there would be no track), and sources."""
    spectrometer = {d.system for d in experiment.detectors if d.kind == _NEEDED}
    systems = [name for name in experiment.systems() if name not in spectrometer]
    limited = any(
        level.multiplicity_min or level.multiplicity_max is not None for level in experiment.trigger
    )
    there = (bool(experiment.beam.companions), experiment.halo is not None, True, limited)
    return [*systems, *(name for name, present in zip(SOURCES, there, strict=True) if present)]


def without(analysis: Analysis, name: str) -> Analysis:
    """Return ``analysis`` without the system or source ``name``. ``UsageError`` for what cannot be removed."""
    known = removable(analysis.experiment.card)
    if name not in known:
        raise UsageError(
            f"{name!r} cannot be removed from {analysis.card.name}: choose from {', '.join(known)}"
        )
    experiment, card = _SOURCES[name](analysis) if name in SOURCES else _system(analysis, name)
    made = replace(
        analysis.experiment,
        card=experiment,
        text=f"{analysis.experiment.text}\n# without {name}",
        setup=build_setup(experiment),
    )
    card = card.model_copy(update={"systematics": None})  # sources may vary what is gone
    return replace(analysis, card=card, experiment=made, text=f"{analysis.text}\n# without {name}")


Cards = tuple[ExperimentCard, AnalysisCard]


def _system(analysis: Analysis, system: str) -> Cards:
    card = analysis.experiment.card
    left = [d for d in card.detectors if d.system != system]
    levels = [
        level.model_copy(
            update={key: [s for s in getattr(level, key) if s != system] for key in ("require", "veto")}
        )
        for level in card.trigger
    ]
    gone = _columns([d for d in card.detectors if d.system == system]) - _columns(left)
    return card.model_copy(update={"detectors": left, "trigger": levels}), _uncut(analysis.card, gone)


def _columns(detectors: Sequence[DetectorSpec]) -> set[str]:
    """Columns that these detectors fill."""
    found: set[str] = set()
    for detector in detectors:
        found.update(KINDS[detector.kind].columns(detector))
    return found


def _uncut(card: AnalysisCard, columns: set[str]) -> AnalysisCard:
    """``card`` without cuts on ``columns``."""

    def kept(cuts: Sequence[Cut]) -> list[Cut]:
        return [cut for cut in cuts if cut.column not in columns]

    names = {cut.name for cut in (*card.cuts, *card.named_cuts) if cut.column in columns}
    selections = [
        selection.model_copy(
            update={
                "cuts": kept(selection.cuts),
                "without": [name for name in selection.without if name not in names],
                "use": [name for name in selection.use if name not in names],
            }
        )
        for selection in card.selections
    ]
    changes: dict[str, Any] = {
        "cuts": kept(card.cuts),
        "named_cuts": kept(card.named_cuts),
        "selections": selections,
    }
    return card.model_copy(update=changes)


def _without_companions(analysis: Analysis) -> Cards:
    experiment, samples = analysis.experiment.card, analysis.card.samples
    kept = samples.model_copy(
        update={
            "companion_modes": [],
            "templates": [t for t in samples.templates if t.mode not in samples.companion_modes],
        }
    )
    beam = experiment.beam.model_copy(update={"companions": {}})
    return experiment.model_copy(update={"beam": beam}), analysis.card.model_copy(update={"samples": kept})


def _without_halo(analysis: Analysis) -> Cards:
    experiment, samples = analysis.experiment.card, analysis.card.samples
    kept = samples.model_copy(update={"templates": [t for t in samples.templates if t.mode != HALO]})
    background = analysis.card.background
    if background.scaled_run() is not None:
        background = background.model_copy(update={"control_run": None})
    changes = {"samples": kept, "background": background}
    return experiment.model_copy(update={"halo": None}), analysis.card.model_copy(update=changes)


def _without_accidentals(analysis: Analysis) -> Cards:
    experiment = analysis.experiment.card
    beam = experiment.beam.model_copy(update={"intensity_min": 0.0, "intensity_max": 0.0})
    return experiment.model_copy(update={"beam": beam}), analysis.card


def _without_limits(analysis: Analysis) -> Cards:
    experiment = analysis.experiment.card
    free = {"multiplicity_min": 0, "multiplicity_max": None}
    levels = [level.model_copy(update=free) for level in experiment.trigger]
    return experiment.model_copy(update={"trigger": levels}), analysis.card


_SOURCES = dict(
    zip(
        SOURCES,
        (_without_companions, _without_halo, _without_accidentals, _without_limits),
        strict=True,
    )
)
