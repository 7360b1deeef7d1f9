"""One event again, alone, from (seed, sample, shard, event)."""

from __future__ import annotations

import numpy as np

from hnlpeak.chain.loop import BLOCK_DECAYS, new_buffers
from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.candidates import reconstruct
from hnlpeak.reconstruction.columns import Column, column_names
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import LEPTONS, Sample
from hnlpeak.simulation.streams import shard_sizes, stream
from hnlpeak.theory.species import MASS

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
) -> tuple[np.void, dict[str, float]]:
    """The record of event ``number`` of a shard after the full response, and its reconstructed columns.

    ``None`` takes the first with a candidate. Raises ``UsageError`` where the shard has no such event, or it did
    not trigger, or has no candidate.
    """
    sizes = shard_sizes(sample.decays)
    if not 0 <= shard < len(sizes):
        raise UsageError(f"sample {sample.name!r} has shards 0 to {len(sizes) - 1}, not {shard}")
    names = column_names(experiment.timed_systems)
    buffers = new_buffers(len(names))
    rng = stream(seed, sample.name, shard)
    mass = float(MASS[LEPTONS[card.channel.lepton]])
    totals = np.zeros(Total.WIDTH, dtype=np.int64)
    for done in range(0, sizes[shard], BLOCK_DECAYS):
        size = min(BLOCK_DECAYS, sizes[shard] - done)
        events = generate(
            size,
            done,
            experiment.setup,
            sample.table,
            rng,
            buffers.block,
            buffers.daughters,
            buffers.kaon,
            totals,
        )
        respond(events, experiment.setup, rng, buffers.block)
        if number is not None and number >= done + size:
            continue
        n = reconstruct(
            events,
            experiment.setup,
            calibration.packed(),
            mass,
            buffers.block,
            buffers.scratch,
            buffers.tracks,
            buffers.candidates,
        )
        numbers = buffers.candidates[Column.NUMBER, :n]
        found = np.flatnonzero(numbers == number) if number is not None else np.arange(n)[:1]
        if found.size:
            column = int(found[0])
            row = int(np.flatnonzero(buffers.block["number"][:events] == numbers[column])[0])
            return buffers.block[row].copy(), dict(
                zip(names, buffers.candidates[:, column].tolist(), strict=True)
            )
        if number is not None:
            break
    raise UsageError(f"shard {shard} of {sample.name!r} has no candidate from event {number}")
