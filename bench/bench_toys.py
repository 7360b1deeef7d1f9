"""Toys of the whole spectrum: 279 masses, side bands refitted, significances, limits, bands, global p-value.

The spectrum is drawn from a falling density with about the events and resolutions of the 2015 card. Times are
of the wall and of all threads; stages are timed on one core with the same toys.

Run: python bench/bench_toys.py [TOYS] [WORKERS]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.expectation import expected_spectrum
from hnlpeak.background.sideband_fit import SidebandModel
from hnlpeak.background.toy_fits import fit_toys, toy_start
from hnlpeak.core.card import read_card
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.run import usable_cpus
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.toy_spectra import draw_toys, toy_axis
from hnlpeak.limits.toys import search_toys
from hnlpeak.spectrum.window import search_window
from hnlpeak.statistics import Gaussian, rolke_lopez, significance

CARD, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
MODEL = SidebandModel(CARD.background.order, CARD.background.alternative_order)
EDGES = np.linspace(-200.0, 500.0, 35_001)
SIGMA = ([170.0, 250.0, 350.0, 400.0, 448.0], [11.2, 6.4, 3.07, 1.9, 0.88])


def setup():
    masses = CARD.scan.masses()
    windows = [search_window(m, float(np.interp(m, *SIGMA)), k=CARD.scan.window, edges=EDGES) for m in masses]
    design = sideband_design(windows, EDGES, CARD.background)
    centres = 0.5 * (EDGES[1:] + EDGES[:-1])
    tight = 40.0 * np.exp(-(centres - 170.0) / 120.0) * (centres > 120.0) * np.diff(EDGES)
    rng = np.random.Generator(np.random.Philox(1))
    counts = rng.poisson(np.stack([tight, 1.3 * tight]))
    counts[1] = np.maximum(counts[1], counts[0])
    cumulative = np.concatenate([np.zeros((2, 1)), np.cumsum(counts, axis=1)], axis=1)
    rows = np.array([CARD.selection_of(m) == "loose" for m in masses], dtype=np.int64)
    return windows, design, cumulative, rows


def stages(design, windows, rows, expected, size=200):
    """Milliseconds of one core for one toy, by stage; the second of two rounds."""
    axis = toy_axis(design, windows)
    total = np.concatenate([np.zeros((2, 1)), np.cumsum(expected, axis=1)], axis=1)[:, axis.edges]
    start = toy_start(axis.design, total, rows, MODEL)
    for _ in range(2):
        clock = [time.process_time()]
        toys = draw_toys(np.diff(total, axis=1), size, np.random.Generator(np.random.Philox(2)))
        clock.append(time.process_time())
        fits = fit_toys(axis.design, toys, rows, MODEL, start=start)
        clock.append(time.process_time())
        n = toys[:, rows, axis.last] - toys[:, rows, axis.first]
        background = Gaussian(fits.background, fits.error)
        significance(n, background=background)
        clock.append(time.process_time())
        rolke_lopez(n, background=background, cl=CARD.statistics.cl, treatment=CARD.statistics.treatment)
        clock.append(time.process_time())
    names = ("draw", "side bands", "significances", "limits")
    return dict(zip(names, 1e3 * np.diff(clock) / size, strict=True))


def main():
    toys = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else usable_cpus()
    windows, design, cumulative, rows = setup()
    expected = expected_spectrum(design, windows, EDGES, cumulative, MODEL)
    print(f"{len(windows)} masses, {expected[1].sum():.0f} events expected; one core:")
    for name, spent in stages(design, windows, rows, expected).items():
        print(f"  {name:14s} {spent:6.2f} ms a toy")
    start, cpu = time.perf_counter(), time.process_time()
    made = search_toys(
        expected,
        design,
        windows,
        rows,
        model=MODEL,
        statistics=CARD.statistics,
        toys=toys,
        context=RunContext(seed=1, workers=workers),
    )
    made.bands()
    wall, busy = time.perf_counter() - start, time.process_time() - cpu
    print(f"{toys} toys, {workers} workers: {wall:.1f} s of wall time, {busy:.1f} s of all threads")
    print(
        f"largest significance: median {np.median(made.largest):.2f}, 95 % {np.quantile(made.largest, 0.95):.2f}"
    )


if __name__ == "__main__":
    main()
