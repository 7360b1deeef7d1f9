"""The compile cache must not lie: a change in a callee of another file is seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import hnlpeak
from hnlpeak.core import stamp
from hnlpeak.core.kernel import closure_digest


def _run(place: Path, cache: Path) -> str:
    code = "from hnlpeak.detectors.demo_caller import caller; print(caller(3.0))"
    # Python's own cache goes by the time of a file, which the test keeps
    own = {"PYTHONPATH": str(place), "HNLPEAK_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    env = {**os.environ, **own}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_edited_callee_in_another_file_is_compiled_again(tmp_path: Path) -> None:
    package = tmp_path / "source" / "hnlpeak"
    shutil.copytree(
        Path(hnlpeak.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("__pycache__", "library", "report"),
    )
    head = "from __future__ import annotations\nfrom hnlpeak.core.kernel import kernel\n"
    callee = package / "core" / "demo_callee.py"
    callee.write_text(head + "@kernel\ndef callee(x: float) -> float:\n    return 2.0 * x\n")
    (package / "detectors" / "demo_caller.py").write_text(
        head
        + "from hnlpeak.core.demo_callee import callee\n"
        + "@kernel\ndef caller(x: float) -> float:\n    return callee(x) + 1.0\n"
    )
    cache = tmp_path / "cache"
    assert _run(package.parent, cache) == "7.0"
    stamp = callee.stat()
    callee.write_text(callee.read_text().replace("2.0 * x", "5.0 * x"))
    os.utime(callee, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert _run(package.parent, cache) == "16.0"


def test_a_stamp_covers_what_a_module_imports_and_no_more() -> None:
    stamps = {closure_digest(f"hnlpeak.{m}") for m in ("chain.loop", "statistics.profile", "detectors.shape")}
    assert len(stamps) == 3
    assert closure_digest("some.other.module") == closure_digest("yet.another")


def test_what_is_compiled_for_events_depends_on_no_statistics() -> None:
    """Half a minute and more of compilation after each change of a limit would be for nothing."""
    closure, todo = set(), [stamp._file_of("hnlpeak.chain.loop")]
    while todo:
        path = todo.pop()
        assert path is not None
        if path not in closure:
            closure.add(path)
            todo.extend(stamp._imports(path))
    rooms = {path.relative_to(Path(hnlpeak.__file__).parent).parts[0] for path in closure}
    assert "simulation" in rooms
    assert not rooms & {"statistics", "background", "estimation", "limits", "formats", "searches"}
