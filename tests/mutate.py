"""Breaks the code on purpose, one small change at a time, and counts how many changes the tests notice.

    python tests/mutate.py src/hnlpeak/selection --tests tests/unit/selection
    python tests/mutate.py src/hnlpeak/trigger src/hnlpeak/reconstruction --sample 40 --seed 1 \\
        --tests tests/unit/trigger tests/unit/reconstruction

A mutant is killed when a test fails or runs too long; survivors are printed with file, line and change. Works on a
copy of the tree. Kernels run as plain Python (``NUMBA_DISABLE_JIT=1``), so that nothing is compiled again for every
mutant; with ``--compiled`` they are machine code, in a cache of the copy's own. Needs a system with ``fork``.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "src",
    "tests",
    "docs",
    "examples",
    "pyproject.toml",
    "README.md",
    "CONTRIBUTING.md",
    "CITATION.cff",
)
HEAVY = (
    "numba",
    "scipy.stats",
    "scipy.optimize",
    "pydantic",
    "hist",
    "particle",
    "hepunits",
    "mpmath",
    "pytest",
)

NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the bytes from ``start`` to ``end`` become ``text``."""

    path: Path
    line: int
    start: int
    end: int
    text: str
    was: str

    def applied(self, source: bytes) -> bytes:
        """The changed source."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def __str__(self) -> str:
        def short(text: str) -> str:
            words = " ".join(text.split())
            return words if len(words) <= 80 else f"{words[:77]}..."

        return f"{self.path}:{self.line}: {short(self.was)}  ->  {short(self.text)}"


def changes(node: ast.AST, returns: str) -> Iterator[str]:
    """Texts that may stand in the place of ``node``; ``returns`` is the annotation of the function around it."""
    if isinstance(node, ast.Compare):
        for table in (NEGATED, BOUNDARY):
            for place, operator in enumerate(node.ops):
                if other := table.get(type(operator)):
                    ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                    yield f"({ast.unparse(ast.Compare(node.left, ops, node.comparators))})"
    elif isinstance(node, ast.BinOp) and (operation := ARITHMETIC.get(type(node.op))):
        yield f"({ast.unparse(ast.BinOp(node.left, operation(), node.right))})"
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"({ast.unparse(ast.BoolOp(swapped, node.values))})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield repr(2 * node.value if node.value else type(node.value)(1))
    elif isinstance(node, ast.Return) and node.value is not None and returns in ("bool", "int", "float"):
        yield f"return {'not' if returns == 'bool' else '-'} ({ast.unparse(node.value)})"
    elif _acts(node):
        yield "pass"


def _acts(node: ast.AST) -> bool:
    """True for a statement that can be left out without leaving a name undefined."""
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Continue)


def _walk(node: ast.AST, returns: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Nodes that may change, with the return annotation around them: no annotations, decorators or messages."""
    if isinstance(node, ast.FunctionDef):
        returns = "" if node.returns is None else ast.unparse(node.returns)
        parts: list[ast.AST] = [*node.args.defaults, *node.args.kw_defaults, *node.body]  # type: ignore[list-item]
    elif isinstance(node, ast.ClassDef):
        parts = [*node.body]
    elif isinstance(node, ast.AnnAssign):
        parts = [] if node.value is None else [node.value]
    elif isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
        return
    elif isinstance(node, ast.Raise):
        parts = []
        yield node, returns
    else:
        parts = [*ast.iter_child_nodes(node)]
        yield node, returns
    for part in parts:
        if part is not None:
            yield from _walk(part, returns)


def mutants_of(path: Path, source: bytes) -> list[Mutant]:
    """All changes of a file, each one a program that can be read."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, returns in _walk(ast.parse(source)):
        for text in changes(node, returns):
            start = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
            end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
            mutant = Mutant(path, node.lineno, start, end, text, source[start:end].decode())  # type: ignore[attr-defined]
            try:
                ast.parse(mutant.applied(source))
            except SyntaxError:
                continue
            found.append(mutant)
    return found


class Copy:
    """A copy of the tree in which one mutant lives at a time."""

    def __init__(self, root: Path, tests: list[str], timeout: float) -> None:
        self.root, self.tests, self.timeout = root, tests, timeout
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (ROOT / name).exists():
                shutil.copy(ROOT / name, root / name)
        os.environ.update(HNLPEAK_CACHE_DIR=str(root / "cache"), PYTHONPATH=str(root / "src"))

    def passes(self, mutant: Mutant | None = None) -> tuple[bool, float]:
        """Whether the tests pass, and the seconds that they took; too long is no pass."""
        if mutant is None:
            return self._run(write_bytecode=True)
        path = self.root / mutant.path
        source = path.read_bytes()
        before = self._compiled()
        for old in path.parent.glob(f"__pycache__/{path.stem}.*"):
            old.unlink()
        path.write_bytes(mutant.applied(source))
        try:
            return self._run(write_bytecode=False)
        finally:
            path.write_bytes(source)
            for folder in self._compiled() - before:
                shutil.rmtree(folder, ignore_errors=True)

    def _compiled(self) -> set[Path]:
        return set(self.root.glob("cache/*/*"))

    def _run(self, *, write_bytecode: bool) -> tuple[bool, float]:
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            self._test(write_bytecode)
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status) == 0, time.monotonic() - started
            if time.monotonic() - started > self.timeout:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return False, time.monotonic() - started
            time.sleep(0.02)

    def _test(self, write_bytecode: bool) -> None:
        """Run the tests in this process, which ends with it."""
        os.setsid()
        with (self.root / "output").open("wb") as output:
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
        sys.dont_write_bytecode = not write_bytecode
        os.chdir(self.root)
        sys.path[:] = [str(self.root / "src"), *(p for p in sys.path if Path(p).resolve() != ROOT / "src")]
        code = 70
        try:
            import pytest

            options = ["-x", "-q", "--tb=line", "--no-showlocals", "-p", "no:cacheprovider"]
            options += ["-W", "ignore:Module already imported"]  # that is the point of the fork
            if "NUMBA_DISABLE_JIT" in os.environ:
                # compiled code goes on with an infinity or a NaN, without a word
                for said in ("invalid value", "divide by zero", "overflow"):
                    options += ["-W", f"ignore:{said} encountered:RuntimeWarning"]
            code = int(pytest.main([*options, *self.tests]))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def collect(paths: list[str]) -> list[Mutant]:
    """All mutants of the files under ``paths``, which are relative to the root of the project."""
    found = []
    for name in paths:
        place = (ROOT / name).resolve()
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            found += mutants_of(path.relative_to(ROOT), path.read_bytes())
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="+", help="files or folders to break, from the root of the project")
    parser.add_argument("--tests", nargs="+", required=True, help="tests that should notice")
    parser.add_argument("--sample", type=int, help="try only this many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="of the draw (default 1)")
    parser.add_argument(
        "--timeout", type=float, help="seconds for a mutant (default: 20 + 5 times the tests' own)"
    )
    parser.add_argument(
        "--compiled", action="store_true", help="kernels as machine code: slow, nearest to use"
    )
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    return parser.parse_args()


def main() -> int:
    """Print survivors and the score; 1 where the tests fail without any change, 2 where there is nothing to do."""
    options = arguments()
    mutants = collect(options.paths)
    total = len(mutants)
    if options.sample is not None and options.sample < total:
        mutants = sorted(random.Random(options.seed).sample(mutants, options.sample), key=str)
    if options.list or not mutants:
        print(*mutants, f"{total} mutants", sep="\n")
        return 0 if mutants else 2
    if not options.compiled:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    for module in HEAVY:
        importlib.import_module(module)  # once, not for every mutant
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copy = Copy(Path(folder), options.tests, timeout=3600.0)
        good, seconds = copy.passes()
        if not good:
            print((copy.root / "output").read_text("utf-8", "replace"))
            print("the tests fail without any change")
            return 1
        copy.timeout = options.timeout or 20.0 + 5.0 * seconds
        print(f"{len(mutants)} of {total} mutants; tests take {seconds:.1f} s", flush=True)
        survivors = 0
        for mutant in mutants:
            if copy.passes(mutant)[0]:
                survivors += 1
                print(f"survived: {mutant}", flush=True)
    killed = len(mutants) - survivors
    print(f"killed {killed} of {len(mutants)}: {100.0 * killed / len(mutants):.0f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
