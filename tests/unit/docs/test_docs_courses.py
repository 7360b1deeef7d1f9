"""The courses as notebooks: made from their pages, run by a kernel as a reader's would be."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from maker import maker
from nbclient import NotebookClient
from page_blocks import blocks, check_printed

ROOT = Path(__file__).resolve().parents[3]
COURSES = ("course", "own_experiment")


@pytest.fixture(scope="module")
def script() -> Any:
    return maker("make_notebooks")


def sources(book: Any) -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in book.cells]


@pytest.mark.parametrize("name", COURSES)
def test_a_notebook_has_the_cells_of_its_page(script: Any, name: str) -> None:
    kept = nbformat.read(ROOT / "docs" / "notebooks" / f"{name}.ipynb", as_version=4)
    assert sources(kept) == sources(script.notebook(name)), "python docs/make_notebooks.py"
    nbformat.validate(kept)
    code = [cell for cell in kept.cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code), "outputs are not kept"


@pytest.mark.timeout(1500)  # a first run compiles the simulation, on a busy machine for minutes
@pytest.mark.parametrize(("name", "figures"), [("course", 5), ("own_experiment", 1)])
def test_a_notebook_runs(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, figures: int
) -> None:
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    (spec / "kernel.json").write_text(
        f'{{"argv": {argv}, "display_name": "python3", "language": "python"}}', "utf-8"
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    book = script.notebook(name)
    client = NotebookClient(book, timeout=1200, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # a cell that fails raises
    code = [cell for cell in book.cells if cell["cell_type"] == "code"][
        1:
    ]  # the first is no block of the page
    said = ""
    for block in blocks((ROOT / "docs" / f"{name}.md").read_text("utf-8")):
        if block.mark == "printed":
            check_printed(block, said)
        elif not block.mark:
            outputs = code.pop(0)["outputs"]
            said = "".join(out["text"] for out in outputs if out["output_type"] == "stream")
    assert not code
    shown = [out for cell in book.cells if cell["cell_type"] == "code" for out in cell["outputs"]]
    assert sum("image/png" in out.get("data", {}) for out in shown) >= figures


@pytest.mark.parametrize("kind", ["toml", "text", "console"])
def test_a_course_has_nothing_that_a_notebook_cannot_run(script: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        list(script.cells(f"# Page\n\n```{kind}\nx\n```\n"))


def test_blocks_that_are_not_run_are_no_cells(script: Any) -> None:
    page = "a [b](c.md)\n\n<!-- test: slow, takes an hour -->\n```sh\nx\n```\n\n```sh\ny\n```\n\nend\n"
    assert [(c["cell_type"], c["source"]) for c in script.cells(page)] == [
        ("markdown", "a [b](../c.md)"),
        ("code", "%%bash -e\ny"),
        ("markdown", "end"),
    ]
