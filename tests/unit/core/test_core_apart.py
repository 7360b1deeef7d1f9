"""Kernels that stand apart: compiled once, found by name, and never without the very code that a caller knows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import pytest

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")

SOURCE = """
import numba
from hnlpeak.core.kernel import apart, kernel
MASS = 2.0
@kernel
def small(x):
    return x + 1.0
@apart
def large(x):
    if x > 10.0:
        raise ValueError("too large", x)
    return MASS * small(x)
@kernel
def middle(x):
    return large(x) + small(x)
@kernel
def caller(x):
    return middle(x) - small(x)
@kernel
def above(x):
    return caller(x) + large(x)
@numba.njit
def foreign(x):
    return large(x) + 1.0
def hits(made):
    return f"{sum(made.stats.cache_hits.values())}/{sum(made.stats.cache_misses.values())}"
"""

Ask = Callable[[str], list[str]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Run a line of Python in a new process, with one cache and one module for all; what it prints."""
    (tmp_path / "standing.py").write_text(SOURCE)
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "HNLPEAK_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run(line: str) -> list[str]:
        code = f"from standing import *; {line}"
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


def _files(tmp_path: Path, name: str) -> list[Path]:
    return list((tmp_path / "cache").rglob(f"{name}-*.kernel"))


def test_who_calls_finds_the_code_in_this_process_and_in_the_next(ask: Ask, tmp_path: Path) -> None:
    line = "print(caller(3.0), hits(caller), hits(large), large(3.0), hits(large))"
    assert ask(line) == ["8.0", "0/1", "0/1", "8.0", "0/1"]
    assert [len(_files(tmp_path, name)) for name in ("small", "large", "middle", "caller")] == [0, 1, 0, 1]
    assert ask(line) == ["8.0", "1/0", "1/0", "8.0", "1/0"]


def test_python_may_call_first(ask: Ask) -> None:
    line = "print(large(3.0), caller(3.0), foreign(3.0), hits(large))"
    assert ask(line) == ["8.0", "8.0", "9.0", "0/1"]
    assert ask(line) == ["8.0", "8.0", "9.0", "1/0"]


def test_code_of_others_calls_it(ask: Ask) -> None:
    assert ask("print(foreign(3.0), caller(3.0))") == ["9.0", "8.0"]


def test_a_caller_does_not_answer_without_the_code_it_calls(ask: Ask, tmp_path: Path) -> None:
    ask("caller(3.0)")
    _files(tmp_path, "large")[0].unlink()
    assert ask("print(caller(3.0), hits(caller), hits(large))") == ["8.0", "0/1", "0/1"]
    assert ask("print(caller(3.0), hits(caller), hits(large))") == ["8.0", "1/0", "1/0"]


def test_nor_with_code_of_another_name(ask: Ask, tmp_path: Path) -> None:
    """The same kernel, compiled by a process that had compiled others before, has another symbol."""
    ask("caller(3.0)")
    _files(tmp_path, "large")[0].unlink()
    assert ask("small(1.0); middle(1); print(large(3.0))") == ["8.0"]
    assert ask("print(caller(3.0), hits(caller), hits(large))") == ["8.0", "0/1", "1/0"]
    assert ask("print(caller(3.0), hits(caller), hits(large))") == ["8.0", "1/0", "1/0"]


def test_nor_with_damaged_code(ask: Ask, tmp_path: Path) -> None:
    ask("caller(3.0)")
    path = _files(tmp_path, "large")[0]
    path.write_bytes(path.read_bytes()[:-1])
    assert ask("print(caller(3.0), hits(caller))") == ["8.0", "0/1"]


def test_nor_with_the_value_of_a_mass_that_was(ask: Ask) -> None:
    ask("caller(3.0)")
    change = "import standing; standing.MASS = 5.0; "
    assert ask(f"{change}print(caller(3.0), hits(caller), large(3.0))") == ["20.0", "0/1", "20.0"]
    assert ask("print(caller(3.0), hits(caller))") == ["8.0", "1/0"]


def test_what_takes_in_a_caller_needs_the_same(ask: Ask, tmp_path: Path) -> None:
    """``caller`` comes from the disk here and becomes part of ``above``, which names the code that stands apart."""
    ask("caller(3.0)")
    line = "print(above(3.0), hits(above), hits(caller), hits(large))"
    assert ask(line) == ["16.0", "0/1", "1/0", "1/0"]
    assert ask(line) == ["16.0", "1/0", "0/0", "1/0"]
    _files(tmp_path, "large")[0].unlink()
    assert ask("print(above(3.0), hits(above))") == ["16.0", "0/1"]


def test_its_errors_come_through(ask: Ask) -> None:
    lines = "\ntry:\n    caller(11.0)\nexcept ValueError as error:\n    print(*error.args)"
    assert ask(lines) == ask(lines) == ["too", "large", "11.0"]
