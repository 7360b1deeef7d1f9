"""Kernels that are compiled ahead are those that a search calls; a cache that is not theirs is left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches import ahead

_KERNELS = """
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches import ahead
from hnlpeak.reconstruction.calibration import accumulate
from hnlpeak.reconstruction.candidates import reconstruct
from hnlpeak.selection.tally import fill
from hnlpeak.simulation.generation import draw_and_screen, follow
from hnlpeak.simulation.response import respond

analysis = load_analysis("na62-2015-ke2")
for part in ahead.PARTS.values():
    part(analysis)
kernels = (draw_and_screen, follow, respond, accumulate, reconstruct, fill)
before = [list(kernel.overloads) for kernel in kernels]
for loop in ahead.LOOPS.values():
    loop(analysis)
assert [len(signatures) for signatures in before] == [1] * len(kernels), before
assert [list(kernel.overloads) for kernel in kernels] == before
"""


def test_the_loops_need_no_other_machine_code_than_that_of_the_parts() -> None:
    done = subprocess.run([sys.executable, "-c", _KERNELS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("workers", "compiled"), [(1, False), (2, True)])
def test_nothing_is_begun_where_it_is_no_use(
    monkeypatch: pytest.MonkeyPatch, workers: int, compiled: bool
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(ahead, "is_compiled", lambda *_: compiled)
    for name in ("begun", "side_by_side"):
        monkeypatch.setattr(ahead, name, never)
    with ahead.compiled_ahead(load_analysis("na62-2015-ke2"), workers) as join:
        join()
