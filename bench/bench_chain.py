"""Nanoseconds per kaon decay of the whole chain, by stage and by mode, beside ROOT's TGenPhaseSpace.

Run: ``python bench/bench_chain.py [analysis]``. ROOT's line appears where ROOT can be imported. One core; each
number is the lower decile of repeated rounds, taken in turn with the reference so that a busy machine slows both.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np
from bench_modes import root_two_body
from numpy.typing import NDArray

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.loop import BLOCK_DECAYS, new_buffers
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.chain.shards import assumed_of
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.columns import column_names
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.reconstruction.candidates import reconstruct
from hnlpeak.selection.foregone import foregone_of
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import Sample, background_sample, mode_sample, signal_sample
from hnlpeak.simulation.streams import decay_stream

ROUNDS = 100
BLOCKS = 40
STAGES = ("generate + trigger", "detector response", "reconstruction")


@dataclass(frozen=True)
class Cost:
    """Nanoseconds per generated decay in each stage, and the share of decays that triggers."""

    stages: NDArray[np.float64]
    survivors: float


def cost(sample: Sample, analysis: Analysis, beam: BeamCalibration) -> Cost:
    """Time the stages of the fast loop block by block."""
    setup, rng = analysis.experiment.setup, decay_stream(1, sample.name, 0)
    foregone = foregone_of(analysis.card, analysis.experiment)
    b = new_buffers(len(column_names(analysis.experiment.timed_systems)))
    assumed, totals = assumed_of(analysis.card, beam), np.zeros(Total.WIDTH, dtype=np.int64)
    rounds = np.zeros((ROUNDS, len(STAGES)))
    decays = 0
    for k in range(-1, ROUNDS):
        spent = np.zeros(len(STAGES))
        for _ in range(BLOCKS):
            t0 = time.thread_time()
            n = generate(BLOCK_DECAYS, decays, setup, sample.table, foregone, rng, b, totals)
            t1 = time.thread_time()
            decays += BLOCK_DECAYS
            respond(n, setup, foregone, rng, b.block)
            t2 = time.thread_time()
            reconstruct(n, setup, assumed, b)
            spent += (t1 - t0, t2 - t1, time.thread_time() - t2)
        if k >= 0:  # the first round loads the compiled code
            rounds[k] = spent / (BLOCKS * BLOCK_DECAYS) * 1e9
    return Cost(np.quantile(rounds, 0.1, axis=0), float(totals[Total.TRIGGERED] / totals[Total.DECAYS]))


def whole_loop(analysis: Analysis, beam: BeamCalibration, decays: int) -> float:
    """ns per decay of ``run_sample`` on one core: all stages, cuts and filling."""
    sample = background_sample("bench", analysis.card.samples.background_modes, decays)
    times = []
    for seed in range(5):
        start = time.process_time()
        run_sample(sample, analysis.experiment, analysis.card, beam, RunContext(seed=seed))
        times.append(time.process_time() - start)
    return min(times) / decays * 1e9


def main() -> None:
    analysis = load_analysis(sys.argv[1] if len(sys.argv) > 1 else "na62-2015-ke2")
    card = analysis.card
    start = time.perf_counter()
    beam = calibrate(
        mode_sample("bench/beam", card.samples.calibration_mode, 20_000),
        analysis.experiment,
        RunContext(seed=1),
    )
    run_sample(
        background_sample("bench", card.samples.background_modes, 1000),
        analysis.experiment,
        card,
        beam,
        RunContext(seed=1),
    )
    print(f"first call, compiling or loading the compiled code: {time.perf_counter() - start:.1f} s")
    modes = card.samples.background_modes
    samples = [background_sample("cocktail", modes, 1), *(mode_sample(m, m, 1) for m in modes)]
    samples.append(signal_sample("signal 300 MeV", card.channel.meson, card.channel.lepton, 300.0, 1))
    print("\n| sample | " + " | ".join(STAGES) + " | sum, ns | trigger |")
    print("|---|" + "---|" * (len(STAGES) + 2))
    for sample in samples:
        found = cost(sample, analysis, beam)
        cells = " | ".join(f"{value:.0f}" for value in found.stages)
        print(f"| {sample.name} | {cells} | {found.stages.sum():.0f} | {found.survivors:.3f} |")
    mean = whole_loop(analysis, beam, 2_000_000)
    print(f"\nwhole loop, cuts and filling included: {mean:.0f} ns per decay and core")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(f"peak resident memory so far: {peak:.0f} MiB")
    peer = root_two_body()
    if peer is None:
        print("TGenPhaseSpace: ROOT is not installed")
    else:
        print(
            f"TGenPhaseSpace, one two-body decay: {peer:.0f} ns; whole chain / TGenPhaseSpace = {mean / peer:.2f}"
        )


if __name__ == "__main__":
    main()
