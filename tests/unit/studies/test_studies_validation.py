"""Targets, verdicts, and the rows that a small sample can judge."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import curve_fit

from hnlpeak.core.measured import Measured
from hnlpeak.detectors.beam_tracker import BeamTracker
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.studies.validation import bench
from hnlpeak.studies.validation.bench import core, fitted_width
from hnlpeak.studies.validation.exact import exact
from hnlpeak.studies.validation.intervals import intervals
from hnlpeak.studies.validation.target import Target, compare, read_targets
from hnlpeak.studies.validation.validate import validate

SHARED = Path(__file__).resolve().parents[4] / "shared" / "reference" / "validation.csv"


def target(tolerance: float, kind: str = "absolute", what: str = "validation") -> Target:
    return Target("x", what, -10.0, tolerance, kind, "nowhere")


@pytest.mark.parametrize(
    ("value", "tolerance", "kind", "status"),
    [
        (-10.4, 0.5, "absolute", "ok"),
        (-10.6, 0.5, "absolute", "off"),
        (-10.4, 0.05, "relative", "ok"),
        (-10.6, 0.05, "relative", "off"),
        (-9.4, 0.05, "relative", "off"),
    ],
)
def test_verdicts(value, tolerance, kind, status):
    """A relative tolerance is one of the target's size; the error of the value widens nothing."""
    found = compare(target(tolerance, kind), {"x": Measured(value, stat=5.0)})
    assert (found.status, found.value, found.error) == (status, value, 5.0)


def test_fit_of_a_histogram_sees_tails_that_the_core_does_not():
    """scipy's curve_fit of the same bins; 5 % of twice the width about another mean move the fit, not the core."""
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(0.09, 0.0018, 95_000), rng.normal(0.09, 0.005, 5_000)])
    ones = np.ones(x.size)
    edges = np.arange(0.06, 0.12, 1e-4)
    events, _ = np.histogram(x, edges)
    filled = events > 0
    found, _ = curve_fit(
        lambda m, height, mean, sigma: height * np.exp(-0.5 * ((m - mean) / sigma) ** 2),
        0.5 * (edges[1:] + edges[:-1])[filled],
        events[filled],
        p0=[events.max(), 0.09, 0.002],
        sigma=np.sqrt(events[filled]),
    )
    fitted = fitted_width(x, ones, bin_width=1e-4)
    assert fitted.value == pytest.approx(abs(found[2]), rel=2e-3)
    narrow = core(x, ones, mean=0.09, sigma=0.002).value
    assert narrow == pytest.approx(0.0018, rel=0.02)
    assert fitted.value > 1.02 * narrow
    assert fitted_width(x, ones, bin_width=1e-4, low=0.0864, high=0.0936).value < fitted.value


def test_what_has_no_verdict():
    assert compare(target(0.1, what="report"), {"x": Measured(3.0)}).status == "report"
    missing = compare(target(0.1), {})
    assert missing.status == "not measured"
    assert missing.record()["value"] is None


def test_targets_are_those_that_were_given():
    if not SHARED.is_file():
        pytest.skip("the table of targets is not beside the project")
    with SHARED.open(encoding="utf-8") as file:
        given = {
            row["key"]: (float(row["target"]), float(row["tolerance"]), row["tolerance_kind"], row["kind"])
            for row in csv.DictReader(file)
        }
    ours = {t.key: (t.target, t.tolerance, t.tolerance_kind, t.kind) for t in read_targets()}
    assert ours == given


def test_every_exact_row_agrees():
    rows = [compare(t, exact()) for t in read_targets() if t.kind == "exact"]
    assert len(rows) == 9
    assert {row.status for row in rows} == {"ok"}


def test_every_published_interval_is_found():
    """Limits of VERITAS, of Feldman and Cousins, of NA62 in 2019, and the 26 of the public 2007 tables."""
    rows = [compare(t, intervals()) for t in read_targets("intervals")]
    assert len(rows) == 9 + 26
    assert {row.status for row in rows} == {"ok"}
    assert {row.kind for row in rows} == {"published"}


def test_published_counts_are_those_that_were_given():
    table = Path(__file__).resolve().parents[2] / "reference" / "na62_2007_counts.csv"
    text = (files("hnlpeak") / "library" / "validation" / "intervals.csv").read_text(encoding="utf-8")
    names = {"n": "n_obs", "background": "b", "background_error": "sigma_b", "target": "ul_ns_90"}
    ours = {row["key"]: row for row in csv.DictReader(text.splitlines())}
    for given in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        row = ours[f"interval_2007_{given['mass_mev']}"]
        assert all(row[name] == given[theirs] for name, theirs in names.items())


def test_small_samples_agree_with_every_calibration_row():
    """What cards may be set from comes out; every row is there, and none is judged that was not measured."""
    rows = validate(RunContext(seed=1, workers=2), quick=True)
    assert [row.key for row in rows] == [t.key for t in (*read_targets(), *read_targets("intervals"))]
    calibrated = [row for row in rows if row.kind == "calibration"]
    assert len(calibrated) == 14
    assert {row.key for row in calibrated if row.status != "ok"} == set()


def test_widths_with_the_beam_tracker_are_of_the_momenta_of_the_published_ones() -> None:
    analysis = bench._with_tracker(load_analysis("na62-2015-ke2"))
    momenta = [cut.bounds() for cut in analysis.card.cuts if cut.column == "p_mev"]
    assert momenta == [([5e3], [30e3])]
    trackers = [d for d in analysis.experiment.card.detectors if isinstance(d, BeamTracker)]
    assert [tracker.installed for tracker in trackers] == [True]
