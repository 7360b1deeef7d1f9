"""The installed command as a process: start, disk, broken pipes; and what the sources never do."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hnlpeak as package
from command import Command
from conftest import SCRIPT

pytestmark = pytest.mark.faults

HEAVY = ("numba", "scipy", "matplotlib", "uproot", "numpy", "hist", "rich.progress")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = "from hnlpeak.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "hnlpeak.cli.app" in loaded
    assert not loaded & set(HEAVY)


def limit_file_size() -> None:
    """What a full disk does: writing beyond 100 kB fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_leaves_nothing_under_final_names(
    finished: Path, card: Path, ntuple: Path, tmp_path: Path, installed: Command
) -> None:
    place = tmp_path / "out"
    spectrum = finished / "spectrum.json"
    done = installed(
        *("scan", spectrum, "--analysis", card, "--signal", finished, "-o", place), preexec_fn=limit_file_size
    )
    assert done.code == 1
    assert re.fullmatch(rf"hnlpeak: error: {place}/[^\n]+ cannot be written \(File too large\)\n", done.err)
    assert not place.exists()
    out = tmp_path / "spectrum.json"
    done = installed("select", ntuple, "--analysis", card, "-o", out, preexec_fn=limit_file_size)
    assert (done.code, done.out) == (1, "")
    assert "cannot be written (File too large)" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_traceback() -> None:
    with subprocess.Popen(
        [SCRIPT, "list", "published"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)
    assert b"Traceback" not in said


DANGEROUS = re.compile(
    r"\bpickle\b(?!=False)|\bmarshal\b|\bshelve\b|yaml\.load|allow_pickle\s*=\s*True|(?<![\w.])(?:eval|exec)\(|os\.system|shell\s*=\s*True"
)


def test_the_pattern_of_dangerous_calls_finds_them() -> None:
    for text in ("import pickle", "pickle.load(f)", "eval(x)", "exec(x)", "np.load(f, allow_pickle=True)"):
        assert DANGEROUS.search(text)
    for text in ("np.load(f, allow_pickle=False)", "method.evaluate(x)", "self.exec(x)"):
        assert not DANGEROUS.search(text)


def test_no_source_runs_what_a_file_says() -> None:
    root = Path(package.__file__).parent
    sources = list(root.rglob("*.py"))
    assert len(sources) > 100
    found = {
        f"{path.relative_to(root)}:{i}: {line.strip()}"
        for path in sources
        for i, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if DANGEROUS.search(line)
    }
    assert not found
