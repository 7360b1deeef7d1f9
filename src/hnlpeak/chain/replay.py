"""One event again, alone, from (seed, sample, shard, event)."""

from __future__ import annotations

import numpy as np

from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.shards import ShardSpec, assumed_of
from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.columns import Column, column_names
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.judge import passing
from hnlpeak.simulation.sample import Sample
from hnlpeak.simulation.streams import shard_sizes

__all__ = ["replay"]


def replay(
    sample: Sample,
    experiment: Experiment,
    card: AnalysisCard,
    calibration: BeamCalibration,
    *,
    seed: int,
    shard: int,
    number: int | None,
    selection: str | None = None,
) -> tuple[np.void, dict[str, float]]:
    """The record of event ``number`` of a shard after the full response, and its reconstructed columns.

    ``None`` takes the first with a candidate, of those that pass ``selection`` if the shard has one. Raises
    ``UsageError`` where the shard has no such event, or it did not trigger, or has no candidate.
    """
    sizes = shard_sizes(sample.decays)
    if not 0 <= shard < len(sizes):
        raise UsageError(f"sample {sample.name!r} has shards 0 to {len(sizes) - 1}, not {shard}")
    names = column_names(experiment.timed_systems)
    spec = ShardSpec(experiment.setup, sample, seed, len(names))
    wanted = None if selection is None else [s.name for s in card.selections].index(selection)
    cuts = cut_table(card, names)
    first: tuple[np.void, dict[str, float]] | None = None
    # the numbers of a decay are its own: none before it has to be made
    end = sizes[shard] if number is None else min(number + 1, sizes[shard])
    begin = 0 if number is None else max(number, 0)
    for block in blocks(spec, assumed_of(card, calibration), (shard, end), first=begin):
        numbers = block.candidates[Column.NUMBER]
        found = np.flatnonzero(numbers == number) if number is not None else np.arange(numbers.size)
        good = found if wanted is None else found[passing(block.candidates[:, found], wanted, cuts)]
        for chosen in (good, found if first is None else found[:0]):
            if not chosen.size:
                continue
            column = int(chosen[0])
            row = int(np.flatnonzero(block.events["number"] == numbers[column])[0])
            columns = block.candidates[:, column].tolist()
            first = block.events[row].copy(), dict(zip(names, columns, strict=True))
            if chosen is good:
                return first
    if first is not None:
        return first
    raise UsageError(f"shard {shard} of {sample.name!r} has no candidate from event {number}")
