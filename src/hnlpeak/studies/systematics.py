"""What numbers of the cards do to a search, without a search: the systematic sources of the card, or others, alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.systematics_card import SystematicsCard, VariedSource
from hnlpeak.experiment.vary import variation
from hnlpeak.limits.systematics import Systematics
from hnlpeak.searches.joins import simulated_signal
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import calibrated
from hnlpeak.searches.systematics import measure_systematics
from hnlpeak.spectrum.axis import missing_mass_axis

__all__ = ["systematics_study", "with_sources"]

_POINTS = 6
_TEMPLATE_DECAYS = 200_000


def with_sources(analysis: Analysis, sources: Sequence[VariedSource]) -> Analysis:
    """Return the analysis with these systematic sources in place of the card's; sizes stay those of the card.

    A card without the table has the sizes of its samples. ``UsageError`` for an address that is not there.
    """
    for source in sources:
        variation(source.vary, analysis.experiment.card)
    card = analysis.card
    table = card.systematics or SystematicsCard(
        points=_POINTS,
        signal_decays=card.samples.signal_decays,
        normalisation_decays=card.samples.normalisation_decays,
        template_decays=_TEMPLATE_DECAYS,
        calibration_decays=max(1000, card.samples.calibration_decays),
        varied=list(sources),
    )
    changed = table.model_copy(update={"in_limit": (), "varied": list(sources)})
    return replace(analysis, card=card.model_copy(update={"systematics": changed}))


def systematics_study(analysis: Analysis, context: RunContext, *, share: float) -> Systematics:
    """Return the shifts by the sources of the card; ``share`` (any above 0) of the sizes of its table.

    The windows are those of a signal that is simulated with a tenth of its decays. ``UsageError`` for a card without
    systematic sources.
    """
    card = analysis.card
    if card.systematics is None:
        raise UsageError(f"{card.name}: the card has no table [systematics]; give --vary KEY=FACTOR")
    samples = calibrated(analysis, plan(analysis, kaons=1e3, real_data=True), context)
    edges = missing_mass_axis(card.channel.meson).regular().edges
    made = measure_systematics(analysis, simulated_signal(samples), edges, context, share=share)
    if made is None:
        raise ValueError("a card with systematic sources has shifts")
    return made
