"""What cards say that works and is hardly meant: one line each, with what would mend it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache

from hnlpeak.core.card import card_text, library_names
from hnlpeak.core.words import meant
from hnlpeak.detectors.kind import time_column
from hnlpeak.detectors.registry import KINDS
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.limits.published import list_published, published

__all__ = ["doubts"]

_FAR_OFF = 0.2
"""Relative difference of N_K and the exposure, which are the same number, beyond which one is not of this search."""
_TELLS_ELECTRONS = ("e_over_p", "rich_e_margin")
_TELLS_MUONS = ("e_over_p", "rich_mu_margin", "muon_distance_mm", "muon_x_sigmas", "muon_y_sigmas")


def doubts(analysis: Analysis) -> Iterator[str]:
    """Yield what to look at in an analysis that can be run."""
    yield from _published_curves(analysis)
    yield from _published_kaons(analysis)
    yield from _identification(analysis)
    yield from _sources(analysis)


@cache
def _makers() -> dict[str, str]:
    """Experiments of the library's own searches, by the curves that they say are theirs."""
    tables = [tomllib.loads(card_text(name)) for name in library_names("analyses")]
    return {
        curve: str(table["experiment"])
        for table in tables
        for curve in table["normalisation"].get("published_curves", ())
    }


def _published_curves(analysis: Analysis) -> Iterator[str]:
    """Curves that were not made by this search: of another channel, of another experiment, without an N_K."""
    card, key = analysis.card, "normalisation.published_curves"
    for name in card.normalisation.published_curves:
        if name not in list_published():
            yield f"{key}: no curve {name!r}{meant(name, list_published())} (hnlpeak list published)"
            continue
        curve, maker = published(name), _makers().get(name)
        if (curve.meson, curve.flavour) != (card.channel.meson, card.channel.lepton):
            yield (
                f"{key}: {name} is of {curve.meson or 'no meson'} -> {curve.flavour} N, the channel is "
                f"{card.channel.meson} -> {card.channel.lepton} N: take it out"
            )
        elif maker is not None and maker != analysis.experiment.card.name:
            yield (
                f"{key}: {name} was made with the N_K of {maker}, the experiment is {analysis.experiment.card.name}: "
                "take it out unless it is this search's own (limits are compared with it all the same)"
            )
        elif card.normalisation.published_n_kaon is None:
            yield f"{key}: does nothing without normalisation.published_n_kaon, the N_K that they were made with"


def _published_kaons(analysis: Analysis) -> Iterator[str]:
    """A published N_K that is not the exposure."""
    normalisation, decays = analysis.card.normalisation, analysis.card.exposure.decays
    stated, error = normalisation.published_n_kaon, normalisation.published_n_kaon_error or 0.0
    if stated is not None and abs(stated - decays) > max(_FAR_OFF * decays, 5.0 * error):
        yield (
            f"normalisation.published_n_kaon = {stated:g} and exposure.decays = {decays:g} are the same number in a "
            "published search: take published_n_kaon, its error and published_curves out if they are another's"
        )


def _identification(analysis: Analysis) -> Iterator[str]:
    """Nothing tells the lepton from others, or the trigger rejects it."""
    card, experiment = analysis.card, analysis.experiment.card
    electron = card.channel.lepton == "e"
    counters = [d.system for d in experiment.detectors if d.kind == "muon_veto"]
    telling = {*(_TELLS_ELECTRONS if electron else _TELLS_MUONS), *map(time_column, counters)}
    for selection in card.selections:
        looked_at = {column for cut in card.cuts_of(selection) for column in cut.columns()}
        if selection.hypotheses and not selection.any_of and not looked_at & telling:
            there = {c for d in experiment.detectors for c in KINDS[d.kind].columns(d)} & telling
            mend = (
                f"cut on {', '.join(sorted(there))}" if there else "add a detector that tells leptons apart"
            )
            yield f"selection {selection.name!r}: no cut tells {card.channel.lepton}+ from other particles: {mend}"
    for level in experiment.trigger if not electron else ():
        if vetoing := [system for system in level.veto if system in counters]:
            yield (
                f"trigger {level.name} of {experiment.name} vetoes the muon counters {', '.join(vetoing)}, the channel "
                "is mu: no signal will trigger; take them out of veto"
            )


def _sources(analysis: Analysis) -> Iterator[str]:
    """Simulated data without the peak that counts the decays."""
    samples, mode = analysis.card.samples, analysis.card.normalisation.mode
    if mode not in samples.background_modes:
        yield (
            f"samples.background_modes: {mode} (normalisation.mode) is not among them: simulated data would have no "
            "peak to count decays with; add it"
        )
