"""What takes long is made once, also where several processes run the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this process' own with what ``make`` puts into the folder it is given; the first process makes it.

    The others wait and take a copy each, so that no test sees what another one does to it.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # a worker has its own inside of that
    made, own = base / f"once {name}", factory.mktemp("copy") / name
    with (base / f"once {name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            begun = factory.mktemp("begun") / name
            make(begun)
            shutil.copytree(begun, made, symlinks=True)
    shutil.copytree(made, own, symlinks=True)
    return own
