"""The report page in headless Chromium: nothing leaves it, everything on it works, everybody can read it."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.limits.search import Search
from hnlpeak.report.page import report_page
from hnlpeak.report.rounding import count_text, scientific
from hnlpeak.report.write import write_report

pytestmark = pytest.mark.browser

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TABS = ("numbers", "explore", "figures", "limits", "selection", "settings")
ODD = '<img src=x onerror="document.title=1">$\\frac{</script>&'


@pytest.fixture(scope="module")
def search(
    result: Any, data: Any, templates: Any, signal: Any, flux: Any, card: Any, experiment: Any, cutflows: Any
) -> Search:
    return Search(
        result,
        analysis=Analysis(card, experiment, load_analysis("na62-2015-ke2").text),
        data=data,
        templates=templates,
        signal=signal,
        flux=flux,
        cutflows=cutflows,
        provenance={"seed": "1"},
    )


@pytest.fixture(scope="module")
def report(search: Search, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(search, tmp_path_factory.mktemp("report"))[-1]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not installed")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as tool:
        found = tool.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture
def heard() -> list[str]:
    """What the page says on the console, its errors and requests but for itself."""
    return []


@pytest.fixture
def page(browser: Any, report: Path, heard: list[str]) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    listen(page, heard, report.as_uri())
    page.goto(report.as_uri())
    yield page
    page.close()
    assert heard == []


def listen(page: Any, heard: list[str], own: str) -> None:
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))

    def asked(request: Any) -> None:
        if request.url.split("#")[0] != own and not request.url.startswith("data:"):
            heard.append(f"request: {request.url[:80]}")

    page.on("request", asked)


def test_tabs_and_slider_by_keyboard(page: Any, search: Search) -> None:
    result = search.result
    page.locator("#tab-numbers").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#explore").is_visible()
    assert not page.locator("#numbers").is_visible()
    strongest = int(np.nanargmin(np.where(result.sound, result.number("u2_ul_observed"), np.nan)))
    assert page.locator("#mass").input_value() == str(strongest)
    page.locator("#mass").focus()
    seen = set()
    for key, place in (("Home", 0), ("ArrowRight", 1), ("End", len(result) - 1)):
        page.keyboard.press(key)
        row = result.row(float(result.hypotheses.mass[place]))
        assert page.locator("#at-mass").inner_text() == f"{row['m_n_mev']:g} MeV"
        assert page.locator("#at-n").inner_text() == count_text(row["n_observed"])
        assert page.locator("#at-u2").inner_text() == scientific(row["u2_ul_observed"])
        assert f"= {row['m_n_mev']:g} MeV to |Ue4|²" in page.locator("#at-sentence").inner_text()
        box, marker = page.locator("svg.plot .window").first, page.locator("svg.plot .marker").first
        x, width, line = (
            (float(box.get_attribute(n)) for n in ("x", "width")),
            None,
            marker.get_attribute("x1"),
        )
        left, width = x
        assert left < float(line) < left + width
        seen.add(left)
    assert len(seen) == 3
    page.locator("#mass-down").click()
    assert page.locator("#at-mass").inner_text() == f"{result.hypotheses.mass[-2]:g} MeV"


def test_a_click_into_a_plot_chooses_the_mass(page: Any) -> None:
    page.locator("#tab-explore").click()
    box = page.locator("svg.plot").first.bounding_box()
    # the axis runs from 62 to 548 of 560, from 20 MeV below the first mass to 20 above the last
    share = (62.0 + (548.0 - 62.0) * (300.0 - 150.0) / (468.0 - 150.0)) / 560.0
    page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])
    assert page.locator("#at-mass").inner_text() in ("299 MeV", "300 MeV", "301 MeV")


def test_switches_hide_their_curves(page: Any) -> None:
    page.locator("#tab-explore").click()
    switches = page.locator("fieldset input[type=checkbox]")
    assert switches.count() >= 12
    for n in range(switches.count()):
        switch = switches.nth(n)
        curve = page.locator(f".c-{switch.get_attribute('id').removeprefix('show-')}")
        for _ in range(2):
            assert (curve.evaluate("node => getComputedStyle(node).display") != "none") == switch.is_checked()
            switch.click()
    majorana, dirac = (page.locator(f"#at-path-{nature}") for nature in ("majorana", "dirac"))
    assert (majorana.is_visible(), dirac.is_visible()) == (True, False)
    page.locator("#nature-dirac").check()
    assert (majorana.is_visible(), dirac.is_visible()) == (False, True)


def test_figures_enlarge_and_their_files_are_there(page: Any, report: Path) -> None:
    page.locator("#tab-figures").click()
    links = page.locator("#figures .links a")
    names = [links.nth(n).get_attribute("href") for n in range(links.count())]
    assert {Path(name).suffix for name in names} == {".png", ".svg", ".csv"}
    assert [name for name in names if not (report.parent / name).is_file()] == []
    images = page.locator("#figures img")
    assert all(images.nth(n).evaluate("node => node.naturalWidth") > 100 for n in range(images.count()))
    page.locator("#figure-u2 a.enlarge").focus()
    page.keyboard.press("Enter")
    large = page.locator("#large")
    assert large.is_visible()
    assert large.locator(".links a").count() == 3
    assert large.locator("img").bounding_box()["width"] > images.first.bounding_box()["width"]
    page.keyboard.press("Escape")
    assert not large.is_visible()


@pytest.mark.parametrize("width", [400, 1400])
def test_everybody_can_read_it(page: Any, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core here")
    page.set_viewport_size({"width": width, "height": 900})
    for tab in TABS:
        page.locator(f"#tab-{tab}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
        found = axe.Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert serious == [], tab


def test_a_print_has_at_most_eight_pages(page: Any) -> None:
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    assert 2 <= len(pages) <= 8


def test_without_scripts_all_is_there(browser: Any, report: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(report.as_uri())
    for tab in TABS:
        assert page.locator(f"#{tab}").is_visible()
    assert not page.locator("#mass").is_visible()
    assert page.locator("#at-u2").inner_text().endswith(("⁻⁶", "⁻⁷", "⁻⁸"))
    page.locator("#show-observed").click()
    curve = page.locator(".c-observed")
    assert curve.evaluate("node => getComputedStyle(node).display") == "none"
    page.close()


def test_words_of_users_do_nothing(browser: Any, search: Search, heard: list[str], tmp_path: Path) -> None:
    flows = tuple(dataclasses.replace(flow, selection=ODD) for flow in search.cutflows)
    odd = dataclasses.replace(
        search,
        result=dataclasses.replace(search.result, title=ODD, label=ODD, analysis=ODD, simulated=False),
        cutflows=flows,
        provenance={ODD: ODD},
    )
    path = tmp_path / "odd.html"
    path.write_text(report_page(odd, {}), "utf-8")
    page = browser.new_page()
    listen(page, heard, path.as_uri())
    page.goto(path.as_uri())
    assert page.locator("h1").inner_text() == ODD
    assert page.title().startswith(ODD)
    for tab in TABS:
        page.locator(f"#tab-{tab}").click()
    assert page.locator("#selection caption").last.inner_text() == f"Cut-flow of the selection {ODD}."
    page.close()
    assert heard == []
