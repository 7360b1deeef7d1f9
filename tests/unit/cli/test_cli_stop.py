"""Signals and closed streams, in processes of their own: one line, the right exit code, in seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.faults

BUSY = """
import sys, threading, time, hnlpeak.cli.app as app
from hnlpeak.execution.run import run
@app.app.command()
def busy(how: str) -> None:
    def task(item: int) -> int:
        sys.stdout.write("begun\\n")  # whole lines: another thread writes too
        sys.stdout.flush()
        time.sleep(60.0)
        return item
    if how == "threads":
        try:
            run(range(4), task, max, workers=2)
        except BaseException as error:
            error.add_note("finished parts are kept")
            raise
    if how == "deaf":  # a kernel in the main thread: no handler runs before it ends
        import numba
        @numba.njit(nogil=True)
        def spin(n):
            x = 0.0
            for i in range(n):
                x += (i * 0.5) ** 0.5
            return x
        spin(10)
        threading.Timer(0.5, print, ("begun",), {"flush": True}).start()  # inside the kernel by then
        spin(10**11)
sys.argv = ["hnlpeak", "busy", sys.argv[1]]
app.main()
"""


@pytest.fixture(autouse=True)
def signals_as_in_a_terminal() -> Iterator[None]:
    """A suite that was begun in the background ignores SIGINT, and its children would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("how", ["threads", "deaf"])
def test_a_signal_ends_a_command_within_seconds(number: signal.Signals, code: int, how: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        begun = time.monotonic()
        process.send_signal(number)
        said = process.communicate(timeout=60.0)[1]
        assert time.monotonic() - begun < 5.0
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == code
    (line,) = said.splitlines()
    assert line.startswith(f"hnlpeak: interrupted by {number.name}; ")
    assert "kept" in line


def test_a_signal_that_the_parent_ignores_stays_ignored() -> None:
    code = (
        "import signal\nfrom hnlpeak.cli.stop import watched\n"
        "with watched(): print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    )
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.stdout == "True\n"


TALKATIVE = """
import sys, hnlpeak.cli.app as app, typer
from hnlpeak.execution.progress import decays_progress
@app.app.command()
def talk() -> None:
    with decays_progress(100) as progress:
        progress("data", 0)
        for _ in range(3):
            print("progress " * 10000, file=sys.stderr)
    typer.echo("summary", err=True)
    print("result")
sys.argv = ["hnlpeak", "talk"]
app.main()
"""


@pytest.mark.parametrize("how", ["closed", "no reader"])
def test_a_stderr_that_nobody_reads_ends_nothing(how: str) -> None:
    command = [sys.executable, "-c", TALKATIVE]
    if how == "closed":
        done = subprocess.run(
            ["sh", "-c", 'exec "$@" 2>&-', "sh", *command],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    else:
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=write, text=True, check=False, timeout=60
        )
        os.close(write)
    assert done.stdout == "result\n"
    assert done.returncode == 0
