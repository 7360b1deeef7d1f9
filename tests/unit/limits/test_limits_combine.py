"""Several searches as one: against doubled exposure, pyhf with the same model, and what users may get wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyhf_limit import pyhf_limit

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.formats.results import write_results
from hnlpeak.limits.combine import combine
from hnlpeak.limits.efficiency import net_efficiency
from hnlpeak.limits.intervals import signal_limits
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.systematics import SystematicErrors
from hnlpeak.spectrum import Spectrum
from hnlpeak.statistics import Gaussian, Known, method_call

N_K = 3.01e8
CARD = load_analysis("na62-2015-ke2").card
CARD = CARD.model_copy(
    update={"scan": CARD.scan.model_copy(update={"mass_min": 200.0, "mass_max": 400.0, "step": 20.0})}
)


def search(
    times: float = 1.0, *, seed: int = 1, n_kaon_error: float = 0.0, lepton: str = "e"
) -> SearchResult:
    """A search in ``times`` the exposure of a spectrum, whose counts are multiplied."""
    kaons = Measured(times * N_K, stat=n_kaon_error * times * N_K)
    points = [SignalPoint(m, Measured(s), Measured(0.15), n_kaon=kaons) for m, s in ((160, 12.0), (450, 0.9))]
    rng = np.random.Generator(np.random.Philox(seed))
    counts = (times * rng.poisson(0.4, (1, 1, 45_000))).astype(np.int64)
    spectrum = Spectrum.from_counts(
        counts, selections=["any"], components=["data"], simulated=True, label="flat"
    )
    made = scan(spectrum, CARD, signal=signal_model({"any": points}, window=CARD.scan.window, source="test"))
    return replace(made, lepton=lepton)


@pytest.fixture(scope="module")
def one() -> SearchResult:
    return search()


@pytest.fixture(scope="module")
def other() -> SearchResult:
    return search(seed=2, n_kaon_error=0.1)


def fixed(result: SearchResult, times: float) -> SearchResult:
    """``result`` with ``times`` the counts and the errors that ``times`` the exposure would have, all alike."""
    b, table = result.background, result.hypotheses
    return replace(
        result,
        n_observed=times * result.n_observed,
        background=replace(b, background=times * b.background, error=np.sqrt(times) * b.error),
        hypotheses=replace(table, n_kaon=times * table.n_kaon),
    )


def test_one_search_is_itself(one: SearchResult) -> None:
    made = combine([one])
    np.testing.assert_allclose(made.observed, one.limits.observed.u2, rtol=1e-10)
    # quantiles over 2048 draws against sums
    np.testing.assert_allclose(made.expected[2], one.limits.expected.median.u2, rtol=0.01)
    np.testing.assert_allclose(made.expected[4], one.limits.expected.p2s.u2, rtol=0.03)
    z = one.excess.significance
    np.testing.assert_allclose(made.significance, np.maximum(z, 0.0), atol=1e-8)


@pytest.mark.parametrize("method", ["rolke-lopez", "cls", "one-sided"])
def test_two_equal_searches_are_one_of_doubled_exposure(one: SearchResult, method: str) -> None:
    both, doubled = combine([one, one], method=method), combine([fixed(one, 2.0)], method=method)
    np.testing.assert_allclose(both.observed, doubled.observed, rtol=1e-9)
    np.testing.assert_allclose(both.significance, doubled.significance, atol=1e-7)
    assert np.all(both.expected[2] < 0.8 * both.own_expected[0])


def test_a_spectrum_of_doubled_exposure_is_two_searches_about() -> None:
    """The fits of its side bands choose their functions with twice the events: a few per cent."""
    one, doubled = search(), search(2.0)
    both = combine([one, one])
    np.testing.assert_allclose(both.observed, doubled.limits.observed.u2, rtol=0.06)


def test_flavours_count_by_their_shares(one: SearchResult, other: SearchResult) -> None:
    muons = replace(other, lepton="mu")
    made = combine([one, muons], {"e": 0.25, "mu": 0.75})
    table = one.hypotheses
    # the same as two searches of one flavour whose B for |U|^2 = 1 are the shares of it
    apart = [
        replace(one, hypotheses=replace(table, per_u2=0.25 * table.per_u2)),
        replace(other, hypotheses=replace(other.hypotheses, per_u2=0.75 * other.hypotheses.per_u2)),
    ]
    np.testing.assert_allclose(made.observed, combine(apart).observed, rtol=1e-10)
    np.testing.assert_allclose(made.own_observed[0], 4.0 * one.limits.observed.u2, rtol=1e-12)
    columns = made.columns()
    np.testing.assert_allclose(columns["u2_mu_ul_observed"], 0.75 * made.observed, rtol=1e-11)
    with pytest.raises(UsageError, match="no share"):
        combine([one, muons], {"e": 1.0})
    with pytest.raises(UsageError, match=r"e:0\.5,mu:0\.5"):
        combine([one, muons])


def test_a_common_number_of_kaons_costs_what_one_search_would_pay(other: SearchResult) -> None:
    none = combine([other, other], errors=()).observed
    own = combine([other, other], errors=("kaons",)).observed
    common = combine([other, other], shared=("kaons",)).observed
    # one search of twice the counts with the same relative error of N_K
    twice = fixed(other, 2.0)
    twice = replace(
        twice, hypotheses=replace(twice.hypotheses, n_kaon_error=2.0 * other.hypotheses.n_kaon_error)
    )
    assert np.all(own > none)
    assert np.all(common > own)
    np.testing.assert_allclose(common, combine([twice], errors=("kaons",)).observed, rtol=1e-8)


def with_source(result: SearchResult, shift: float) -> SearchResult:
    """``result`` as it is with one systematic source in the limit, which moves A N_K by ``shift``."""
    size = len(result)
    errors = SystematicErrors(np.full(size, shift), np.full(size, shift), np.zeros(size), np.zeros(size))
    table, statistics = replace(result.hypotheses, systematic=errors), CARD.statistics
    efficiency = net_efficiency(table, result.background.leakage, ())
    limits = signal_limits(result.n_observed, result.background, table, statistics)
    return replace(result, hypotheses=table, efficiency=efficiency, limits=limits)


def test_a_systematic_source_counts_once(one: SearchResult) -> None:
    made = with_source(one, 0.25)
    assert np.all(made.limits.observed.u2 > 1.001 * one.limits.observed.u2)
    np.testing.assert_allclose(combine([made]).observed, made.limits.observed.u2, rtol=1e-9)
    for given in ({"errors": ("systematics",)}, {"shared": ("systematics",)}):
        np.testing.assert_allclose(combine([made], **given).observed, made.limits.observed.u2, rtol=1e-8)
    np.testing.assert_allclose(combine([made], errors=()).observed, one.limits.observed.u2, rtol=1e-9)
    # N_K in common, the source each for itself
    np.testing.assert_allclose(
        combine([made, made], shared=("kaons",)).observed, combine([made, made]).observed
    )
    together = combine([made, made], shared=("systematics",)).observed
    assert np.all(together > combine([made, made]).observed)
    np.testing.assert_allclose(together, combine([fixed(made, 2.0)]).observed, rtol=1e-8)


@pytest.mark.parametrize(("method", "cl"), [("cls", 0.9), ("one-sided", 0.9), ("rolke-lopez", 0.95)])
def test_each_alone_has_the_method_and_level_of_all(one: SearchResult, method: str, cl: float) -> None:
    made = combine([one, one], method=method, cl=cl)
    alone = combine([one], method=method, cl=cl)
    for row in made.own_observed:
        np.testing.assert_allclose(row, alone.observed, rtol=1e-9)
    for row in made.own_expected:
        np.testing.assert_allclose(row, alone.expected[2], rtol=1e-9)
    direct = method_call(method)(
        one.n_observed,
        background=Gaussian(one.background.background, one.background.error),
        efficiency=Known(one.efficiency.value),
        cl=cl,
    )
    table = one.hypotheses
    per_event = 1.0 / (table.per_u2 * table.n_kaon * table.acceptance)
    np.testing.assert_allclose(made.own_observed[1], np.asarray(direct.upper) * per_event, rtol=1e-8)


def test_masses_of_one_search_alone_have_its_limit(one: SearchResult, other: SearchResult) -> None:
    status = other.status.copy().astype("<U40")
    status[3] = "poor-fit"
    made = combine([one, replace(other, status=status)], labels=["first", "second"])
    assert made.searches[3] == "first"
    assert made.searches[2] == "first+second"
    assert made.observed[3] == pytest.approx(one.limits.observed.u2[3], rel=1e-10)
    assert np.isnan(made.own_observed[1, 3])
    assert "1 of 11 masses" in " ".join(made.words())


def pyhf_of_parts(parts: list[tuple[float, float, float, float]], common: float) -> float:
    """Observed CLs 90 limit of counting channels (n, b, sigma, signal) with a common error."""
    channels: list[dict[str, Any]] = []
    for i, (_, b, sigma, signal) in enumerate(parts):
        modifiers: list[dict[str, Any]] = [{"name": "mu", "type": "normfactor", "data": None}]
        if common:
            ends = {"hi_data": [signal * (1 + common)], "lo_data": [signal * (1 - common)]}
            modifiers.append({"name": "kaons", "type": "histosys", "data": ends})
        spread = {"hi_data": [b + sigma], "lo_data": [b - sigma]}
        samples = [
            {"name": "signal", "data": [signal], "modifiers": modifiers},
            {
                "name": "background",
                "data": [b],
                "modifiers": [{"name": f"b{i}", "type": "histosys", "data": spread}],
            },
        ]
        channels.append({"name": f"c{i}", "samples": samples})
    counts = {f"c{i}": [part[0]] for i, part in enumerate(parts)}
    return pyhf_limit(channels, counts, low=1.0, high=150.0, bound=300.0)


@pytest.mark.parametrize("common", [0.0, 0.15])
@pytest.mark.filterwarnings("ignore")
def test_cls_of_two_searches_is_that_of_pyhf(one: SearchResult, other: SearchResult, common: float) -> None:
    i = 6
    errors = {
        name: replace(r.hypotheses, n_kaon_error=common * r.hypotheses.n_kaon)
        for name, r in (("a", one), ("b", other))
    }
    results = [replace(one, hypotheses=errors["a"]), replace(other, hypotheses=errors["b"])]
    made = combine(results, method="cls", errors=("kaons",), shared=("kaons",))
    scale = 1e-9
    parts = []
    for r in results:
        table, net = r.hypotheses, r.efficiency.value
        signal = scale * (table.per_u2 * table.n_kaon * table.acceptance * net)[i]
        parts.append((r.n_observed[i], r.background.background[i], r.background.error[i], signal))
    unit = 1.0 / parts[0][3]
    observed = pyhf_of_parts([(n, b, sigma, unit * signal) for n, b, sigma, signal in parts], common)
    assert made.observed[i] / (unit * scale) == pytest.approx(observed, rel=2e-4)


def test_what_users_get_wrong(one: SearchResult) -> None:
    with pytest.raises(UsageError, match="rolke-lopez, cls, one-sided"):
        combine([one], method="bayes")
    with pytest.raises(UsageError, match="labels must differ"):
        combine([one, one], labels=["a", "a"])
    with pytest.raises(UsageError, match="got 1 for 2 searches"):
        combine([one, one], labels=["a"])
    with pytest.raises(UsageError, match="acceptance, resolution, kaons"):
        combine([one], errors=("luck",))
    with pytest.raises(UsageError, match="must be among"):
        combine([one], errors=("resolution",), shared=("kaons",))
    with pytest.raises(UsageError, match="at least one search"):
        combine([])
    with pytest.raises(UsageError, match="may be quoted"):
        combine([replace(one, status=np.full(len(one), "poor-fit"))])


def write_folder(folder: Path, result: SearchResult, height: int, label: str = "x") -> None:
    """Write a folder of results with ``height`` events in each bin of its spectrum."""
    spectrum = Spectrum.from_counts(
        np.full((1, 1, 45_000), height, dtype=np.int64),
        selections=["any"],
        components=["data"],
        simulated=True,
        label=label,
    )
    folder.mkdir()
    write_results(folder, result, spectrum=spectrum, signal="", cutflow="")


def test_the_same_data_count_once(one: SearchResult, tmp_path: Path) -> None:
    from hnlpeak.cli.combine import combine as command

    write_folder(tmp_path / "a", one, 1)
    write_folder(tmp_path / "b", one, 1, "another label")
    write_folder(tmp_path / "c", one, 2)
    for other in ("a", "b", "c/../a"):
        with pytest.raises(UsageError, match="hold the same data"):
            command([tmp_path / "c", tmp_path / "a", tmp_path / other])
    command([tmp_path / "c", tmp_path / "a"], output=tmp_path / "both.csv")


def test_the_command_writes_the_table(
    one: SearchResult, other: SearchResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from hnlpeak.cli.combine import combine as command

    folders = [tmp_path / name for name in ("a", "b")]
    for folder, result, height in zip(folders, (one, other), (1, 2), strict=True):
        write_folder(folder, result, height)
    out, picture = tmp_path / "combine.csv", tmp_path / "combine.svg"
    command(folders, label=["a", "b"], method="cls", cl=0.95, output=out, figure=picture)
    assert picture.read_text("utf-8").lstrip().startswith("<?xml")
    said = capsys.readouterr().err
    assert "a × b" in said
    assert "one-sided 95 % CLs" in said
    head = out.read_text().splitlines()[0].split(",")
    made = combine([one, other], labels=["a", "b"], method="cls", cl=0.95)
    assert head == list(made.columns())
    rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
    np.testing.assert_allclose([float(row[2]) for row in rows], made.observed, rtol=1e-9)


def test_the_figure_shows_all_together_and_each_alone(one: SearchResult, other: SearchResult) -> None:
    from hnlpeak.report.figures.combination import combination

    made = combine([one, other], labels=["first", "second"])
    top, bottom = combination(made).axes
    lines = {line.get_label(): line for line in top.lines}
    for label, row in zip(("first", "second"), made.own_observed, strict=True):
        np.testing.assert_array_equal(lines[f"{label}, observed"].get_ydata(), row)
    np.testing.assert_array_equal(lines["all, observed"].get_ydata(), made.observed)
    np.testing.assert_array_equal(lines["all, expected"].get_ydata(), made.expected[2])
    gain = bottom.lines[1].get_ydata()
    np.testing.assert_allclose(gain, made.expected[2] / made.own_expected.min(axis=0))
    assert "simulation" in top.get_title(loc="left")


def test_a_figure_of_another_kind_is_refused(tmp_path: Path) -> None:
    from hnlpeak.cli.combine import combine as command

    with pytest.raises(UsageError, match=r"--figure: got .*\.gif, expected a name that ends in"):
        command([tmp_path], figure=tmp_path / "a.gif")
