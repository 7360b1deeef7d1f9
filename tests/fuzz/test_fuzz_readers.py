"""Two thousand mutated inputs through the readers; a script (``fuzz.py``) for more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.fuzz
@pytest.mark.timeout(3600)  # two minutes of an idle machine
@pytest.mark.parametrize("seed", [1])
def test_two_thousand_mutated_inputs(seed: int) -> None:
    script = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, script, "--number", "2000", "--seed", str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
