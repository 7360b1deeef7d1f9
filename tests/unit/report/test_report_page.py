"""The page and the folder: one file, no script but its own, the same bytes, drawn again from the folder alone."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from changed_results import with_columns
from figure_names import COMMON

from command import few_figures
from hnlpeak.cli.summary import summary
from hnlpeak.core.errors import HnlpeakError, InputDataError
from hnlpeak.formats.manifest import sha256_of, verify, write_manifest
from hnlpeak.formats.results import write_results
from hnlpeak.formats.search_files import read_search, write_search
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.report import write
from hnlpeak.report.explorer import explorer
from hnlpeak.report.figures import FIGURES
from hnlpeak.report.inline_svg import inline_svg
from hnlpeak.report.page import report_page
from hnlpeak.report.rounding import count_text, mathematical, plain_number, scientific
from hnlpeak.report.summary import conditions, key_numbers, verdict
from hnlpeak.report.svg_axes import Axis, line_path, step_path
from hnlpeak.report.tables import cutflow_table, limits_table, settings_table, treatments_table
from hnlpeak.report.typeset import subscripts, typeset
from hnlpeak.report.validity import NATURES, mean_paths
from hnlpeak.report.write import write_report
from hnlpeak.searches.redraw import redraw
from hnlpeak.theory.lifetime import mean_free_path

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.S)
STYLE = re.compile(r"<style>(.*?)</style>", re.S)


class Page(HTMLParser):
    """Tags, links and balance of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "link", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_lines_of_standard_deviations_leave_room_for_their_words(inputs: Search) -> None:
    """A signal of ten standard deviations: those of one to four lie within a few units of each other."""
    p = inputs.result.number("p_value").copy()
    p[3] = 1e-23
    strong = dataclasses.replace(inputs, result=with_columns(inputs.result, p_value=p))
    (plot,) = (plot for plot in explorer(strong, []).plots if plot.name == "p")
    places = sorted(place for place, _ in plot.levels)
    assert len(places) > 4
    assert np.diff(places).min() >= 16.0
    assert "9σ" in [words for _, words in plot.levels]


def test_a_background_below_one_event_a_bin_is_seen(inputs: Search) -> None:
    result = inputs.result
    few = with_columns(
        result, background=np.full(len(result), 0.3), background_error=np.full(len(result), 0.1)
    )
    (plot,) = (p for p in explorer(dataclasses.replace(inputs, result=few), []).plots if p.name == "spectrum")
    path = next(curve.path for curve in plot.curves if curve.key == "estimate")
    drawn = [float(pair.split(" ")[1]) for pair in re.findall(r"[\d.]+ [\d.]+", path)]
    assert max(drawn) < plot.y.start


def test_treatments_say_what_they_are(inputs: Search) -> None:
    (plot,) = (plot for plot in explorer(inputs, []).plots if plot.name == "limit")
    labels = [curve.label for curve in plot.curves if curve.key.startswith("variant")]
    assert "bounded (used)" in labels
    assert "trolke (rules of ROOT's TRolke)" in labels


def test_status_words_stand_under_the_limits(inputs: Search) -> None:
    words = np.array(["ok"] * len(inputs.result), dtype=object)
    words[1] = "order-lowered peak-masked"
    page = Page(
        report_page(dataclasses.replace(inputs, result=with_columns(inputs.result, status=words)), {})
    )
    for said in ("order-lowered", "a lower one is used", "peak-masked", "left out of their fit"):
        assert (
            said
            in page.words.partition("Variants of the observed limit")[0].partition("all masses are in")[2]
        )


def test_the_page_stands_alone(inputs: Search, tmp_path: Path) -> None:
    written = write_report(inputs, tmp_path)
    assert written[-1] == tmp_path / "report.html"
    assert {path.name for path in written[:-1]} == {f"{n}.{s}" for n in COMMON for s in ("png", "svg", "csv")}
    text = written[-1].read_text("utf-8")
    assert len(text.encode()) <= 3_000_000
    page = Page(text)
    assert page.open == []
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not {"link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert len(SCRIPT.findall(text)) == sum(tag == "script" for tag, _ in page.tags) == 2
    for kind, block in (("script", SCRIPT.findall(text)[-1][1]), ("style", STYLE.findall(text)[0])):
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    images = [attrs for tag, attrs in page.tags if tag == "img" and "src" in attrs]
    assert len(images) == len(COMMON)
    assert all(
        str(image["src"]).startswith("data:image/svg+xml;charset=utf-8,") and image["alt"] for image in images
    )
    links = {str(a["href"]) for t, a in page.tags if t == "a"}
    identifiers = {f"#{a['id']}" for _, a in page.tags if a.get("id")}
    files = {link for link in links if not link.startswith("#")}
    assert links - files <= identifiers
    assert [name for name in files if not (tmp_path / name).is_file()] == []
    assert {f"figures/{name}.svg" for name in COMMON} <= files
    assert "hnlpeak simulation" in page.words
    assert "not a result of any experiment" in page.words
    assert verdict(inputs.result).replace("U_e4", "Ue4") in page.words  # lowered on the page
    aside = tmp_path / "aside"
    side_by_side = write_report(inputs, aside, workers=3)
    assert [path.relative_to(aside) for path in side_by_side] == [
        path.relative_to(tmp_path) for path in written
    ]
    assert [path.read_bytes() for path in side_by_side] == [path.read_bytes() for path in written]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_figures_of_a_copy_that_is_lost_are_there(
    inputs: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, draw = os.getpid(), write._draw

    def lost(*args: Any) -> write.Drawn:
        if os.getpid() != here:
            os._exit(3)
        return draw(*args)

    monkeypatch.setattr(write, "_draw", lost)
    written = write_report(inputs, tmp_path, workers=3)
    assert {path.name for path in written[:-1]} == {f"{n}.{s}" for n in COMMON for s in ("png", "svg", "csv")}
    assert [path for path in written if not path.is_file()] == []


def test_words_of_cards_are_text(inputs: Search) -> None:
    odd = '<script>alert("x")</script>'
    result = dataclasses.replace(inputs.result, title=odd, label=odd, simulated=False, analysis=odd)
    text = report_page(Search(result, provenance={odd: odd}), {})
    assert len(re.findall("<script", text)) == len(SCRIPT.findall(text)) == 2
    assert text.count("&lt;script&gt;") >= 4


def test_a_figure_in_the_page_is_the_one_in_its_file() -> None:
    svg = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg"><!-- 5 < 6 & "it's" --><metadata>x</metadata>
<path d="M 1.23456 -2.0 L 3.999 4" style="fill: #ffffff"
 x="12.345678" width="0.015625"/><text>50 % &lt; 'b'</text></svg>"""
    url = str(inline_svg(svg))
    assert not set('"&#\n') & set(url)
    back = ET.fromstring(unquote(url.split(",", 1)[1]))
    path, text = back
    assert path.attrib == {
        "d": "M 1.2 -2 L 4 4",
        "style": "fill: #ffffff",
        "x": "12.3",
        "width": "0.015625",
    }
    assert text.text == "50 % < 'b'"


def test_the_page_has_the_numbers_of_every_mass(inputs: Search) -> None:
    page = report_page(inputs, {})
    (kind, text), _ = SCRIPT.findall(page)
    assert "application/json" in kind
    record, result = json.loads(text), inputs.result
    at_300 = result.place(300.0)
    row = result.row(300.0)
    assert record["cells"]["n"][at_300] == count_text(row["n_observed"])
    assert record["cells"]["u2"][at_300] == scientific(row["u2_ul_observed"])
    assert record["cells"]["sentence"][at_300].startswith(
        "The simulated data limit K⁺ → e⁺ N at m_N = 300 MeV"
    )
    lengths = {len(texts) for texts in (*record["cells"].values(), *record["bars"].values())}
    assert lengths == {len(record["markers"])} == {len(record["windows"])} == {len(result)}
    # what is written first is the strongest limit that may be quoted
    best = int(np.nanargmin(np.where(result.sound, result.number("u2_ul_observed"), np.nan)))
    assert f'<span id="at-u2">{record["cells"]["u2"][best]}</span>' in page


def test_parts_of_the_background_are_those_of_the_window(inputs: Search) -> None:
    shown, result = explorer(inputs, ()), inputs.result
    semileptonic = next(part for part in shown.composition if part.words == "K⁺ → π⁰ e⁺ ν")
    i = result.place(300.0)
    assert sum(part.shares[i] for part in shown.composition) == pytest.approx(1.0)
    low, high = result.number("window_low_mev")[i], result.number("window_high_mev")[i]
    assert inputs.templates is not None
    expected = inputs.templates.between(["tight"], np.array([low]), np.array([high]), components=["ke3"])
    scale = inputs.templates.scaled_to(result.normalisation.n_kaon.value)
    assert semileptonic.texts[i] == plain_number(scale * float(expected.values[0]), 2)
    squares = sum(part.shares[i] for part in shown.budget)
    assert squares == pytest.approx(1.0)
    assert shown.budget[0].texts[i] == plain_number(float(result.background.stat[i]), 2)


@pytest.mark.parametrize(
    ("plain", "typeset_"),
    [
        (
            "K+ -> e+ N at m_N = 300 MeV to |U_e4|^2 < 5.9e-08",
            "K⁺ → e⁺ N at m_N = 300 MeV to |U_e4|² < 5.9 × 10⁻⁸",
        ),
        ("|U_mu4|^2 with mu+ and pi0", "|U_μ4|² with μ⁺ and π⁰"),
        ("n and b +- sigma_b; the rest", "n and b ± σ_b; the rest"),
        ("K+ -> pi+ pi+ pi-", "K⁺ → π⁺ π⁺ π⁻"),
        ("signal + background of a muon-veto", "signal + background of a muon-veto"),
        ("K+ -> e+ nu gamma (SD-)", "K⁺ → e⁺ ν γ (SD⁻)"),
    ],
)
def test_plain_text_is_typeset(plain: str, typeset_: str) -> None:
    assert typeset(plain).replace("\u00a0", " ") == typeset_


def test_subscripts_are_those_of_symbols_alone() -> None:
    assert subscripts("N_K of <my_file>") == "N<sub>K</sub> of &lt;my_file&gt;"
    assert subscripts("K_mu2, K_e3 and MK_e3") == "K<sub>μ2</sub>, K<sub>e3</sub> and MK_e3"


def test_axes_of_the_page() -> None:
    log = Axis(1e-3, 10.0, 100.0, 0.0, log=True)
    assert log.place([1e-3, 0.1, 10.0, np.nan])[:3] == pytest.approx([100.0, 50.0, 0.0])
    assert log.place([0.0])[0] > 100.0
    assert [text for _, text in log.ticks()] == ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]
    x = Axis(0.0, 100.0, 0.0, 50.0)
    assert (0.0, "0") in x.ticks()
    at = np.array([0.0, 10.0, 20.0, 30.0])
    assert line_path(x, log, at, np.array([1.0, 10.0, np.nan, 10.0])) == "M0.0 25.0L5.0 0.0M15.0 0.0"
    assert step_path(x, log, at, np.full(3, 0.1)).count("50.0") == 6


def test_a_dirac_hnl_flies_twice_as_far(inputs: Search) -> None:
    majorana, dirac = (mean_paths(inputs, nature) for nature in NATURES)
    assert dirac == pytest.approx(2.0 * majorana)
    i, u2 = inputs.result.place(300.0), inputs.result.number("u2_ul_observed")
    assert inputs.experiment is not None
    momentum = inputs.experiment.card.beam.momentum
    energy = 0.5 * momentum * (493.677**2 + 300.0**2 - 0.511**2) / 493.677**2
    p = math.sqrt(energy**2 - 300.0**2)
    assert majorana[i] == pytest.approx(
        mean_free_path(mass=300.0, momentum=p, u2={"e": float(u2[i])}), rel=1e-5
    )


def test_cutflows_of_helpers_are_folded(inputs: Search) -> None:
    helper = dataclasses.replace(inputs.cutflows[0], selection="helper")
    text = report_page(dataclasses.replace(inputs, cutflows=(*inputs.cutflows, helper)), {})
    shown, _, folded = text.partition("<details>")
    assert "Cut-flow of the selection tight." in shown
    assert "Cut-flow of the selection helper." not in shown
    assert "Cut-flow of the selection helper." in folded
    assert "<details>" not in report_page(inputs, {})


def test_settings_are_words(inputs: Search) -> None:
    table = settings_table({"a": None, "b": True, "c": list(range(20)), "d": [1.5e-7, "x"]}, caption="")
    assert [row[1] for row in table.rows] == [
        "none",
        "yes",
        "1.5\u00a0×\u00a010⁻⁷, x",
    ]
    text = report_page(inputs, {})
    for leak in ("None", "+-", "sigma_b", "U_e4", "U_{"):
        assert leak not in re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.S)


def test_a_bare_result_has_a_page(inputs: Search, tmp_path: Path) -> None:
    result = dataclasses.replace(inputs.result, simulated=False)
    text = write_report(Search(result), tmp_path)[-1].read_text("utf-8")
    page = Page(text)
    assert "Cut-flow" not in page.words
    assert "hnlpeak simulation" not in page.words


def test_a_folder_that_cannot_be_made(inputs: Search, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HnlpeakError, match="cannot be made"):
        write_report(inputs, tmp_path / "file")


def without_limits(result: SearchResult) -> SearchResult:
    numbers = [name for name, column in result.columns.items() if column.dtype.kind == "f"]
    return with_columns(result, **{n: np.full(len(result), np.nan) for n in numbers if n != "m_n_mev"})


def test_verdict(inputs: Search) -> None:
    result = inputs.result
    p, u2, m = (result.number(name) for name in ("p_value", "u2_ul_observed", "m_n_mev"))
    text = verdict(result)
    assert text.startswith("No local excess above 3σ")
    assert f"at {m[np.argmin(p)]:g} MeV" in text
    assert f"{scientific(float(u2.min()))} (90 % CL) at {m[np.argmin(u2)]:g} MeV" in text
    found = with_columns(
        result,
        p_value=np.where(m == 300.0, 1e-5, p),
        local_significance=np.where(m == 300.0, 4.26, result.number("local_significance")),
    )
    excess = verdict(found)
    assert excess.startswith("A local excess above 3σ")
    assert "(4.3σ) at 300 MeV" in excess
    # four events on 0.28 +- 0.27: 3.1 by the likelihood ratio, and not as rare as 3
    few = with_columns(
        result,
        p_value=np.where(m == 300.0, 1.55e-3, p),
        local_significance=np.where(m == 300.0, 3.12, result.number("local_significance")),
    )
    assert verdict(few).startswith("No local excess above 3σ")
    assert "(3.0σ) at 300 MeV" in verdict(few)
    assert verdict(without_limits(result)).startswith("No mass hypothesis could be tested")


def test_headlines_come_from_sound_masses(inputs: Search) -> None:
    """The strongest limit and the largest excess are of a mass whose side bands do not fit: others are quoted."""
    result, m = inputs.result, inputs.result.hypotheses.mass
    at = m == 300.0
    spoiled = with_columns(
        result,
        p_value=np.where(at, 1e-9, result.excess.p_value),
        local_significance=np.where(at, 6.0, result.excess.significance),
        u2_ul_observed=np.where(at, 1e-12, result.limits.observed.u2),
        status=np.where(at, "poor-fit", result.status),
    )
    text, terminal = verdict(spoiled), summary(spoiled, Path("place"))
    for said in (text, terminal):
        assert f"1 of {len(m)} masses are not quoted: 1 poor-fit." in said
        assert "300 MeV" not in said
    assert "No local excess above 3σ" in text
    assert verdict(result) == text.split(" 1 poor-fit. ")[1]
    assert (
        dict(key_numbers(dataclasses.replace(inputs, result=spoiled)))[
            "masses that are not quoted for their status"
        ]
        == "1"
    )
    figure = FIGURES["u2"].draw(dataclasses.replace(inputs, result=spoiled))
    assert figure is not None
    (observed,) = (line for line in figure.axes[0].lines if line.get_label() == "observed")
    drawn = np.asarray(observed.get_ydata(), dtype=float)
    assert np.isnan(drawn[at]).all()
    assert np.isfinite(drawn[~at]).all()
    page = report_page(dataclasses.replace(inputs, result=spoiled), {})
    assert 'title="poor-fit: the function does not fit the side bands' in page


def test_conditions_state_the_path_of_the_hnl(inputs: Search) -> None:
    words = " ".join(conditions(inputs))
    found = re.search(r"at least ([0-9.]+) km", words)
    assert found is not None
    # the proceedings: more than 10 km above 170 MeV for |U|^2 < 1e-4; the limits are far below that
    assert float(found[1]) > 10.0
    assert "NOT" not in words
    weak = with_columns(inputs.result, u2_ul_observed=np.full(len(inputs.result), 0.5))
    assert "NOT well outside" in " ".join(conditions(dataclasses.replace(inputs, result=weak)))


def test_tables(inputs: Search) -> None:
    result = inputs.result
    rows = limits_table(result).rows
    assert [row[0] for row in rows] == [f"{m}" for m in range(170, 450, 10)] + ["448"]
    row = result.row(300.0)
    at_300 = next(r for r in rows if r[0] == "300")
    assert at_300[8] == scientific(row["u2_ul_observed"])
    table = treatments_table(result)
    assert "bounded (used)" in table.head
    assert next(r for r in table.rows if r[0] == "200")[3] == scientific(
        result.row(200.0)["u2_ul_bounded"], 3
    )
    flow = inputs.cutflows[0]
    last = cutflow_table(flow).rows[-1]
    assert last == ("vertex", "46", "50 %", count_text(46.0 + flow.only_failed[0, -1]))
    assert all(len(r) == len(t.head) for t in (limits_table(result), table) for r in t.rows)


@pytest.mark.parametrize(
    ("value", "plain", "power"),
    [
        (0.0, "0", "0"),
        (float("nan"), "–", "–"),
        (12.345, "12.3", "1.2 × 10¹"),
        (1234.5, "1234", "1.2 × 10³"),
        (1.27e-7, "1.27 × 10⁻⁷", "1.3 × 10⁻⁷"),
        (0.06, "0.0600", "6.0 × 10⁻²"),
        (9.99e-7, "9.99 × 10⁻⁷", "1.0 × 10⁻⁶"),
    ],
)
def test_numbers(value: float, plain: str, power: str) -> None:
    assert plain_number(value) == plain.replace(" ", "\u00a0")
    assert scientific(value) == power.replace(" ", "\u00a0")


def test_numbers_in_figures() -> None:
    assert mathematical(2e-7) == r"2\times 10^{-7}"
    assert mathematical(1e-6) == "10^{-6}"
    assert count_text(1234567.0) == "1\u2009234\u2009567"
    assert count_text(0.51234) == "0.5123"
    assert count_text(59_860_123.4) == "59\u2009860\u2009123"


def finished(inputs: Search, place: Path) -> None:
    write_search(inputs, place)
    write_report(inputs, place)
    write_manifest(place, cards={}, seed=1)


def test_a_search_comes_back_from_its_files(inputs: Search, tmp_path: Path) -> None:
    with few_figures():
        finished(inputs, tmp_path)
    back = read_search(tmp_path)
    assert back.result.to_dict() == inputs.result.to_dict()
    assert back.analysis == inputs.analysis
    assert (back.provenance, back.published) == (inputs.provenance, inputs.published)
    for mine, its in ((inputs.data, back.data), (inputs.templates, back.templates)):
        assert mine is not None
        assert its is not None
        assert np.array_equal(mine.histogram.values(), its.histogram.values())
    assert [flow.rows() for flow in back.cutflows] == [flow.rows() for flow in inputs.cutflows]
    assert inputs.signal is not None
    assert back.signal is not None
    assert back.signal.at(300.0, "tight") == inputs.signal.at(300.0, "tight")
    assert inputs.event is not None
    assert back.event is not None
    assert back.event.record.tobytes() == inputs.event.record.tobytes()
    assert (back.event.candidate, back.event.label) == (inputs.event.candidate, inputs.event.label)


def test_a_report_is_made_of_the_files_that_its_manifest_lists(inputs: Search, tmp_path: Path) -> None:
    with few_figures():
        finished(inputs, tmp_path)
    page = (tmp_path / "report.html").read_bytes()
    for name in ("spectrum.json", "figures/data/inputs.json"):
        path = tmp_path / name
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"0", b"1", 1))
        with pytest.raises(InputDataError, match=f"{name}: is not the file that manifest.json lists"):
            redraw(tmp_path)
        path.write_bytes(whole)
    assert (tmp_path / "report.html").read_bytes() == page
    assert not (tmp_path / ".redraw").exists()
    verify(tmp_path)


def test_a_folder_is_drawn_again_from_its_files(inputs: Search, tmp_path: Path) -> None:
    finished(inputs, tmp_path)
    first = {path.name: path.read_bytes() for path in (tmp_path / "figures").glob("*.svg")}
    page = (tmp_path / "report.html").read_bytes()
    for path in [*(tmp_path / "figures").glob("*.*g"), tmp_path / "report.html"]:
        path.unlink()
    written = redraw(tmp_path)
    assert {path.suffix for path in written} == {".png", ".svg", ".pdf", ".csv", ".html"}
    again = {path.name: path.read_bytes() for path in (tmp_path / "figures").glob("*.svg")}
    assert [name for name in first if again[name] != first[name]] == []
    assert (tmp_path / "report.html").read_bytes() == page
    sums = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert all(sums[path.relative_to(tmp_path).as_posix()] == sha256_of(path) for path in written)


def test_a_folder_of_a_bare_scan(inputs: Search, tmp_path: Path) -> None:
    assert inputs.data is not None
    write_results(tmp_path, inputs.result, spectrum=inputs.data, signal="", cutflow="")
    found = read_search(tmp_path)
    assert (found.templates, found.signal, found.card, found.event) == (None, None, None, None)
    assert found.result.row(300.0) == inputs.result.row(300.0)
    with pytest.raises(InputDataError, match="no manifest"):
        redraw(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("inputs.json", b'{"schema": 9}', "schema 9"),
        ("inputs.json", b'{"schema": 1, "signal": 3}', "not the inputs"),
        ("event.npy", b"nonsense", "not an event"),
        ("templates.json", b"{}", "UHI"),
    ],
)
def test_damaged_inputs_are_named(
    name: str, content: bytes, message: str, inputs: Search, tmp_path: Path
) -> None:
    assert inputs.data is not None
    write_results(tmp_path, inputs.result, spectrum=inputs.data, signal="", cutflow="")
    folder = tmp_path / "figures" / "data"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    with pytest.raises(InputDataError, match=message):
        read_search(tmp_path)


def test_help_loads_no_matplotlib() -> None:
    code = "import sys, hnlpeak.cli.report; sys.exit('matplotlib' in sys.modules or 'jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_are_words_to_any_depth() -> None:
    from hnlpeak.report.tables import settings_table

    record = {"control_runs": [{"part": "lower", "low_mev": -1.5}, {"part": "upper", "low_mev": None}]}
    rows = settings_table(record, caption="").rows
    assert rows == (("control runs", "part lower, low mev -1.5; part upper, low mev none"),)
