"""Which shards are whose, and what the description of an array of jobs says."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnlpeak.core.errors import UsageError
from hnlpeak.execution.context import Part, Shards
from hnlpeak.searches.farm import SYSTEMS, farm_text
from hnlpeak.searches.jobs import Job, JobStore, job_shards


@given(of=st.integers(1, 60), total=st.integers(0, 200), sample=st.text(max_size=20))
def test_each_shard_belongs_to_one_job_and_all_have_alike(of: int, total: int, sample: str) -> None:
    shards = [(s, 10) for s in range(total)]
    mine = [job_shards(Job(index, of), sample, shards) for index in range(of)]
    assert Counter(shard for some in mine for shard in some) == Counter(shards)
    sizes = [len(some) for some in mine]
    assert max(sizes) - min(sizes) <= 1
    for some in mine:
        indices = [s for s, _ in some]
        assert indices == list(range(indices[0], indices[0] + len(some))) if some else True


def test_small_samples_are_spread_over_the_jobs() -> None:
    owners = Counter(
        index
        for mass in range(200, 240)
        for index in range(10)
        if job_shards(Job(index, 10), f"signal/{mass}", [(0, 100)])
    )
    assert sum(owners.values()) == 40
    assert max(owners.values()) <= 12


@pytest.mark.parametrize(("index", "of"), [(-1, 3), (3, 3), (0, 0), (0, 10**6)])
def test_jobs_that_cannot_be(index: int, of: int) -> None:
    with pytest.raises(UsageError, match=r"allowed are|are numbered"):
        Job(index, of).check()


@given(order=st.permutations(range(5)))
def test_a_job_sums_its_parts_in_any_order(order: list[int]) -> None:
    class Keeps:
        def parts(self, sample: str, shards: Shards) -> Iterator[tuple[Part, Shards]]:
            for place in range(0, len(shards), 2):
                some = shards[place : place + 2]
                yield Part(sample, some[0][0], len(some), sum(n for _, n in some)), some

        def load(self, _: Part) -> None:
            return None

        def save(self, _: Part, __: object) -> None:
            pass

    store = JobStore(Job(1, 3), Keeps())
    shards = [(s, 10 + s) for s in range(30)]
    parts = list(store.parts("data", shards))
    assert len(parts) == 5
    for place in order:
        part, some = parts[place]
        store.save(part, {"totals": np.array([sum(n for _, n in some)]), "unit": np.array([7])})
    whole, arrays = store.sums["data"]
    mine = job_shards(Job(1, 3), "data", shards)
    assert whole == Part("data", mine[0][0], len(mine), sum(n for _, n in mine))
    assert arrays["totals"].tolist() == [whole.decays]
    assert arrays["unit"].tolist() == [7]


def words_of(line: str) -> list[str]:
    return shlex.split(line)


def test_templates_name_every_job_once() -> None:
    options = ["--seed", "5", "--kaons", "1e9"]
    slurm = farm_text("slurm", "my card.toml", of=40, place=Path("out dir"), options=options)
    assert "#SBATCH --array=0-39\n" in slurm
    assert words_of(slurm.splitlines()[-1]) == [
        *("exec", "hnlpeak", "shard", "run", "my card.toml", "--index", "$SLURM_ARRAY_TASK_ID", "--of", "40"),
        *("-o", "out dir", "--workers", "2", *options),
    ]
    condor = farm_text("htcondor", "na62-2015-ke2", of=40, place=Path("jobs"), options=options)
    assert condor.splitlines()[-1] == "queue 40"
    line = next(line for line in condor.splitlines() if line.startswith("arguments"))
    assert "--index $(Process) --of 40 -o jobs" in line
    assert not [line for text in (slurm, condor) for line in text.splitlines() if "{" in line]


def test_names_that_a_batch_system_cannot_hold() -> None:
    with pytest.raises(UsageError, match="HTCondor takes no quotes"):
        farm_text("htcondor", "my card.toml", of=2, place=Path("jobs"), options=[])
    with pytest.raises(UsageError, match=f"allowed are {', '.join(SYSTEMS)}"):
        farm_text("lsf", "na62-2015-ke2", of=2, place=Path("jobs"), options=[])
