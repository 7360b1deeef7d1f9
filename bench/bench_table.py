"""The table of budgets: each row ours, a peer in the same run, their ratio, what is allowed.

    python bench/bench_table.py [--full]

Times of one core are CPU times, the lower decile of rounds taken in turn with the peer's: a busy machine slows both.
The peer of a decay is the lean throw of one two-body decay below, as TGenPhaseSpace makes it (momentum, direction by
two rotations, boost of both daughters), with the Mersenne Twister; ``bench_modes.py`` has ROOT's own where ROOT is
installed. ``--full`` runs both searches at their exposure, which takes minutes.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench_chain import STAGES, Cost, cost
from bench_interval import MODELS, grid, load_root, measured
from bench_toys import CARD, EDGES, MODEL, setup, stages

from hnlpeak.background.expectation import expected_spectrum
from hnlpeak.chain.beam import calibrate
from hnlpeak.core.kernel import kernel
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.searches.plan import plan
from hnlpeak.simulation.sample import mode_sample

DECAYS, ROUNDS = 100_000, 15
MASSES = (493.677, 105.658, 0.0)
INTERVALS = {5: 10, 4: 8, 7: 6, 3: 6, 2: 6, 6: 5}
"""Budget of a Rolke-Lopez interval by TRolke's number of the model: TRolke's time over ours."""
TOYS = 10_000


@kernel
def _turned(
    x: float, y: float, z: float, c: float, s: float, a: float, b: float
) -> tuple[float, float, float]:
    x, y = c * x - s * y, s * x + c * y
    return a * x - b * z, y, b * x + a * z


@kernel
def throw(n: int, masses: tuple[float, float, float], rng: np.random.Generator, out: np.ndarray) -> float:
    """``n`` decays of a moving particle into two, all four-vectors; returns the sum of the weights."""
    total = 0.0
    for i in range(n):
        mass, first, second = masses
        px, py, pz = 10.0 + 1e-6 * i, 20.0, 75e3
        e = math.sqrt(mass * mass + px * px + py * py + pz * pz)
        bx, by, bz = px / e, py / e, pz / e
        p = math.sqrt((mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)) / (2.0 * mass)
        cosine, angle = 2.0 * rng.random() - 1.0, 2.0 * math.pi * rng.random()
        sine = math.sqrt(1.0 - cosine * cosine)
        ca, sa = math.cos(angle), math.sin(angle)
        b2 = bx * bx + by * by + bz * bz
        gamma = 1.0 / math.sqrt(1.0 - b2)
        for k in range(2):
            m = first if k == 0 else second
            t = math.sqrt(p * p + m * m)
            x, y, z = _turned(0.0, p if k == 0 else -p, 0.0, cosine, sine, ca, sa)
            along = bx * x + by * y + bz * z
            shift = (gamma - 1.0) / b2 * along + gamma * t
            out[k, 0], out[k, 1], out[k, 2] = x + shift * bx, y + shift * by, z + shift * bz
            out[k, 3] = gamma * (t + along)
        total += p
    return total


def peer() -> float:
    """ns of one throw."""
    rng, out = np.random.Generator(np.random.MT19937(1)), np.zeros((2, 4))
    throw(1, MASSES, rng, out)
    spent = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        throw(DECAYS, MASSES, rng, out)
        spent.append(time.thread_time() - start)
    return float(np.quantile(spent, 0.1)) / DECAYS * 1e9


def row(what: str, ours: str, other: str, ratio: str, budget: str) -> None:
    print(f"| {what} | {ours} | {other} | {ratio} | {budget} |", flush=True)


def decays(analysis: Analysis) -> None:
    """Mean decay of the data, and by mode and stage."""
    card = analysis.card
    beam = calibrate(
        mode_sample("bench/beam", card.samples.calibration_mode, 20_000),
        analysis.experiment,
        RunContext(seed=1),
    )
    data = plan(analysis).data
    samples = [] if data is None else [("mean decay of the data", data)]
    samples += [(mode, mode_sample(mode, mode, 1)) for mode in card.samples.background_modes]
    for name, sample in samples:
        before = peer()
        found: Cost = cost(sample, analysis, beam)
        throws = 0.5 * (before + peer())
        ours, by_stage = found.stages.sum(), " + ".join(f"{value:.0f}" for value in found.stages)
        budget = "220 ns" if name == "mean decay of the data" and card.name == "na62-2015-ke2" else ""
        row(
            f"{card.name}: {name} ({' + '.join(STAGES)})",
            f"{ours:.0f} ns = {by_stage}",
            f"{throws:.0f} ns, a two-body throw",
            f"{ours / throws:.2f}",
            budget,
        )


def intervals() -> None:
    """Both ends of a Rolke-Lopez interval by model, beside TRolke where ROOT is."""
    root = load_root()
    for model, *kinds in MODELS:
        if model not in INTERVALS:
            continue
        ours, _, theirs, _ = measured(root, model, kinds, grid(kinds[0], 6000), "trolke", 5)
        row(
            f"Rolke-Lopez, model {model}, both ends",
            f"{ours:.0f} ns",
            "no ROOT here" if root is None else f"{theirs:.0f} ns, TRolke in a compiled loop",
            "" if root is None else f"{theirs / ours:.1f}",
            f">= {INTERVALS[model]}",
        )


def toys() -> None:
    """Toys of the whole spectrum with side bands refitted; what 1e4 of them take is told by some."""
    windows, design, cumulative, rows = setup()
    expected = expected_spectrum(design, windows, EDGES, cumulative, MODEL)
    found, throws = stages(design, windows, rows, expected), peer()
    spent = sum(found.values())
    row(
        f"{TOYS} toys x {len(CARD.scan.masses())} masses with refits, CPU on one core ({', '.join(found)})",
        f"{1e-3 * TOYS * spent:.0f} s = {TOYS} ({' + '.join(f'{ms:.2f}' for ms in found.values())} ms)",
        f"{throws:.0f} ns, a two-body throw",
        f"{1e6 * spent / throws:.0f} throws a toy",
        "10 s of wall on two cores",
    )


def command(*arguments: str, **variables: str) -> tuple[float, float, float]:
    """Wall and CPU seconds of ``hnlpeak`` with these arguments and ``variables``, and the peak of its memory (MiB)."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "hnlpeak", "--quiet", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 1024.0


def best(run: Callable[[], tuple[float, float, float]], times: int) -> tuple[float, float, float]:
    """The run of least CPU time."""
    return min((run() for _ in range(times)), key=lambda found: found[1])


def start_up() -> None:
    """A single question, and a bare interpreter beside it."""
    asked = ["interval", "--observed", "5", "--background", "3", "--background-error", "0.5"]
    _, cpu, _ = best(lambda: command(*asked), 5)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import numpy, scipy.special"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    libraries = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    row(
        "`hnlpeak interval`, CPU",
        f"{cpu:.2f} s",
        f"{libraries:.2f} s, numpy and scipy.special",
        f"{cpu / libraries:.1f}",
        "0.5 s",
    )


def run(name: str, *more: str, budget: str, **variables: str) -> float:
    """The row of a whole run from the shell; returns its wall seconds. Memory is the most of any run so far."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu, memory = command("run", name, "-o", str(Path(folder) / "run"), *more, **variables)
    row(
        f"`{' '.join(['run', name, *more])}`" + (", empty cache of kernels" if variables else ""),
        f"{wall:.1f} s, {cpu:.1f} s CPU, {memory:.0f} MiB",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        f"{cpu / wall:.2f} cores",
        budget,
    )
    return wall


def main() -> None:
    print("| what | ours | peer | ratio | budget |\n|---|---|---|---|---|")
    for name in ("na62-2015-ke2", "na62-2007-kmu2"):
        decays(load_analysis(name))
    intervals()
    toys()
    start_up()
    small = ("na62-2015-ke2", "--kaons", "3e6")
    two = run(*small, budget="8 s, 450 MiB")
    one = run(*small, "--workers", "1", budget="")
    row("the same, 1 to 2 workers", f"{two:.1f} s", f"{one:.1f} s", f"{one / two:.2f}", ">= 1.9")
    if "--full" in sys.argv[1:]:
        for name in ("na62-2015-ke2", "na62-2007-kmu2"):
            run(name, budget="60 s, 450 MiB")
    with tempfile.TemporaryDirectory() as folder:  # last: a compiler takes memory
        run(*small, budget="40 s", HNLPEAK_CACHE_DIR=folder)


if __name__ == "__main__":
    main()
