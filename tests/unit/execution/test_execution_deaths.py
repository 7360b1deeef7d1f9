"""Workers that die: their tasks are done again, the one that kills them is named."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from hnlpeak.chain import sample_run
from hnlpeak.chain.shards import ShardTask
from hnlpeak.core.errors import PartialResult, UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.renewable import processes
from hnlpeak.execution.run import DEATHS, WorkerLost, run
from hnlpeak.execution.scheduler import scheduler
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.simulation import streams
from hnlpeak.simulation.sample import mode_sample

pytestmark = pytest.mark.faults


def square(value: int) -> int:
    return value * value


def dies_once(folder: Path, value: int) -> int:
    """Squares; the tasks 3 and 7 take their worker along when they are tried first."""
    mark = folder / str(value)
    if value in (3, 7) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return value * value


def always_dies(folder: Path, value: int) -> int:
    if value == 4:
        with (folder / "deaths").open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return value * value


def test_a_killed_worker_is_replaced_and_each_task_counts_once(tmp_path: Path) -> None:
    seen: list[int] = []
    pool = processes(2)
    try:
        total = run(
            range(12),
            partial(dies_once, tmp_path),
            operator.add,
            workers=2,
            executor=pool,
            on_done=seen.append,
        )
    finally:
        pool.shutdown()
    assert total == sum(n * n for n in range(12))
    assert sorted(seen) == list(range(12))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["3", "7"]


def test_a_task_whose_workers_always_die_is_named(tmp_path: Path) -> None:
    pool = processes(2)
    try:
        with pytest.raises(WorkerLost) as caught:
            run(range(8), partial(always_dies, tmp_path), operator.add, workers=2, executor=pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    assert (caught.value.item, caught.value.deaths) == (4, DEATHS)
    # among others first, then alone
    assert DEATHS <= len((tmp_path / "deaths").read_text()) <= DEATHS + 2


def test_an_executor_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(BrokenProcessPool),
    ):
        run(range(8), partial(always_dies, tmp_path), operator.add, workers=1, executor=pool)


def test_sample_and_shard_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_context: RunContext, tasks: Iterable[ShardTask], _task: object) -> None:
        raise WorkerLost(list(tasks)[12], DEATHS)

    monkeypatch.setattr(RunContext, "stream", lost)
    monkeypatch.setattr(streams, "SHARD_DECAYS", 1000)
    analysis = load_analysis("na62-2015-ke2")
    sample = mode_sample("template/ke3", "ke3", 20_000)
    beam = analysis.experiment.card.beam
    axis = BeamCalibration(
        *(Measured(v) for v in (beam.momentum, beam.slope_x, beam.slope_y, beam.x, beam.y)),
        z_reference=beam.z_reference,
        events=1,
        source="truth",
    )
    with pytest.raises(
        PartialResult, match="sample 'template/ke3', shard 12: its worker died 3 times"
    ) as caught:
        sample_run.run_sample(sample, analysis.experiment, analysis.card, axis, RunContext())
    assert caught.value.exit_code == 4


def test_processes_end_with_their_parent() -> None:
    """A parent that is killed leaves nobody behind."""
    code = (
        "import os, sys; from hnlpeak.execution.renewable import processes\n"
        "if __name__ == '__main__':\n"
        "    print(processes(1).submit(os.getpid).result(), flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 20.0
    while Path(f"/proc/{worker}").exists() and "Z" not in Path(f"/proc/{worker}/stat").read_text().split()[2]:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_names_of_schedulers() -> None:
    with scheduler("threads", 2) as executor:
        assert executor is None
    with scheduler("processes", 2) as executor:
        assert executor is not None
        assert executor.submit(abs, -3).result() == 3
    with pytest.raises(UsageError, match="threads, processes, local"), scheduler("slurm", 1):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_dask(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with scheduler("local", 2) as executor:
        assert executor is not None
        assert run(range(12), square, operator.add, workers=2, executor=executor) == sum(
            n * n for n in range(12)
        )
        with pytest.raises(WorkerLost) as caught:
            run(range(3, 6), partial(always_dies, tmp_path), operator.add, workers=2, executor=executor)
    assert caught.value.item == 4


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"hnlpeak\[dask\]"), scheduler("tcp://127.0.0.1:1", 1):
        pass
