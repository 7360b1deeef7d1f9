"""The test suite's own configuration: long runs are left out unless they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TWO = """
import pytest

@pytest.mark.slow
def test_long(): pass

def test_short(): pass
"""


def pytest_here(*arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_slow_tests_run_only_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "test_two.py"
    path.write_text(TWO, "utf-8")
    where = ("-c", str(ROOT / "pyproject.toml"), "--collect-only", str(path))
    by_default, asked = pytest_here(*where), pytest_here(*where, "-m", "slow")
    assert "test_short" in by_default
    assert "test_long" not in by_default
    assert "test_long" in asked
    assert "test_short" not in asked


def test_there_are_slow_tests_to_ask_for() -> None:
    assert "test_one_hundred_thousand" in pytest_here("--collect-only", "tests/property", "-m", "slow")
