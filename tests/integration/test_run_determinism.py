"""A result is a function of cards, seed and exposure alone: not of workers, interruptions or damaged parts."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from command import Command, few_figures
from conftest import SCRIPT
from hnlpeak.chain.parts import in_parts
from hnlpeak.execution.context import Part, RunContext, Shards
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.formats.json_text import dump_json
from hnlpeak.searches.run import run_search

pytestmark = pytest.mark.faults

SAME = ("result.json", "limits.csv", "signal.csv", "spectrum.json", "cutflow.csv", "normalisation.json")


def start_until_a_part_is_kept(card: Path, place: Path) -> subprocess.Popen[str]:
    # a test run in the background of a shell inherits that interrupts are ignored, and hands it on
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [SCRIPT, "run", card, "-o", place, "--seed", "3", "--workers", "1"], stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    end = time.monotonic() + 200.0
    while not list((place / ".unfinished").glob("[!.]*.part")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


def test_killed_damaged_and_resumed_on_two_workers(
    finished: Path, card: Path, tmp_path: Path, hnlpeak: Command
) -> None:
    place = tmp_path / "killed"
    process = start_until_a_part_is_kept(card, place)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert {p.name for p in place.iterdir()} <= {".unfinished", ".lock"}
    part = next((place / ".unfinished").glob("[!.]*.part"))
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    part.write_bytes(damaged)

    foreign = hnlpeak("run", card, "-o", place, "--seed", 4)
    assert foreign.code == 2
    assert "something else than this run" in foreign.err

    with few_figures():
        done = hnlpeak("run", card, "-o", place, "--seed", 3, "--workers", 2)
    assert done.code == 0, done.err
    for name in SAME:
        assert (place / name).read_bytes() == (finished / name).read_bytes(), name
    assert not [p for p in place.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(card: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    place = tmp_path / "interrupted"
    process = start_until_a_part_is_kept(card, place)
    process.send_signal(number)
    begun = time.monotonic()
    said = process.communicate()[1]
    # two shards of a second each may still be under way; busy machines take several times that
    assert time.monotonic() - begun < 5.0
    assert process.returncode == code
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        f"hnlpeak: interrupted by {number.name}; finished parts are kept in {place}; the same command resumes from them"
    )
    assert [p.name for p in place.iterdir()] == [".unfinished"]
    assert list((place / ".unfinished").glob("[!.]*.part"))


class StopsAfter:
    """Keeps parts in memory and stops the search when it has kept ``most`` of them."""

    def __init__(self, most: int) -> None:
        self.kept: dict[Part, dict[str, NDArray[np.int64]]] = {}
        self.most = most
        self.hits = 0

    def parts(self, sample: str, shards: Shards) -> Iterator[tuple[Part, Shards]]:
        return in_parts(sample, shards)

    def load(self, part: Part) -> Mapping[str, NDArray[np.int64]] | None:
        self.hits += part in self.kept
        return self.kept.get(part)

    def save(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        self.kept[part] = dict(arrays)
        if len(self.kept) == self.most:
            raise KeyboardInterrupt


def test_finished_parts_are_not_made_again(card: Path) -> None:
    analysis = load_analysis(card)
    store = StopsAfter(3)
    with pytest.raises(KeyboardInterrupt):
        run_search(analysis, context=RunContext(seed=9, store=store))
    resumed = run_search(analysis, context=RunContext(seed=9, store=store, workers=3))
    assert store.hits == 3
    straight = run_search(analysis, context=RunContext(seed=9))
    assert dump_json(resumed.result.to_dict()) == dump_json(straight.result.to_dict())


def test_two_runs_in_one_folder(card: Path, tmp_path: Path, hnlpeak: Command) -> None:
    import fcntl

    place = tmp_path / "shared"
    place.mkdir()
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = hnlpeak("run", card, "-o", place)
    assert done.code == 1
    assert "another run is at work" in done.err
    assert os.listdir(place) == [".lock"]
