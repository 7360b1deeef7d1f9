"""Functions that a reader can hold in the head: no more than 60 lines, options of a command and docstring included."""

from __future__ import annotations

import ast
from pathlib import Path

import hnlpeak

LONGEST = 60
PACKAGE = Path(hnlpeak.__file__).parent


def lengths(source: str) -> dict[str, int]:
    """Lines of each function of ``source``, from ``def`` to its end, by name and line."""
    return {
        f"{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_function_of_the_package_is_longer_than_sixty_lines() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 300
    long = {
        f"{path.relative_to(PACKAGE)}:{name}": count
        for path in files
        for name, count in lengths(path.read_text("utf-8")).items()
        if count > LONGEST
    }
    assert not long


METHOD = """
@decorated
class A:
    @wrapped
    def outer(
        self,
    ):
        def inner():
            return 1

        return inner
"""


def test_lines_are_counted_from_def_to_the_end_of_methods_and_of_functions_in_functions() -> None:
    assert lengths(METHOD) == {"5 outer": 7, "8 inner": 2}
    assert lengths("async def f():\n" + "    pass\n" * LONGEST) == {"1 f": LONGEST + 1}
