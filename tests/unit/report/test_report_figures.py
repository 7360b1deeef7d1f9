"""Figures: the registry walked, what they draw read back from their axes, the same bytes twice."""

from __future__ import annotations

import dataclasses
import math
import struct
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib
import numpy as np
import pytest
from changed_results import with_columns
from figure_names import COMMON, OF_A_RESULT
from matplotlib.figure import Figure

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.experiment import Experiment
from hnlpeak.limits.published import list_published, published
from hnlpeak.limits.search import Search
from hnlpeak.limits.systematics import Shift, Systematics, SystematicSource
from hnlpeak.report.figures import FIGURES
from hnlpeak.report.figures.binning import composite, rebin, segments, signed_gev2, snapped_edges, stack
from hnlpeak.report.figures.columns import csv_text, word
from hnlpeak.report.figures.m_miss import m_miss, m_miss_bins
from hnlpeak.report.figures.p_value import p_value
from hnlpeak.report.figures.particle_path import particle_path
from hnlpeak.report.figures.published_line import LOOKS
from hnlpeak.report.figures.registry import earlier_searches
from hnlpeak.report.figures.spectrum_panels import examples
from hnlpeak.report.figures.u2 import u2
from hnlpeak.report.figures.u2_searches import u2_searches
from hnlpeak.report.garwood import garwood
from hnlpeak.report.render import render, save
from hnlpeak.report.style import own_style
from hnlpeak.report.systematics_tables import systematics_tables
from hnlpeak.spectrum import FIXED_POINT, Spectrum


def texts(figure: Figure) -> list[str]:
    return [item.get_text() for item in figure.findobj(matplotlib.text.Text)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMON)
def test_every_figure_is_drawn_and_says_that_it_is_simulation(name: str, inputs: Search) -> None:
    before = dict(matplotlib.rcParams)
    figure = FIGURES[name].draw(inputs)
    assert figure is not None
    svg = render(figure, "svg")
    assert dict(matplotlib.rcParams) == before
    assert "hnlpeak simulation" in texts(figure)
    assert ET.fromstring(svg).tag.endswith("svg")
    assert b"<dc:date>" not in svg


@pytest.mark.parametrize("name", COMMON)
def test_every_figure_has_its_numbers(name: str, inputs: Search) -> None:
    columns = FIGURES[name].columns(inputs)
    assert columns is not None
    assert len({len(column) for column in columns.values()}) == 1
    head, *rows = csv_text(columns).splitlines()
    assert head.split(",") == list(columns)
    assert len(rows) >= 5
    assert "nan" not in csv_text(columns)


def test_figure_of_the_systematic_sources(inputs: Search) -> None:
    masses = (200.0, 300.0, 400.0)
    shift, still = Shift((0.01, -0.02, 0.03), (0.002, 0.003, 0.004)), Shift((0.0,) * 3, (0.001,) * 3)
    sources = tuple(
        SystematicSource(
            name, {"beam.rate": 1.1}, "a reference", "E", name == "beam rate", still, still, size, None
        )
        for name, size in (("matter", still), ("beam rate", shift))
    )
    result = dataclasses.replace(inputs.result, systematics=Systematics(masses, sources))
    search = dataclasses.replace(inputs, result=result)
    figure, columns = FIGURES["systematics"].draw(search), FIGURES["systematics"].columns(search)
    assert figure is not None
    assert columns is not None
    assert columns["m_n_mev"] == [*masses]
    assert columns["shift_beam_rate"] == [*shift.value]
    assert columns["shift_error_beam_rate"] == [*shift.error]
    said = texts(figure)
    # the largest first
    assert [text for text in said if text.startswith(("beam rate", "matter"))] == [
        "beam rate (in the limit)",
        "matter",
    ]
    assert "hnlpeak simulation" in said
    points = figure.axes[0].containers[0].lines[0]
    assert points.get_ydata() == pytest.approx([1.0, -2.0, 3.0])  # per cent


def test_systematic_sources_are_told_apart(inputs: Search) -> None:
    masses = (float(inputs.result["m_n_mev"][0]), float(inputs.result["m_n_mev"][-1]))
    names = ["branching fraction of K_mu2", "K_e3 $x$", *(f"source {i}" for i in range(10))]
    shift = Shift((0.01, -0.02), (0.002, 0.003))
    sources = tuple(
        SystematicSource(name, {}, "a reference", "E", False, shift, shift, shift, None) for name in names
    )
    result = dataclasses.replace(inputs.result, systematics=Systematics(masses, sources))
    figure = FIGURES["systematics"].draw(dataclasses.replace(inputs, result=result))
    assert figure is not None
    axes = figure.axes[0]
    lines = [container.lines[0] for container in axes.containers]
    assert len({str(line.get_marker()) for line in lines}) == len(names)
    assert len({str(line.get_color()) for line in lines}) == len(names)
    # beside each other, and inside the axes
    first = [float(np.asarray(line.get_xdata())[0]) for line in lines]
    assert len(set(first)) == len(names)
    assert axes.get_xlim()[0] < min(first) < masses[0] < max(first)
    said = texts(figure)
    assert r"branching fraction of $K_{\mu2}$" in said
    assert r"$K_{e3}$ \$x\$" in said
    render(figure, "svg")


def test_counts_stand_in_the_rows_of_their_cuts(inputs: Search) -> None:
    figure = FIGURES["cutflow"].draw(inputs)
    assert figure is not None
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    for axes, flow in zip(figure.axes, inputs.cutflows, strict=True):
        written = {
            (text.get_position()[0], round(text.get_position()[1])): text.get_text() for text in axes.texts
        }
        after, without = sorted({x for x, _ in written})
        for place, row in enumerate(flow.rows()):
            assert written[after, place].replace("\u2009", "") == f"{row['passed']:.0f}"
            if place:
                assert written[without, place].replace("\u2009", "") == f"{row['n_minus_one']:.0f}"
        # no bar and no mark reaches the numbers
        widest = max(patch.get_width() for patch in axes.patches)
        assert axes.transAxes.inverted().transform(axes.transData.transform((widest, 0.0)))[0] < 0.7


def test_windows_without_events_are_whole_dots(inputs: Search) -> None:
    figure = FIGURES["n_signal"].draw(inputs)
    assert figure is not None
    low = figure.axes[0].get_ylim()[0]
    assert low < 0.0 if inputs.result.number("background").min() < 1.0 else low > 0.0


def test_shares_are_of_bins_wide_enough_to_know_them(inputs: Search) -> None:
    templates = inputs.templates
    assert templates is not None
    columns = FIGURES["composition"].columns(inputs)
    assert columns is not None
    errors = np.array([values for name, values in columns.items() if name.startswith("share_error_")])
    assert errors.max() <= 0.02
    low, high = (np.array(columns[name]) for name in ("low_mev", "high_mev"))
    assert low[1:] == pytest.approx(high[:-1])
    assert set(high - low) != {8.0}
    # no bin across the change of the selection
    assert 350.0 in low
    # the first bin against its own counts
    selection = str(inputs.result["selection"][0])
    centres = 0.5 * (templates.edges[1:] + templates.edges[:-1])
    on = (centres > low[0]) & (centres < high[0])
    parts = {name: templates.project(selection, components=[name]) for name in templates.components}
    events = {name: float(part.values[on].sum()) for name, part in parts.items()}
    spread = {name: float(part.variances[on].sum()) for name, part in parts.items()}
    whole = sum(events.values())
    for name, number in events.items():
        share = number / whole
        others = sum(spread.values()) - spread[name]
        error = np.sqrt((1.0 - share) ** 2 * spread[name] + share**2 * others) / whole
        assert columns[f"share_{word(name)}"][0] == pytest.approx(share)
        assert columns[f"share_error_{word(name)}"][0] == pytest.approx(error)


def test_the_ratio_has_an_error_where_there_is_simulation_to_see(inputs: Search) -> None:
    figure = FIGURES["m_miss"].draw(inputs)
    assert figure is not None
    top, bottom = figure.axes[:2]
    shown = m_miss_bins(inputs.result, inputs.data, inputs.templates)
    assert shown.simulated is not None
    seen = shown.simulated.total * shown.weights > top.get_ylim()[0]
    assert seen.any()
    band = bottom.collections[0].get_paths()[0].vertices
    wide = {
        i
        for i, centre in enumerate(0.5 * (shown.counts.edges[1:] + shown.counts.edges[:-1]))
        if np.ptp(band[np.abs(band[:, 0] - centre) < 0.51 * shown.width, 1]) > 0.0
    }
    assert {int(i) for i in np.flatnonzero(seen)} <= wide
    assert 0.0 not in bottom.get_yticks()


def test_numbers_of_figures_are_those_of_the_search(inputs: Search, data: Spectrum) -> None:
    result, tables = (
        inputs.result,
        {name: FIGURES[name].columns(inputs) for name in ("u2", "m_miss", "composition")},
    )
    curves, spectrum, shares = tables["u2"], tables["m_miss"], tables["composition"]
    assert curves is not None
    assert spectrum is not None
    assert shares is not None
    observed = [u2 for name, u2 in zip(curves["curve"], curves["u2"], strict=True) if name == "observed"]
    assert observed == result.number("u2_ul_observed").tolist()
    assert {"kek-e", "expected_p2s"} <= set(curves["curve"])
    edges = data.edges
    for low, high, name, events in list(
        zip(*(spectrum[n] for n in ("low_mev", "high_mev", "selection", "events")), strict=True)
    )[::40]:
        on = (edges[:-1] > low - 1e-6) & (edges[1:] < high + 1e-6)
        assert events == data.project(name).values[on].sum()
    names = [name for name in shares if name.startswith("share_") and f"share_error_{name[6:]}" in shares]
    whole = np.sum([shares[name] for name in names], axis=0)
    assert whole[whole > 0.0] == pytest.approx(1.0)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_a_bare_result(name: str, inputs: Search) -> None:
    figure = FIGURES[name].draw(Search(inputs.result))
    columns = FIGURES[name].columns(Search(inputs.result))
    assert (figure is not None) == (columns is not None) == (name in OF_A_RESULT)


@pytest.mark.parametrize("name", sorted(OF_A_RESULT))
def test_a_user_s_data_are_not_called_simulation(name: str, inputs: Search) -> None:
    figure = FIGURES[name].draw(Search(dataclasses.replace(inputs.result, simulated=False)))
    assert figure is not None
    # acceptance and resolution are simulated whatever the data are
    assert ("hnlpeak simulation" in texts(figure)) == (name in ("acceptance", "resolution"))


def test_nothing_without_limits_breaks_a_figure(inputs: Search) -> None:
    numbers = [name for name, column in inputs.result.columns.items() if column.dtype.kind == "f"]
    none = np.full(len(inputs.result), np.nan)
    empty = with_columns(inputs.result, **{name: none for name in numbers if name != "m_n_mev"})
    for name in sorted(OF_A_RESULT):
        figure = FIGURES[name].draw(Search(empty))
        assert figure is not None
        assert len(render(figure, "png")) > 1000


def test_the_same_bytes_twice(inputs: Search, tmp_path: Any) -> None:
    for format_ in ("png", "svg", "pdf"):
        first, second = (FIGURES["p_value"].draw(inputs) for _ in range(2))
        assert first is not None
        assert second is not None
        assert render(first, format_) == render(second, format_)
    figure = FIGURES["p_value"].draw(inputs)
    assert figure is not None
    paths = save(figure, tmp_path / "p")
    assert [path.name for path in paths.values()] == ["p.png", "p.svg"]
    width, height = struct.unpack(">II", paths["png"].read_bytes()[16:24])
    assert (width, height) == (1260, 840)
    with pytest.raises(UsageError, match="bmp"):
        save(figure, tmp_path / "p", formats=("bmp",))


@pytest.mark.parametrize("n", [0, 1, 5, 40])
def test_garwood_ends_have_equal_tails(n: int) -> None:
    low, high = (float(end[0]) for end in garwood([n]))
    tail = 0.5 * math.erfc(math.sqrt(0.5))

    def at_most(k: int, mean: float) -> float:
        return sum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(k + 1))

    assert at_most(n, high) == pytest.approx(tail, rel=1e-9)
    if n == 0:
        assert low == 0.0
    else:
        assert 1.0 - at_most(n - 1, low) == pytest.approx(tail, rel=1e-9)


def test_wide_bins_hold_what_the_fine_ones_do(data: Spectrum) -> None:
    projection = data.project("tight")
    places = snapped_edges(projection.edges, np.arange(170.0, 448.1, 2.0))
    wide = rebin(projection, places)
    inside = (projection.edges[:-1] >= wide.edges[0] - 1e-6) & (projection.edges[1:] <= wide.edges[-1] + 1e-6)
    assert wide.values.sum() == projection.values[inside].sum()
    assert np.diff(wide.edges) == pytest.approx(2.0, abs=1e-9)
    assert signed_gev2(np.array([-100.0, 300.0])) == pytest.approx([-0.01, 0.09])


def test_coarse_bins_are_kept_whole() -> None:
    edges = np.array([0.0, 10.0, 25.0, 40.0])
    assert snapped_edges(edges, np.arange(-5.0, 41.0, 1.0)).tolist() == [0, 1, 2, 3]


def test_each_bin_shows_the_selection_of_its_mass(inputs: Search, data: Spectrum) -> None:
    parts = segments(inputs.result)
    assert [(part.selection, part.low) for part in parts] == [("tight", -np.inf), ("loose", 350.0)]
    places = snapped_edges(data.edges, np.arange(300.0, 400.1, 10.0))
    mixed = composite(data, parts, places).values
    tight, loose = (rebin(data.project(name), places).values for name in ("tight", "loose"))
    assert mixed.tolist() == [*tight[:5], *loose[5:]]


def test_templates_are_scaled_to_the_number_of_kaons(inputs: Search, templates: Spectrum) -> None:
    parts = segments(inputs.result)
    places = snapped_edges(templates.edges, np.arange(200.0, 300.1, 10.0))
    found = stack(templates, inputs.result, parts, places)
    scale = inputs.result.normalisation.n_kaon.value / templates.decays_in_fiducial
    raw = rebin(templates.project("tight"), places)
    assert found.total == pytest.approx(scale * raw.values)
    assert sum(found.components.values()) == pytest.approx(found.total)
    kaons = inputs.result.normalisation.n_kaon
    relative = kaons.error / kaons.value
    assert found.error == pytest.approx(np.hypot(scale * np.sqrt(raw.variances), relative * found.total))


def test_example_peaks_hold_the_events_of_their_mixing(inputs: Search) -> None:
    result = inputs.result
    for peak in examples(result):
        row = result.row(peak.mass)
        limit = row["u2_ul_expected"] * row["acceptance_no_window"] / row["acceptance"]
        # N_S at 10 times the expected limit, |U|^2 rounded to one digit
        events = 10.0 * row["n_signal_ul_expected"] * limit / row["u2_ul_expected"]
        assert peak.events == pytest.approx(events, rel=0.5)
        assert peak.counts(np.linspace(0.0, 500.0, 200)).sum() == pytest.approx(peak.events)


def test_data_points_are_the_counts(inputs: Search, data: Spectrum) -> None:
    axes = m_miss(inputs.result, data).axes[0]
    x, y = axes.containers[0].lines[0].get_data()
    parts = segments(inputs.result)
    places = snapped_edges(data.edges, np.arange(150.0, 468.1, 2.0))
    counts = composite(data, parts, places)
    on = counts.values > 0.0
    assert np.asarray(y) == pytest.approx(counts.values[on])
    assert np.asarray(x) == pytest.approx(0.5 * (counts.edges[1:] + counts.edges[:-1])[on])


def test_uncertain_curves_are_dotted_and_shade_nothing(inputs: Search) -> None:
    axes = u2(inputs.result, [published("na62-2007-mu")]).axes[0]
    styles = [line.get_linestyle() for line in axes.lines]
    assert ":" in styles
    assert "excluded earlier" not in axes.get_legend_handles_labels()[1]
    certain = u2(inputs.result, [published("na62-2020-e"), published("kek-e")])
    assert "excluded earlier" in certain.axes[0].get_legend_handles_labels()[1]
    assert {"NA62 2017–2018 (2020)", "KEK (1984)", "observed", "published"} <= set(texts(certain))


@pytest.mark.parametrize("lowest", [0.3, 1e-3, 1e-6, 1e-40, 1e-290])
def test_lines_of_standard_deviations_keep_apart(inputs: Search, lowest: float) -> None:
    p = np.where(inputs.result.hypotheses.mass == 300.0, lowest, inputs.result.excess.p_value)
    axes = p_value(with_columns(inputs.result, p_value=np.maximum(p, lowest))).axes[0]
    low, high = axes.get_ylim()
    assert high == 1.0
    assert low < lowest
    levels = [
        float(np.asarray(line.get_ydata())[0])
        for line in axes.lines
        if len(np.asarray(line.get_ydata())) == 2
    ]
    places = [math.log(level) / math.log(low) for level in levels]
    assert len(places) >= 3
    assert np.diff([0.0, *places]).min() > 0.045
    assert max(places) < 1.0


def test_points_above_the_axis_of_the_ratio_are_arrows(inputs: Search, data: Spectrum) -> None:
    assert inputs.templates is not None
    low = Spectrum.from_weights(
        inputs.templates.histogram.values().astype(np.int64) * 0 + FIXED_POINT,
        inputs.templates.histogram.values().astype(np.int64) * 0 + FIXED_POINT,
        selections=("tight", "loose"),
        components=inputs.templates.components,
        simulated=True,
        label="few",
        decays_in_fiducial=1e12,
    )
    bottom = m_miss(inputs.result, data, low).axes[1]
    arrows = [line for line in bottom.lines if line.get_marker() == "^"]
    assert len(np.asarray(arrows[0].get_xdata())) > 50
    assert np.asarray(arrows[0].get_ydata()).max() < bottom.get_ylim()[1]


def test_stacks_of_all_figures_have_one_order(inputs: Search) -> None:
    def order(name: str) -> list[str]:
        figure = FIGURES[name].draw(inputs)
        assert figure is not None
        words = [label.split("  (")[0] for label in figure.axes[0].get_legend_handles_labels()[1]]
        return [word for word in words if word.startswith("$K")]

    spectrum, shares, squared = order("m_miss"), order("composition"), order("m2_miss")
    for one, other in ((spectrum, shares), (squared, shares), (spectrum, squared)):
        common = [name for name in one if name in other]
        assert common == [name for name in other if name in one]
        assert len(common) >= 2
    assert len(squared) == 4  # the peak at 0 is in the legend too


def test_a_style_of_one_s_own(inputs: Search, tmp_path: Any) -> None:
    style = tmp_path / "ours.mplstyle"
    style.write_text("font.size: 20\naxes.labelsize: 22\n")
    with own_style(style):
        figure = FIGURES["p_value"].draw(inputs)
    assert figure is not None
    assert figure.axes[0].xaxis.label.get_fontsize() == 22.0
    plain = FIGURES["p_value"].draw(inputs)
    assert plain is not None
    assert plain.axes[0].xaxis.label.get_fontsize() == 13.5
    for content in (b"nothing", b"\xff\xfe"):
        style.write_bytes(content)
        with pytest.raises(InputDataError, match="matplotlib style file"), own_style(style):
            pass


def test_a_published_curve_looks_the_same_in_every_figure(inputs: Search) -> None:
    curves = [published(name) for name in ("kek-e", "na62-2020-e", "pienu-2017-e")]

    def looks(figure: Figure) -> set[tuple[str, str]]:
        drawn = {curve.mass.size for curve in curves}
        lines = [line for line in figure.axes[0].lines if len(np.asarray(line.get_xdata())) in drawn]
        return {(str(line.get_color()), str(line.get_linestyle())) for line in lines}

    one, other = u2(inputs.result, curves), u2_searches([inputs.result], curves[::-1])
    assert looks(one) == looks(other)
    assert len(looks(one)) == len(curves)


def test_every_curve_of_the_library_has_looks_of_its_own() -> None:
    assert set(LOOKS) == set(list_published())
    for flavour in ("e", "mu"):
        own = [LOOKS[name] for name in list_published() if published(name).flavour == flavour]
        assert len(set(own)) == len(own)
        marks = [mark for _, _, mark in own]
        assert len(set(marks)) == len(marks), "grey print has no colours"


def test_curves_from_elsewhere_are_told_apart_and_do_not_stretch_the_axis(inputs: Search) -> None:
    kek = published("kek-e")
    heavy = [
        dataclasses.replace(kek, name=f"mine{i}", meson="", mass=kek.mass * 20.0, year=0) for i in range(3)
    ]
    axes = u2_searches([inputs.result], [kek, *heavy]).axes[0]
    assert axes.get_xlim()[1] < 600.0
    lines = [line for line in axes.lines if "KEK" in str(line.get_label())]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == len(lines) == 4


def test_sources_of_a_stack_are_told_apart_without_colour() -> None:
    from hnlpeak.report.labels import source_hatch
    from hnlpeak.theory.modes import MODES

    hatches = [source_hatch(name) for name in [*MODES, "halo"]]
    assert len(set(hatches)) == len(hatches)
    assert source_hatch("something of the user's") == ""


def test_recomputed_limits_are_drawn_with_the_search_that_names_them(inputs: Search) -> None:
    muon = dataclasses.replace(inputs, result=dataclasses.replace(inputs.result, lepton="mu"))
    own, none = (
        dataclasses.replace(muon, analysis=analysis) for analysis in (load_analysis("na62-2007-kmu2"), None)
    )
    of_the_search = {curve.name for curve in earlier_searches(own)}
    of_others = {curve.name for curve in earlier_searches(none)}
    assert of_the_search - of_others == {"na62-2007-mu-tables", "na62-2007-mu-tables-expected"}


def test_words_with_dollars_are_not_formulae(inputs: Search) -> None:
    odd = "a $\\frac{$ b"
    cutflows = tuple(dataclasses.replace(flow, selection=odd) for flow in inputs.cutflows)
    figure = FIGURES["cutflow"].draw(dataclasses.replace(inputs, cutflows=cutflows))
    assert figure is not None
    render(figure, "svg")


def test_paths_go_through_their_hits(experiment: Experiment, event: np.void) -> None:
    setup = experiment.setup[0]
    track, photon = (particle_path(setup, particle) for particle in event["particles"][:2])
    for n in range(int(setup["n_chambers"])):
        z, hit = float(setup["chamber_z"][n]), event["particles"][0]["hits"][n]
        # the fixture takes the kick to first order in the slope
        assert np.interp(z, track[:, 2], track[:, 0]) == pytest.approx(float(hit["x"]), abs=0.5)
        assert np.interp(z, track[:, 2], track[:, 1]) == pytest.approx(float(hit["y"]), abs=0.5)
    assert track[-1, 2] == pytest.approx(float(setup["calorimeter_z"]))
    assert photon[-1, 2] == pytest.approx(165.608e3)


def test_a_decay_in_flight_turns_the_path(experiment: Experiment, event: np.void) -> None:
    particle = event["particles"][0]
    second = particle["segments"][1]
    second["z"], second["tx"], second["ty"], second["p"] = 160e3, 0.016, 0.004, 15e3
    particle["n_segments"] = 2
    path = particle_path(experiment.setup[0], particle)
    assert path[1].tolist() == pytest.approx([45.0 + 0.006 * 20e3, 0.004 * 20e3, 160e3])
    assert (path[2, 0] - path[1, 0]) / (path[2, 2] - path[1, 2]) == pytest.approx(0.016)


def test_shares_of_no_background_are_blanks(inputs: Search) -> None:
    """A search with few events has masses with b = 0, and nothing is a share of that."""
    b = inputs.result.number("background").copy()
    b[0] = 0.0
    changed = with_columns(inputs.result, background=b)
    masses = (float(changed["m_n_mev"][0]), float(changed["m_n_mev"][-1]))
    shift = Shift((0.01, -0.02), (0.002, 0.003))
    source = SystematicSource("matter", {}, "a reference", "E", False, shift, shift, shift, shift)
    result = dataclasses.replace(changed, systematics=Systematics(masses, (source,)))
    *_, table = systematics_tables(result)
    row = next(row for row in table.rows if row[0] == "statistics of b")
    assert row[2] == "–"  # at 170 MeV
    assert float(row[3]) > 0.0
