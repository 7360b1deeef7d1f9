"""Progress: bars on terminals only, lines with ``-v``, and never a word when quiet."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hnlpeak.cli.progress import search_progress
from hnlpeak.cli.verbosity import set_verbosity
from hnlpeak.cli.waiting import Waiting
from hnlpeak.execution import progress as shown_progress
from hnlpeak.execution.progress import FIGURES, LIMITS, decays_progress
from hnlpeak.execution.waiting import shown

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def verbosity() -> Iterator[None]:
    yield
    set_verbosity(0)


@pytest.mark.parametrize(
    ("terminal", "quiet", "lines", "want"),
    [
        (True, False, False, "bar"),
        (True, False, True, "bar"),
        (True, True, True, "nothing"),
        (False, False, False, "nothing"),
        (False, False, True, "lines"),
        (False, True, True, "nothing"),
    ],
)
def test_bars_are_for_terminals_and_lines_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool, lines: bool, want: str
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    assert shown(quiet=quiet, lines=lines) == want


def worked(wait: float) -> None:
    with search_progress(100) as heard:
        heard("calibration", 0)
        heard("calibration", 20)
        time.sleep(wait)
        heard("signal/300", 30)
        heard("data", 50)
        heard(FIGURES, 0)
        time.sleep(wait)
    with Waiting("slow", first=0.02, every=0.02) as waiting:
        waiting.share = 0.5
        time.sleep(0.2)


@pytest.mark.usefixtures("verbosity")
@pytest.mark.parametrize("level", [-1, 0])
def test_a_log_has_no_word_of_progress(capsys: pytest.CaptureFixture[str], level: int) -> None:
    set_verbosity(level)
    worked(0.0)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("verbosity")
def test_with_v_a_log_has_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shown_progress, "_LINE_EVERY", 0.01)
    monkeypatch.setattr(shown_progress, "_MEASURE", 0.01)
    monkeypatch.setattr(shown_progress, "_must_compile", lambda what: what == "calibration")
    set_verbosity(1)
    worked(0.05)
    compiling, speed, *waiting = capsys.readouterr().err.splitlines()
    assert compiling == "compiling the simulation, once for this version: about two minutes of CPU time"
    assert re.fullmatch(r"signal 300 MeV: 50 %, \S+ decays/s, 0 s left", speed)
    assert len(waiting) > 1
    assert all(line.startswith("slow: 0 s, 50 % done") for line in waiting)


def test_the_time_left_does_not_count_what_came_before_the_first_decays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(shown_progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(shown_progress, "_must_compile", lambda _what: False)
    with decays_progress(1000) as heard:
        heard("calibration", 0)
        now[0] = 120.0  # of compilation
        heard("calibration", 100)
        now[0] = 130.0
        heard("data", 300)
    assert capsys.readouterr().err == "data: 40 %, 30 decays/s, 20 s left\n"


def test_a_bar_says_what_is_done_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(shown_progress, "_must_compile", lambda what: what == "calibration")
    with decays_progress(100, how="bar") as heard:
        for what, decays in (("calibration", 0), ("signal/300", 50), ("data", 50), (FIGURES, 0)):
            heard(what, decays)
            time.sleep(0.25)
    said = screen.getvalue()
    places = [
        said.index(word)
        for word in (
            "compiling the simulation",
            "two minutes of CPU",
            "signal 300 MeV",
            "50 %",
            LIMITS,
            FIGURES,
        )
    ]
    assert places == sorted(places)
    assert said.endswith("\x1b[2K")


def test_a_line_on_a_terminal_counts_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with Waiting("slow", first=0.02, every=0.02):
        time.sleep(0.1)
    assert "slow: 0 s" in screen.getvalue()
    assert "\n" not in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")


def scanned(place: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "hnlpeak", *options, "scan", str(EXAMPLES / "spectrum.csv")),
        *("--analysis", "na62-2015-ke2", "--signal", str(EXAMPLES / "signal.csv"), "-o", str(place)),
    ]


def test_a_command_draws_a_bar_on_a_terminal_and_none_into_a_file(tmp_path: Path) -> None:
    """The installed command, with a terminal of its own: what is left there are the notes and the result."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        scanned(tmp_path / "bar"), stderr=theirs, stdout=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    assert process.wait(timeout=300) == 0
    assert FIGURES.encode() in seen
    assert b"limits" in seen
    done = subprocess.run(scanned(tmp_path / "log"), capture_output=True, text=True, check=True, timeout=300)
    note, *summary = done.stderr.splitlines()
    assert note.startswith("windows of 139 of 279 masses are snapped")
    assert summary[0] == "K+ → e+ N, NA62 2015"
    assert FIGURES not in done.stderr
