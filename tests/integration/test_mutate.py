"""The mutation script finds the changes that it says, and tells tests that bite from tests that do not."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import mutate

SOURCE = '''
"""Doc 1."""
SIZES: tuple[int, ...] = (3,)

def inside(x: float, y: float) -> bool:
    """Up to 2."""
    if x < 0.0:
        raise ValueError(f"{x + 1} is below 0")
    total = x + y * y
    return total <= 1.5 and not y == 2
'''
FOUND = {
    "x < 0.0": {"(x >= 0.0)", "(x <= 0.0)"},
    "0.0": {"1.0"},
    'raise ValueError(f"{x + 1} is below 0")': {"pass"},
    "x + y * y": {"(x - y * y)"},
    "y * y": {"(y / y)"},
    "return total <= 1.5 and not y == 2": {"return not (total <= 1.5 and (not y == 2))"},
    "total <= 1.5 and not y == 2": {"(total <= 1.5 or (not y == 2))"},
    "total <= 1.5": {"(total > 1.5)", "(total < 1.5)"},
    "1.5": {"3.0"},
    "not y == 2": {"(y == 2)"},
    "y == 2": {"(y != 2)"},
    "2": {"4"},
    "3": {"6"},
}


def spelled(text: str) -> str:
    """What the text says, whichever way it sets its brackets."""
    return ast.dump(ast.parse(text))


def test_changes_of_a_source() -> None:
    found: dict[str, set[str]] = {}
    mutants = mutate.mutants_of(Path("x.py"), SOURCE.encode())
    for mutant in mutants:
        found.setdefault(mutant.was, set()).add(spelled(mutant.text))
        compile(mutant.applied(SOURCE.encode()), "x.py", "exec")
    assert found == {was: {spelled(text) for text in texts} for was, texts in FOUND.items()}
    assert next(m for m in mutants if m.was == "1.5").line == 10


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(mutate.__file__)), "src/hnlpeak/core/quantity.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_tests_that_look_kill_and_tests_that_do_not_let_live(tmp_path: Path) -> None:
    looks, blind, broken = (tmp_path / f"test_{name}.py" for name in ("looks", "blind", "broken"))
    body = "from hnlpeak.core import quantity\n\ndef test_it():\n    "
    text = Path(mutate.ROOT / "src/hnlpeak/core/quantity.py").read_text("utf-8")
    looks.write_text(f"import inspect\n{body}assert inspect.getsource(quantity) == {text!r}\n", "utf-8")
    blind.write_text(f"{body}assert quantity.__doc__ or True\n", "utf-8")
    broken.write_text(f"{body}assert False\n", "utf-8")
    sample = ("--sample", "3", "--seed", "2")
    assert run("--tests", str(looks), *sample).stdout.endswith("killed 3 of 3: 100 %\n")
    assert "killed 3 of 3" not in run("--tests", str(blind), *sample).stdout
    failed = run("--tests", str(broken), *sample)
    assert failed.returncode == 1
    assert failed.stdout.endswith("the tests fail without any change\n")
