"""A search in jobs: the merge has the bytes of one run, or says which file is in the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from command import Command, call, few_figures
from conftest import KAONS
from hnlpeak.formats.job_file import read_job, write_job
from hnlpeak.formats.results import read_result

pytestmark = pytest.mark.faults

SAME = ("result.json", "limits.csv", "signal.csv", "spectrum.json", "cutflow.csv", "normalisation.json")
JOBS = 3


def job(card: Path, index: int, place: Path, *options: object, of: int = JOBS) -> str:
    done = call("shard", "run", card, "--index", index, "--of", of, "-o", place, "--seed", 3, *options)
    assert done.code == 0, done.err
    assert done.out == ""
    return done.err.splitlines()[-1]


@pytest.fixture(scope="module")
def made(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("jobs") / "made"
    for index in range(JOBS):
        said = job(card, index, place, "--workers", 1 + index % 2)
        assert said == f"job {index} of {JOBS} in {place / f'job-{index}-of-{JOBS}.npz'}"
    return place


@pytest.fixture
def jobs(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "jobs")


def test_the_merge_has_the_bytes_of_one_run(made: Path, finished: Path, tmp_path: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == [f"job-{i}-of-{JOBS}.npz" for i in range(JOBS)]
    with few_figures():
        done = call("shard", "merge", made, "-o", tmp_path / "merged")
    assert done.code == 0, done.err
    for name in SAME:
        assert (tmp_path / "merged" / name).read_bytes() == (finished / name).read_bytes(), name
    manifest = json.loads((tmp_path / "merged" / "manifest.json").read_text("utf-8"))
    assert manifest["inputs"] == {p.name: read_job(p).seal for p in made.iterdir()}
    assert manifest["seed"] == 3


def test_a_job_that_is_done_is_not_done_again_and_a_damaged_one_is(card: Path, jobs: Path) -> None:
    path = jobs / f"job-1-of-{JOBS}.npz"
    whole, stamp = path.read_bytes(), path.stat().st_mtime_ns
    job(card, 1, jobs)
    assert path.stat().st_mtime_ns == stamp
    path.write_bytes(whole[:-1])
    job(card, 1, jobs)
    assert path.read_bytes() == whole
    other = call("shard", "run", card, "--index", 1, "--of", JOBS, "-o", jobs, "--seed", 4)
    assert other.code == 2
    assert "is a job of another campaign (seed 3, now 4)" in other.err


def test_what_a_job_did_is_in_an_order_that_no_worker_makes(made: Path) -> None:
    for path in made.iterdir():
        samples = [part["sample"] for part in read_job(path).record["parts"]]
        assert samples == sorted(samples)
        assert len(samples) > 1


def test_missing_jobs_are_named_and_cost_exposure(made: Path, jobs: Path, tmp_path: Path) -> None:
    (jobs / f"job-1-of-{JOBS}.npz").unlink()
    refused = call("shard", "merge", jobs, "-o", tmp_path / "out")
    assert refused.code == 3
    assert "1 of 3 jobs are missing (1)" in refused.err
    assert not (tmp_path / "out").exists()
    status = json.loads(call("shard", "status", jobs, "--json").out)
    assert status == {"of": JOBS, "done": [0, 2], "missing": [1], "faults": []}

    with few_figures():
        partial = call("shard", "merge", jobs, "-o", tmp_path / "out", "--allow-missing")
    assert partial.code == 4
    assert "PARTIAL: 1 of 3 jobs are missing (1)" in partial.err
    assert "without 1 of 3 jobs: 1" in partial.err.splitlines()[-1]
    exposure = read_result(tmp_path / "out").exposure
    assert exposure is not None
    lost = exposure.lost
    assert lost is not None
    assert (lost.jobs, lost.of) == ((1,), JOBS)
    here = [p for i in (0, 2) for p in read_job(jobs / f"job-{i}-of-{JOBS}.npz").record["parts"]]
    gone = [p for p in read_job(made / f"job-1-of-{JOBS}.npz").record["parts"] if p["sample"] == "data"]
    left = sum(p["decays"] for p in here if p["sample"] == "data")
    share = sum(p["decays"] for p in gone) / (left + sum(p["decays"] for p in gone))
    assert lost.share == pytest.approx(share, rel=1e-9)
    assert exposure.decays == pytest.approx(KAONS * (1.0 - share), rel=1e-9)
    assert "PARTIAL" in (tmp_path / "out" / "report.html").read_text("utf-8")


def merge_says(jobs: Path, *words: str) -> None:
    done = call("shard", "merge", jobs, "-o", jobs.parent / "out", "--allow-missing")
    assert done.code == 3, done.err
    assert len(done.err.splitlines()) == 1
    for word in words:
        assert word in done.err, done.err
    assert not (jobs.parent / "out").exists()
    status = call("shard", "status", jobs)
    assert status.code == 0
    assert "not usable" in status.out


def test_altered_and_truncated_files_are_named(jobs: Path) -> None:
    path = jobs / f"job-2-of-{JOBS}.npz"
    whole = path.read_bytes()
    rng = np.random.Generator(np.random.Philox(8))
    for place in rng.integers(0, len(whole), 20).tolist():
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        merge_says(jobs, "job-2-of-3.npz: truncated or altered")
        path.write_bytes(whole[:place])
        merge_says(jobs, "job-2-of-3.npz: truncated or altered")


def test_duplicates_and_renamed_files_are_named(jobs: Path) -> None:
    copy = jobs / f"job-1-of-{JOBS} (copy).npz"
    shutil.copy(jobs / f"job-1-of-{JOBS}.npz", copy)
    merge_says(jobs, "(copy).npz: holds job 1 once more, as job-1-of-3.npz does")
    copy.rename(jobs / f"job-2-of-{JOBS}.npz")
    merge_says(jobs, "job-2-of-3.npz: holds job 1 once more, as job-1-of-3.npz does")
    (jobs / f"job-1-of-{JOBS}.npz").unlink()
    merge_says(jobs, "job-2-of-3.npz: holds job 1 of 3, whose name would be job-1-of-3.npz")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("seed", 4, "seed 4, there 3"),
        ("sources", "0" * 64, "other sources of hnlpeak"),
        ("cards", {"analyses/small-ke2": "0"}, "another"),
        ("versions", {"hnlpeak": "0.0"}, "hnlpeak 0.0, there"),
        ("kaons", 1e6, "kaons 1000000.0, there None"),
    ],
)
def test_files_of_another_campaign_are_named(key: str, value: object, words: str, jobs: Path) -> None:
    path = jobs / f"job-0-of-{JOBS}.npz"
    file = read_job(path)
    rewrite(path, {**file.record, "run": {**file.record["run"], key: value}})
    merge_says(jobs, "job-0-of-3.npz: of another campaign than job-1-of-3.npz", words)


def rewrite(path: Path, record: dict[str, object]) -> None:
    file = read_job(path)
    samples = [part["sample"] for part in file.record["parts"]]
    arrays = {(sample, name): a for sample in samples for name, a in file.arrays(sample).items()}
    write_job(path, record, arrays)


def test_jobs_of_another_version_are_refused(jobs: Path) -> None:
    for path in jobs.iterdir():
        record = read_job(path).record
        rewrite(path, {**record, "run": {**record["run"], "sources": "0" * 64}})
    done = call("shard", "merge", jobs, "-o", jobs.parent / "out")
    assert done.code == 3
    assert "another version than this one (other sources of hnlpeak)" in done.err


def test_a_job_that_lacks_shards_is_named(jobs: Path) -> None:
    path = jobs / f"job-0-of-{JOBS}.npz"
    record = read_job(path).record
    rewrite(path, {**record, "parts": [p for p in record["parts"] if p["sample"] != "data"]})
    done = call("shard", "merge", jobs, "-o", jobs.parent / "out")
    assert done.code == 3
    assert "job-0-of-3.npz: lacks shards of the sample 'data'" in done.err


def test_places_that_cannot_be(card: Path, jobs: Path, tmp_path: Path, hnlpeak: Command) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for place, words in ((empty, "no job file"), (tmp_path / "none", "no such folder")):
        done = hnlpeak("shard", "merge", place, "-o", tmp_path / "out")
        assert done.code == 3
        assert words in done.err
    same = hnlpeak("shard", "merge", jobs, "-o", jobs)
    assert same.code == 2
    assert "give another folder" in same.err
    link = tmp_path / "link"
    link.symlink_to(empty)
    linked = hnlpeak("shard", "run", card, "--index", 0, "--of", 2, "-o", link)
    assert linked.code == 2
    assert "symbolic link" in linked.err
    number = hnlpeak("shard", "run", card, "--index", 2, "--of", 2, "-o", empty)
    assert number.code == 2
    assert "numbered 0 to 1" in number.err
