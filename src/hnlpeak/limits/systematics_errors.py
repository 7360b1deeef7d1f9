"""Systematic sources of the card in a search: their errors at every mass, and those in the limit added to that of b."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hnlpeak.background.estimates import BackgroundEstimates
from hnlpeak.background.inputs import HALO
from hnlpeak.core.records import Vector
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.systematics import Systematics

__all__ = ["simulated_decays", "with_systematics"]


def simulated_decays(background: BackgroundEstimates) -> Vector:
    """Return the events of simulated decays in b at each mass; 0 where b comes from the data alone."""
    parts = [np.asarray(part) for name, part in background.details.components.items() if name != HALO]
    return np.sum(parts, axis=0) if parts else np.zeros_like(background.background)


def with_systematics(
    found: Systematics, hypotheses: Hypotheses, background: BackgroundEstimates
) -> tuple[Hypotheses, BackgroundEstimates]:
    """Return the ``hypotheses`` with their systematic errors, and the ``background`` with those in the limit.

    In the details of b each source in the limit is a part of its error like any other.
    """
    simulated = simulated_decays(background)
    errors = found.errors(hypotheses.mass, simulated)
    table = replace(hypotheses, systematic=errors)
    if not np.any(errors.background_in_limit > 0.0):
        return table, background
    parts = {
        source.name: tuple((simulated * found.background(source, hypotheses.mass)).tolist())
        for source in found.sources
        if source.in_limit and source.background is not None
    }
    syst = np.hypot(background.syst, errors.background_in_limit)
    return table, replace(
        background,
        syst=syst,
        error=np.hypot(background.stat, syst),
        details=background.details.with_parts(parts),
    )
