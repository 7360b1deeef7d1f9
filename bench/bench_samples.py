"""Where the CPU time of a search goes: each sample of its plan, what a decay costs and what all do.

A part of each sample is simulated on one core; times are CPU times, up to a third longer on a busy machine than on a
quiet one.

Run: python bench/bench_samples.py ANALYSIS [KAONS]
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches.joins import simulated_signal
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.searches.systematics import measure_systematics
from hnlpeak.simulation.sample import Sample
from hnlpeak.spectrum.axis import missing_mass_axis

DECAYS = 300_000
SHARE = 0.1


def seconds_each(samples: Samples, sample: Sample) -> float:
    """CPU seconds of one simulated decay of a sample."""
    samples.run(replace(sample, decays=1000))
    begun = time.process_time()
    made = samples.run(replace(sample, decays=min(DECAYS, sample.decays)))
    return (time.process_time() - begun) / made.decays


def systematics_seconds(samples: Samples, share: float) -> float:
    """CPU seconds of the varied worlds of the systematic errors, from two small parts of them: a line through both."""
    signal = simulated_signal(samples)
    edges = missing_mass_axis(samples.analysis.card.channel.meson).regular().edges
    spent = []
    for part in (SHARE, SHARE, 2.0 * SHARE):  # the first loads what is compiled
        begun = time.process_time()
        measure_systematics(samples.analysis, signal, edges, samples.context, share=part)
        spent.append(time.process_time() - begun)
    return spent[1] + (spent[2] - spent[1]) * (share - SHARE) / SHARE


def main(name: str, kaons: float | None) -> None:
    analysis = load_analysis(name)
    todo, context = plan(analysis, kaons=kaons), RunContext(seed=5)
    samples = calibrated(analysis, plan(analysis, kaons=1e6), context)
    rows = [(s.name, s.decays, seconds_each(samples, s)) for s in todo.samples]
    rows = [(*row, row[1] * row[2]) for row in rows]
    signal = [row for row in rows if row[0].startswith("signal/")]
    rows = [row for row in rows if row not in signal]
    decays, spent = sum(row[1] for row in signal), sum(row[3] for row in signal)
    rows.append(("signal, all masses", decays, spent / max(decays, 1), spent))
    if todo.systematic_decays:
        spent = systematics_seconds(samples, todo.share)
        rows.append(("systematics", todo.systematic_decays, spent / todo.systematic_decays, spent))
    print("| sample | decays | ns of CPU a decay | s of CPU |")
    print("|---|---|---|---|")
    for sample, decays, each, spent in sorted(rows, key=lambda row: -row[3]):
        print(f"| {sample} | {decays:.3g} | {each * 1e9:.0f} | {spent:.1f} |")
    print(f"| all | | | {sum(row[3] for row in rows):.0f} |")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else None)
