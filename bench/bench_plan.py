"""What a search at a large exposure costs: core-hours and bytes, decay by decay and from the expected spectrum.

FOLDER is that of any run of the card; its data, scaled to the EXPOSURE and shared out to jobs, tell how large their
files are. The CPU time of a decay is measured here, on one core, and so holds on a busy machine too.

Run: python bench/bench_plan.py FOLDER EXPOSURE [JOBS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from hnlpeak.execution.context import RunContext
from hnlpeak.formats.job_file import write_job
from hnlpeak.formats.search_files import read_search
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import calibrated

DECAYS = 3_000_000
TIMES = (1.0, 10.0)


def seconds(samples, sample) -> float:
    """CPU seconds of one simulated decay of a sample."""
    samples.run(replace(sample, decays=1000))
    begun = time.process_time()
    made = samples.run(replace(sample, decays=DECAYS))
    return (time.process_time() - begun) / made.decays


def job_bytes(counts, jobs: int) -> int:
    """Size of the file of one of so many jobs whose data are ``counts``."""
    rng = np.random.Generator(np.random.Philox(1))
    mine = rng.poisson(counts / jobs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.npz"
        write_job(path, {}, {("data", "spectrum"): mine})
        return path.stat().st_size


def main(folder: str, exposure: float, jobs: int) -> None:
    search = read_search(folder)
    analysis = search.analysis
    todo = plan(analysis, kaons=exposure)
    samples = calibrated(analysis, plan(analysis, kaons=1e6), RunContext(seed=5))
    each = seconds(samples, todo.data)
    expected = plan(analysis, kaons=exposure, pseudo_data="expected")
    counts = exposure / search.result.exposure.decays * np.asarray(search.data.histogram.values())
    print(
        f"{each * 1e9:.0f} ns of CPU time a decay of the data; {expected.decays:.3g} decays of all other samples"
    )
    print(
        "| exposure | decays to simulate | core-hours | job files, total of "
        f"{jobs} | from the expected spectrum |"
    )
    print("|---|---|---|---|---|")
    for factor in TIMES:
        size = jobs * job_bytes(factor * counts, jobs)
        decays = factor * todo.data.decays
        print(
            f"| {factor * exposure:.3g} | {decays:.3g} | {decays * each / 3600.0:.3g} | {size / 1e6:.0f} MB | "
            f"{expected.decays:.3g} decays |"
        )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1000)
