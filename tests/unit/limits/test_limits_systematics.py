"""Systematic sources in a search: by hand in quadrature, in the limit where the card says so, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hist
import numpy as np
import pytest

from hnlpeak.background.estimates import BackgroundDetails, BackgroundEstimates
from hnlpeak.background.templates import TemplateDetails
from hnlpeak.core.card import read_card
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.limits.hypotheses import Hypotheses
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.systematics import Shift, Systematics, SystematicSource
from hnlpeak.limits.systematics_errors import with_systematics
from hnlpeak.limits.systematics_table import systematic_rows
from hnlpeak.report.figures.systematics import systematics
from hnlpeak.report.systematics_tables import systematics_tables
from hnlpeak.spectrum import Spectrum
from hnlpeak.spectrum.fixed_point import to_fixed

LIBRARY, _, _ = read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")
CARD = LIBRARY.model_copy(
    update={
        "scan": LIBRARY.scan.model_copy(update={"mass_min": 200.0, "mass_max": 380.0, "step": 20.0}),
        "systematics": None,
    }
)


def source(name: str, shift: float, *, in_limit: bool, background: float | None = None) -> SystematicSource:
    def both(value: float) -> Shift:
        return Shift((value, 2.0 * value), (0.001, 0.001))

    part = None if background is None else both(background)
    return SystematicSource(
        name, {"beam.x": 1.1}, "a book", "E", in_limit, both(shift), both(0.0), both(shift), part
    )


SOURCES = (source("scale", -0.06, in_limit=True), source("matter", 0.08, in_limit=False))
FOUND = Systematics((200.0, 400.0), SOURCES)


def search(found: Systematics | None) -> SearchResult:
    counts = to_fixed(np.full(3900, 0.3))[None, None]
    axis: Any = hist.axis.Regular(3900, 100.0, 490.0, name="m_miss")
    spectrum = Spectrum.from_weights(
        counts, counts, selections=["any"], components=["s"], simulated=True, label="toy", axis=axis
    )
    points = [
        SignalPoint(m, Measured(22.0 - 0.05 * m), Measured(0.15), Measured(0.15 / 0.6826894921))
        for m in (160.0, 400.0)
    ]
    signal = signal_model({"any": points}, window=1.0, source="toy")
    return scan(spectrum, CARD, signal=signal, flux=KaonFlux(Measured(3e8)), systematics=found)


def test_shifts_are_interpolated_and_added_in_quadrature() -> None:
    mass = np.array([150.0, 200.0, 300.0, 450.0])
    errors = FOUND.errors(mass, np.zeros(4))
    # sizes grow from 1 to 2 between the masses of the study and are constant beyond them; 6 and 8 make 10 %
    assert errors.efficiency == pytest.approx([0.10, 0.10, 0.15, 0.20])
    assert errors.efficiency_in_limit == pytest.approx([0.06, 0.06, 0.09, 0.12])
    assert not np.any(errors.background)


def test_a_shift_that_changes_its_sign_is_no_smaller_in_between() -> None:
    turning = Shift((0.1, -0.1), (0.01, 0.01))
    one = replace(SOURCES[0], efficiency=turning, background=turning)
    found = Systematics((170.0, 450.0), (one,))
    errors = found.errors(np.array([170.0, 310.0, 450.0]), np.full(3, 20.0))
    assert errors.efficiency == pytest.approx([0.1, 0.1, 0.1])
    assert errors.background == pytest.approx([2.0, 2.0, 2.0])


def test_masses_without_an_estimate_take_that_of_their_neighbours() -> None:
    nan = float("nan")
    known, nothing = Shift((0.1, nan, 0.3), (0.01, nan, 0.01)), Shift((nan,) * 3, (nan,) * 3)
    gap = replace(SOURCES[0], acceptance=known, n_kaon=known, efficiency=known)
    none = replace(SOURCES[1], acceptance=nothing, n_kaon=nothing, efficiency=nothing)
    found = Systematics((200.0, 250.0, 400.0), (gap, none))
    errors = found.errors(np.array([150.0, 250.0, 300.0, 450.0]), np.zeros(4))
    assert errors.efficiency == pytest.approx([0.1, 0.15, 0.2, 0.3])
    made = search(found)
    again = SearchResult.from_record(made.to_dict(), "here").systematics
    assert again is not None
    assert np.isnan(again.sources[1].efficiency.value).all()
    rows = systematic_rows(made)
    assert [row["efficiency_shift"] for row in rows[:6]] == [0.1, None, 0.3, None, None, None]
    assert rows[1]["efficiency_shift_error"] is None
    figure = systematics(made, found)
    assert len(figure.axes[0].get_legend().get_texts()) == 3
    table = systematics_tables(made)[0]
    assert not any("nan" in cell for row in table.rows for cell in row)


def test_sources_in_the_limit_weaken_it_and_all_are_with_errors() -> None:
    bare, made = search(None), search(FOUND)
    mass = made.hypotheses.mass
    relative = made.number("net_efficiency_error") / made.number("net_efficiency")
    assert relative == pytest.approx(0.06 * (1.0 + (mass - 200.0) / 200.0))
    assert np.all(bare.number("net_efficiency_error") == 0.0)
    for name in ("n_signal_ul_observed", "n_signal_ul_expected", "u2_ul_unbounded"):
        assert np.all(made.number(name) > bare.number(name)), name
    # 10 to 20 % weaken more than 6 to 12 %
    assert np.all(made.number("n_signal_ul_with_errors") > made.number("n_signal_ul_observed"))
    none = search(Systematics(FOUND.masses, tuple(replace(s, in_limit=False) for s in SOURCES)))
    assert none.number("n_signal_ul_observed") == pytest.approx(bare.number("n_signal_ul_observed"))
    assert np.all(none.number("n_signal_ul_with_errors") > none.number("n_signal_ul_observed"))


def test_a_result_with_sources_comes_back_from_its_file() -> None:
    made = search(FOUND)
    again = SearchResult.from_record(made.to_dict(), "here")
    assert again.systematics == FOUND
    assert again.number("systematic_efficiency") == pytest.approx(made.number("systematic_efficiency"))
    assert SearchResult.from_record(search(None).to_dict(), "here").systematics is None


def test_the_table_has_sources_and_parts_of_the_error_of_b() -> None:
    rows = systematic_rows(search(FOUND))
    assert [row["source"] for row in rows[::2]] == ["scale", "matter", "statistics of b", "method of b"]
    assert [row["efficiency_shift"] for row in rows[:2]] == [-0.06, -0.12]
    assert rows[-1]["efficiency_shift"] is None
    assert rows[-1]["background_error"] > 0.0
    assert systematic_rows(search(None)) == []


def estimates(details: BackgroundDetails) -> BackgroundEstimates:
    ones = np.ones(2)
    return BackgroundEstimates.of(
        100.0 * ones, stat=3.0 * ones, syst=4.0 * ones, leakage=0.0 * ones, status=["ok"] * 2, details=details
    )


def test_a_source_in_the_limit_is_a_part_of_the_error_of_b_without_the_halo() -> None:
    details = TemplateDetails(
        "templates",
        {},
        None,  # type: ignore[arg-type]
        (),
        {},
        {"kmu3": (60.0, 60.0), "kmu2": (20.0, 20.0), "halo": (20.0, 20.0)},
        {"simulation": (3.0, 3.0), "trigger": (4.0, 4.0)},
        {},
    )
    found = Systematics(
        (200.0, 400.0),
        (
            source("form", 0.0, in_limit=True, background=0.15),
            source("matter", 0.0, in_limit=False, background=0.5),
        ),
    )
    table = search(None).hypotheses
    two = Hypotheses(
        **{
            name: getattr(table, name)[[0, 9]]
            for name in Hypotheses.__dataclass_fields__
            if name != "systematic"
        }
    )
    assert two.mass.tolist() == [200.0, 380.0]
    _, background = with_systematics(found, two, estimates(details))
    # 15 % of the 80 decays, and 1.9 times as much at 380 MeV; 3, 4 and 12 make 13
    assert background.details.budget["form"] == pytest.approx((12.0, 22.8))
    assert "matter" not in background.details.budget
    assert background.syst[0] == pytest.approx(np.hypot(4.0, 12.0))
    assert background.error[0] == pytest.approx(13.0)
