"""Write ``docs/notebooks/``: the pages that are courses, as notebooks.

``python docs/make_notebooks.py`` makes the cells of the pages; needs the extra ``notebooks``. A page's text becomes
text, its Python code, its commands cells of the shell. Outputs are not kept: they would be those of an earlier version
and fill the repository. The tests run all cells.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
PLACE = HERE / "notebooks"
COURSES = ("course", "own_experiment")
_FENCE = re.compile(
    r"(?:<!-- *(?P<marker>[^\n]*?) *-->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
_LINK = re.compile(r"\]\(([\w/]+\.md)")
BEGIN = """# the folder of the project, from wherever this notebook was started
import os
from pathlib import Path

while not Path("examples").is_dir() and Path.cwd() != Path.cwd().parent:
    os.chdir("..")"""


def _text(part):
    """Return a cell of text whose links lead from ``notebooks`` to the pages."""
    return nbformat.v4.new_markdown_cell(_LINK.sub(r"](../\1", part.strip()))


def cells(page):
    """Yield the cells of a page: text, Python and shell in their order. ``ValueError`` for another language."""
    end = 0
    for match in _FENCE.finditer(page):
        if page[end : match.start()].strip():
            yield _text(page[end : match.start()])
        end = match.end()
        if (match["marker"] or "").startswith("test: printed"):  # a notebook prints its own
            continue
        code = match["text"].strip()
        if match["kind"] not in ("python", "sh"):
            raise ValueError(f"a course has Python and sh, not {match['kind']!r}")
        if not (match["marker"] or "").startswith(("test: slow", "test: not run")):
            code = code if match["kind"] == "python" else f"%%bash -e\n{code}"
            yield nbformat.v4.new_code_cell(code)
    if page[end:].strip():
        yield _text(page[end:])


def notebook(name):
    """Return the notebook of the page ``name``, without outputs. Its cells are named by their places."""
    page = (HERE / f"{name}.md").read_text("utf-8")
    made = [nbformat.v4.new_code_cell(BEGIN), *cells(page)]
    for place, cell in enumerate(made):
        cell["id"] = f"{name.replace('_', '-')}-{place}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


def main():
    """Write all notebooks."""
    PLACE.mkdir(exist_ok=True)
    for name in COURSES:
        (PLACE / f"{name}.ipynb").write_text(nbformat.writes(notebook(name)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
