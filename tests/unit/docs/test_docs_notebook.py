"""The package in a notebook, run by a kernel as a reader's would be."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    "import hnlpeak\n"
    "analysis = hnlpeak.load_analysis('na62-2015-ke2')\n"
    "table = hnlpeak.read_signal_table('signal.csv', window=analysis.card.scan.window)\n"
    "spectrum = hnlpeak.read_spectrum('spectrum.csv')\n"
    "result = hnlpeak.scan(spectrum, analysis, signal=table)",
    "result",
    "analysis",
    "spectrum",
    "hnlpeak.statistics.rolke_lopez([0, 4], background=hnlpeak.statistics.Gaussian(3.3, 0.6))",
    "hnlpeak.published('na62-2015-e')",
    "result.plot.u2()",
    "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\nresult.plot.p_value(ax=axes);",
    "result.to_dataframe().head(2)",
)
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """What each cell shows, by kind."""
    place = tmp_path_factory.mktemp("notebook")
    spec = place / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    (spec / "kernel.json").write_text(
        f'{{"argv": {argv}, "display_name": "python3", "language": "python"}}', "utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(place))
        patch.setenv("PYTHONPATH", str(EXAMPLES.parent / "src"))
        patch.setenv("IPYTHONDIR", str(place / "ipython"))
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        NotebookClient(book, timeout=240, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    found: list[dict[str, str]] = []
    for cell in book.cells:
        shown = [output.data for output in cell.outputs if output.output_type != "stream"]
        found.append(shown[-1] if shown else {})
    return found


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (1, ["<table>", "N_K = 3.01e+08", "u2_ul_observed", "279 masses from 170 to 448 MeV"]),
        (2, ["<table>", "K+ -&gt; e N", "experiment na62-2015"]),
        (3, ["<table>", "bins from"]),
        (4, ["<table>", "5.03919", "OK"]),
        (5, ["<table>", "arXiv:1712.00297", "digitised"]),
        (8, ["<table", "m_n_mev"]),
    ],
)
def test_a_cell_shows_a_table(outputs: list[dict[str, str]], cell: int, words: list[str]) -> None:
    assert all(word in outputs[cell]["text/html"] for word in words), outputs[cell]["text/html"]
    assert len(outputs[cell]["text/plain"]) < 1500


@pytest.mark.parametrize("cell", [6, 7])
def test_a_cell_shows_its_figure(outputs: list[dict[str, str]], cell: int) -> None:
    assert len(outputs[cell]["image/png"]) > 10_000
