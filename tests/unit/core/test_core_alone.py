"""The command line compiles without what other packages register with numba; whoever imports the package has it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CODE = """
import sys
from numba.core import entrypoints
from hnlpeak.core.alone import be_alone

if {alone}:
    be_alone()

from hnlpeak.core.kernel import kernel

class Told:
    value = "told"
    def load(self):
        return lambda: print("told")

class Registered(list):
    def select(self, **_):
        return [Told()]

entrypoints.importlib_metadata.entry_points = lambda *_, **__: Registered()
double = kernel(lambda x: 2.0 * x)
assert double(2.0) == 4.0
"""


@pytest.mark.parametrize("alone", [False, True])
def test_a_process_of_our_own_leaves_out_what_others_register(alone: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE.format(alone=alone)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ("told" in done.stdout) is not alone


def test_what_was_made_is_not_searched_for_garbage_at_the_end() -> None:
    code = (
        "import atexit, gc; from hnlpeak.core.alone import be_alone\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"  # the last that is called
        "be_alone(); be_alone(); assert not gc.get_freeze_count()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
