"""A made-up background method, statistical method, format and figure in a copy of the package work in one scan.

Each is a new file; what else is touched is counted: the places of ``CONTRIBUTING.md``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_plug_ins import PACKAGE, changed, command

from hnlpeak.core.card import card_text

FLAT = '''
"""The background method ``flat``: so many events in each MeV."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from hnlpeak.background.card import BackgroundCard
from hnlpeak.background.estimates import BackgroundDetails, BackgroundEstimates
from hnlpeak.background.method import BackgroundMethod
from hnlpeak.core.records import Key


class FlatBackground(BackgroundCard):
    """So many events in each MeV of a window."""

    method: Literal["flat"]
    per_mev: float


@dataclass(frozen=True, eq=False)
class FlatDetails(BackgroundDetails):
    per_mev: Annotated[float, Key("events_per_mev")]


def estimate(task, card):
    b = card.per_mev * np.array([w.high - w.low for w in task.windows])
    details = FlatDetails(card.method, card.per_mev)
    return BackgroundEstimates.of(
        b, stat=0.0 * b, syst=0.1 * b, leakage=0.0 * b, status=["ok"] * b.size, details=details
    )


METHOD = BackgroundMethod(FlatBackground, FlatDetails, estimate, lambda estimates, i: "(stated)", {})
'''
TWICE = '''
"""Limits as if half of the events had been seen."""

from hnlpeak.statistics.one_sided import one_sided


def halved(n, **how):
    return one_sided(n / 2, **how)
'''
LINES = '''
"""Spectra as lines of text: low edge, high edge, events, in MeV."""

import numpy as np

from hnlpeak.formats.spectrum_format import SpectrumFormat
from hnlpeak.formats.spectrum_table import spectrum_of_bins


def read(path, inside, unit):
    low, high, counts = np.loadtxt(path).T
    return spectrum_of_bins(low, high, counts, path, unit=unit or "MeV")


FORMAT = SpectrumFormat("lines of text", (".lines",), "file.lines", read)
'''
BARS = '''
"""Observed events by mass."""

from hnlpeak.report.style import new_figure, styled


@styled
def bars(result):
    figure = new_figure()
    figure.subplots().bar(result.number("m_n_mev"), result.number("n_observed"))
    return figure


def bars_columns(result):
    return {"m_n_mev": result.number("m_n_mev"), "n_observed": result.number("n_observed")}
'''
FILES = {
    "background/flat.py": FLAT,
    "statistics/halved.py": TWICE,
    "formats/lines.py": LINES,
    "report/figures/bars.py": BARS,
}
HALVED = '    "halved": Method(halved, "half of it", "{cl} % limit of half", label="half"),\n'
ENTRY = """    "bars": FigureEntry(
        "Bars", "Bars of events.", lambda search: bars(search.result), lambda search: bars_columns(search.result)
    ),
"""
PLACES = {
    "background/methods.py": [
        ("import sideband, templates", "import flat, sideband, templates"),
        (
            '    "sideband": sideband.METHOD,\n',
            '    "flat": flat.METHOD,\n    "sideband": sideband.METHOD,\n',
        ),
    ],
    "statistics/methods.py": [
        (
            "from hnlpeak.statistics.interval",
            "from hnlpeak.statistics.halved import halved\nfrom hnlpeak.statistics.interval",
        ),
        (
            '    "rolke-lopez": Method(',
            HALVED + '    "rolke-lopez": Method(',
        ),
    ],
    "formats/spectrum_file.py": [
        ("import hepdata_yaml, root_spectrum", "import hepdata_yaml, lines, root_spectrum"),
        ("    uhi.FORMAT,\n", "    lines.FORMAT,\n    uhi.FORMAT,\n"),
    ],
    "report/figures/registry.py": [
        (
            "from hnlpeak.report.figures.branching",
            "from hnlpeak.report.figures.bars import bars, bars_columns\nfrom hnlpeak.report.figures.branching",
        ),
        (
            '    "u2": FigureEntry(',
            ENTRY + '    "u2": FigureEntry(',
        ),
    ],
}
"""One file more each: an import and an entry."""
BACKGROUND = '[background]\nmethod = "flat"\nper_mev = 2.0\nreference = "made up"\nconfidence = "E"\n\n'


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    made = tmp_path / "src" / "hnlpeak"
    shutil.copytree(PACKAGE, made, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        (made / name).write_text(text, "utf-8")
    for name, changes in PLACES.items():
        text = (made / name).read_text("utf-8")
        for old, new in changes:
            text = changed(text, old, new)
        (made / name).write_text(text, "utf-8")
    return made


def card(place: Path) -> Path:
    text = card_text("na62-2015-ke2")
    begin = text.index("[background]")
    text = text[:begin] + BACKGROUND + text[text.index("[statistics]") :]
    begin = text.index("[statistics]")
    end = text.index("\n[", begin)
    table = '[statistics]\nmethod = "halved"\ncl = 0.9\nreference = "made up"\nconfidence = "E"\n'
    path = place / "card.toml"
    path.write_text(text[:begin] + table + text[end:], "utf-8")
    return path


def test_one_file_and_one_place_each(copy: Path, tmp_path: Path) -> None:
    for what, name in {"backgrounds": "flat", "methods": "halved", "formats": ".lines"}.items():
        assert name in command(copy, "list", what)
    spectrum, signal, place = tmp_path / "s.lines", tmp_path / "signal.csv", tmp_path / "out"
    spectrum.write_text("".join(f"{m} {m + 1} 2\n" for m in range(100, 490)), "utf-8")
    signal.write_text("m_n_mev,sigma_mev,acceptance,n_kaon\n160,4,0.2,3e8\n460,4,0.2,3e8\n", "utf-8")
    command(copy, "scan", spectrum, "--analysis", card(tmp_path), "--signal", signal, "-o", place)
    result = json.loads((place / "result.json").read_text("utf-8"))
    assert '"halved"' in json.dumps(result)
    assert '"events_per_mev": 2.0' in json.dumps(result)
    rows = (place / "limits.csv").read_text("utf-8").splitlines()
    columns = dict(zip(rows[0].split(","), rows[50].split(","), strict=True))
    assert float(columns["background"]) == pytest.approx(float(columns["n_observed"]), rel=0.1)
    assert (place / "figures" / "bars.svg").is_file()
    assert (place / "figures" / "bars.csv").is_file()
    assert "(stated)" in command(copy, "explain", place, columns["m_n_mev"])
