"""CPU time of one sample on threads, processes and a local Dask cluster, without their start.

CPU time is that of this process and all below it, so that it holds on a busy machine too.

Run: python bench/bench_overhead.py [DECAYS] [WORKERS]
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from hnlpeak.execution.context import RunContext
from hnlpeak.execution.scheduler import scheduler
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import calibrated

TICKS = os.sysconf("SC_CLK_TCK")


def used() -> float:
    """CPU seconds of this process and its descendants."""
    rows = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        rows[int(path.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
    mine, total = [os.getpid()], 0.0
    while mine:
        pid = mine.pop()
        total += rows[pid][1]
        mine += [child for child, (parent, _) in rows.items() if parent == pid]
    return total


def main(decays: int, workers: int) -> None:
    analysis = load_analysis("na62-2015-ke2")
    todo = plan(analysis, kaons=1e5)
    samples = calibrated(analysis, todo, RunContext(seed=5, workers=workers))
    one = 0.0
    for name in ("threads", "processes", "local"):
        with scheduler(name, workers) as executor:
            here = replace(samples, context=RunContext(5, workers, executor))
            # each worker reads the compiled code once
            here.together([replace(todo.data, name=f"warm/{i}", decays=20_000) for i in range(16 * workers)])
            before = used()
            here.run(replace(todo.data, name="timed", decays=decays))
            seconds = used() - before
        one = one or seconds
        print(
            f"{name}: {seconds:.2f} s of CPU time for {decays:.3g} decays, {100 * (seconds / one - 1):+.1f} %"
        )


if __name__ == "__main__":
    main(
        int(float(sys.argv[1])) if len(sys.argv) > 1 else 30_000_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 2,
    )
