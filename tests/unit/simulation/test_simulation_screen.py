"""Mesons of a block, and the decays that surely veto: both say what the long way says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import hits
from hnlpeak.core.kernel import kernel
from hnlpeak.detectors.shape import Shape
from hnlpeak.detectors.spectrometer import CHAMBER, MAGNET, ChamberSlot
from hnlpeak.detectors.surface import APERTURE, Surface, surface_table
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment, load_experiment
from hnlpeak.searches.companions import of_parent
from hnlpeak.selection.foregone import foregone_of
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone
from hnlpeak.simulation.generation import Total
from hnlpeak.simulation.halo import pack_halo
from hnlpeak.simulation.kaons import Kaons, draw_kaons, new_kaons
from hnlpeak.simulation.sample import (
    Bias,
    ModeTable,
    Sample,
    background_sample,
    conjugated,
    halo_sample,
    mode_sample,
    with_halo,
)
from hnlpeak.simulation.streams import decay_stream

P_MIN = 1e-6
DECAYS = 40_000
COCKTAIL = ("kmu2", "pipi0", "ke3")


def cards() -> tuple[AnalysisCard, Experiment]:
    analysis = load_analysis("na62-2015-ke2")
    return analysis.card, analysis.experiment


def _surfaces(table: Any) -> list[Surface]:
    thick = set(table["thick"][: int(table["n_thick"])].tolist())
    return [
        Surface(
            int(table["code"][k]),
            float(table["z"][k]),
            table["params"][k].tolist(),
            "",
            act_on_photons=k in thick,
            paths=float(table["paths_of"][k]),
        )
        for k in range(int(table["n"]))
    ]


def without_carrying(array: NDArray[Any]) -> NDArray[Any]:
    """The set-up with a gap of nothing in its chambers: muons go the long way, not in lanes."""
    changed = np.array(array)
    response = changed["response"][0]
    chambers = response["code"] == CHAMBER
    response["params"][chambers, ChamberSlot.GAP] = np.maximum(
        response["params"][chambers, ChamberSlot.GAP], 1e-9
    )
    changed.setflags(write=False)
    return changed


def without_screen(array: NDArray[Any]) -> NDArray[Any]:
    """The set-up with another magnet, an idle one, and a plane that nothing meets: no case for the screen."""
    changed = np.array(array)
    stage, response = changed["stages"][0][0], changed["response"][0]
    rows, behind = _surfaces(stage), _surfaces(response)
    idle = Surface(MAGNET, 1e9, [*Shape().packed(), 0.0], "idle")
    nowhere = Surface(APERTURE, 1.0, [0.0, np.inf, 0.0, *[0.0] * 6], "nowhere", act_on_photons=True)
    changed["stages"][0][0] = surface_table([*rows, idle])
    changed["response"][0] = surface_table([*behind, nowhere])
    changed.setflags(write=False)
    return changed


def found(
    array: NDArray[Any], sample: Sample, foregone: Foregone = FOLLOW_ALL
) -> tuple[NDArray[Any], NDArray[np.int64], int]:
    """Survivors, totals, decays screened away."""
    buffers, totals = hits.room(1, DECAYS), np.zeros(Total.WIDTH, dtype=np.int64)
    stream = decay_stream(4, sample.name, 0)
    n = hits.generate(DECAYS, 0, array, sample.table, foregone, stream, buffers, totals)
    return buffers.block[:n].copy(), totals, int((buffers.lost == 1).sum())


def are_the_same(short: NDArray[Any], plain: NDArray[Any], least: int = 100) -> None:
    """Fails where the survivors of two ways differ, or are no more than ``least``."""
    assert len(short) == len(plain) > least
    for name in (
        "number",
        "source",
        "kaon_p",
        "z_decay",
        "bits",
        "weight",
        "crossings",
        "n_times",
        "n_clusters",
        "n_particles",
    ):
        assert np.array_equal(short[name], plain[name]), name
    assert np.array_equal(short["particles"]["segments"][:, 0, 0], plain["particles"]["segments"][:, 0, 0])


@pytest.mark.parametrize("modes", [("kmu2",), COCKTAIL])
def test_what_the_screen_takes_away_is_what_the_long_way_loses(modes: tuple[str, ...]) -> None:
    sample = background_sample("screen", modes, DECAYS)
    setup = hits.shipped("na62-2015").setup
    short, short_totals, lost = found(setup, sample)
    plain, totals, none = found(without_screen(setup), sample)
    assert none == 0
    assert lost > 0.75 * DECAYS * (1.0 if len(modes) == 1 else 0.68)
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)


def upstream(what: str, experiment: Experiment) -> Sample:
    """Halo as in nature or with forced decays, beside decays of the meson, or decays of beam pions."""
    card = experiment.card
    assert card.halo is not None
    halo = pack_halo(card.halo.model_copy(update={"beside": None}), card.beam)
    if what == "pions":
        return of_parent(mode_sample("pions", "pimu2", DECAYS), experiment)
    if what == "mixed":
        return with_halo(background_sample("mixed", ("kmu2",), DECAYS // 2), halo, DECAYS // 2)
    sample = halo_sample("halo", halo, DECAYS, tagged=bool(experiment.setup[0]["tag_system"] >= 0))
    if what == "forced":
        bias = sample.table.bias.copy()
        bias[Bias.MUON_DECAY] = 0.3
        return replace(sample, table=sample.table._replace(bias=bias))
    return conjugated(sample) if what == "conjugated" else sample


@pytest.mark.parametrize(
    ("name", "what", "share", "least"),
    [
        ("na62-2015", "halo", 0.98, 50),
        ("na62-2015", "conjugated", 0.98, 50),
        ("na62-2015", "forced", 0.65, 1000),
        ("na62-2015", "mixed", 0.95, 50),
        ("na62-2015", "pions", 0.9, -1),
        ("na62-2007", "halo", 0.1, 1000),
    ],
)
def test_muons_from_upstream_that_the_screen_takes_away_are_lost(
    name: str, what: str, share: float, least: int
) -> None:
    experiment = hits.shipped(name)
    sample = upstream(what, experiment)
    short, short_totals, lost = found(experiment.setup, sample)
    plain, totals, none = found(without_screen(experiment.setup), sample)
    assert none == 0
    assert lost > share * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain, least=least)


@pytest.mark.parametrize(
    ("modes", "share"),
    [(("pipi0",), 0.75), (COCKTAIL, 0.7), (("ke3",), 0.55), (("pi00",), 0.85), (("kmu3",), 0.8)],
)
def test_what_photons_lose_is_what_the_long_way_finds_lost(modes: tuple[str, ...], share: float) -> None:
    sample = background_sample(f"photons/{len(modes)}", modes, DECAYS)
    setup, foregone = hits.shipped("na62-2015").setup, foregone_of(*cards())
    assert foregone.every == 64
    short, short_totals, lost = found(setup, sample, foregone)
    plain, totals, none = found(without_screen(setup), sample, foregone)
    assert none == 0
    assert lost > share * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain, least=40 if modes in (("kmu3",), ("pi00",)) else 100)


def selectable(
    analysis: str, array: NDArray[Any], sample: Sample, foregone: Foregone
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64], int]:
    """Columns of the candidates after full response, totals, decays screened away."""
    buffers, totals = hits.room(1, DECAYS), np.zeros(Total.WIDTH, dtype=np.int64)
    stream = decay_stream(4, sample.name, 0)
    n = hits.generate(DECAYS, 0, array, sample.table, foregone, stream, buffers, totals)
    hits.respond(n, array, foregone, stream, buffers.block)
    beam = array[0]["beam"]
    axis = [beam[field].item() for field in ("momentum", "slope_x", "slope_y", "x", "y", "z_reference")]
    found = hits.candidates(array, buffers.block[:n], axis, name=analysis.rsplit("-", 1)[0])
    return found, totals, int((buffers.lost == 1).sum())


@pytest.mark.parametrize(
    ("analysis", "share", "forced"),
    [("na62-2015-ke2", 0.75, 0.0), ("na62-2007-kmu2", 0.45, 0.0), ("na62-2007-kmu2", 0.15, 0.4)],
)
def test_tracks_too_many_are_what_the_response_finds(analysis: str, share: float, forced: float) -> None:
    """Of three pions the long way counts the tracks hit by hit: the same ones with one are left, to the last digit."""
    loaded = load_analysis(analysis)
    array = hits.shipped(analysis.rsplit("-", 1)[0]).setup
    foregone = foregone_of(loaded.card, loaded.experiment)
    sample = mode_sample("tracks", "pi3", DECAYS, forced_pion_decay=forced)
    sample = conjugated(sample) if forced > 0.0 else sample
    short, short_totals, lost = selectable(analysis, array, sample, foregone)
    plain, totals, none = selectable(analysis, without_screen(array), sample, foregone)
    assert none == 0
    assert lost > share * DECAYS
    alone, one = plain["n_tracks"] == 1, short["n_tracks"] == 1
    assert foregone.most_tracks == 1
    assert np.count_nonzero(alone) > 80, np.count_nonzero(alone)
    for name, column in plain.items():
        assert np.array_equal(short[name][one], column[alone], equal_nan=True), name
    # one decay in so many stands for those that tracks lose before the trigger is asked
    assert np.array_equal(short_totals[: Total.TRIGGERED], totals[: Total.TRIGGERED])
    difference = short_totals[Total.TRIGGERED] - totals[Total.TRIGGERED]
    assert 0 < abs(difference) < 4.0 * np.sqrt(foregone.every * totals[Total.TRIGGERED])


@pytest.mark.parametrize("forced", [0.0, 0.4])
def test_tracks_that_are_counted_early_are_those_that_reconstruction_counts(forced: float) -> None:
    """Of 2007 good tracks alone count, and decays in flight leave some: no event with one is left early for two."""
    loaded = load_analysis("na62-2007-kmu2")
    array, foregone = hits.shipped("na62-2007").setup, foregone_of(loaded.card, loaded.experiment)
    assert array[0]["good_track"]["chosen"] == 1
    sample = mode_sample("tracks/early", "pi3", DECAYS, forced_pion_decay=forced)
    whole = selectable("na62-2007-kmu2", array, sample, FOLLOW_ALL)[0]
    short = selectable("na62-2007-kmu2", array, sample, foregone)[0]
    several = np.count_nonzero(whole["n_tracks"] > 1)
    assert np.count_nonzero(short["n_tracks"] > 1) < 0.1 * several
    left, all_of_them = (
        table["number"][(table["n_tracks"] == 1) & (table["e_extra_mev"] < foregone.extra)]
        for table in (short, whole)
    )
    assert len(all_of_them) > 500
    assert np.array_equal(left, all_of_them)


def not_lost(table: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Numbers of what passes the vetoes of 2007."""
    alone = (table["n_tracks"] == 1) & (table["e_extra_mev"] < 3000.0)
    return table["number"][alone & (table["in_acceptance"] == 1.0)]


@pytest.mark.parametrize("approach", [1.0, 4.0, 10.0])
def test_bounds_of_good_tracks_may_be_narrower_than_what_is_known_of_the_beam(approach: float) -> None:
    """Of tracks that must come within a millimetre or so of the axis none is surely good."""
    loaded = load_analysis("na62-2007-kmu2")
    foregone = foregone_of(loaded.card, loaded.experiment)
    array = np.array(hits.shipped("na62-2007").setup)
    array["good_track"]["closest_approach"] = approach
    sample = mode_sample("tracks/near", "pi3", DECAYS)
    tables = (selectable("na62-2007-kmu2", array, sample, each)[0] for each in (FOLLOW_ALL, foregone))
    whole, short = (not_lost(table) for table in tables)
    assert len(whole) > 1000
    assert np.array_equal(short, whole)


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        ('view_resolution = "0.135 mm"', 'view_resolution = "6 mm"'),
        ('sections = ["217.084 m"', 'sections = ["190 m", "217.084 m"'),
    ],
)
def test_what_misses_the_acceptance_is_known_with_coarse_chambers_and_a_long_pipe(
    what: str, instead: str, tmp_path: Path
) -> None:
    """A pipe before the first chamber turns muons, and coarse points move tracks: none is given up for its course."""
    shipped = files("hnlpeak").joinpath("library/experiments/na62-2007.toml").read_text("utf-8")
    assert what in shipped
    (tmp_path / "other.toml").write_text(shipped.replace(what, instead), "utf-8")
    experiment = load_experiment(tmp_path / "other.toml")
    foregone = foregone_of(load_analysis("na62-2007-kmu2").card, experiment)
    sample = mode_sample("probe", "kmu2", DECAYS)
    tables = (
        selectable("na62-2007-kmu2", experiment.setup, sample, each)[0] for each in (FOLLOW_ALL, foregone)
    )
    whole, short = (not_lost(table) for table in tables)
    assert len(whole) > 20_000
    assert np.array_equal(short, whole)


def test_what_a_muon_leaves_in_calorimeters_is_left_out_where_no_cut_asks() -> None:
    array, sample = hits.shipped("na62-2007").setup, mode_sample("quiet", "kmu2", DECAYS)
    whole = selectable("na62-2007-kmu2", array, sample, FOLLOW_ALL)[0]
    short = selectable("na62-2007-kmu2", array, sample, FOLLOW_ALL._replace(energies=False))[0]
    assert len(whole["number"]) > 0.6 * DECAYS
    for name, column in whole.items():
        assert np.array_equal(short[name], column, equal_nan=True) == (
            name not in ("e_over_p", "e_hadron_mev")
        )
    left = short["e_over_p"] > 0.0  # the tail, muons that decay or radiate, clusters that come by chance
    assert 0.01 < np.mean(left) < 0.1
    # what is left out is below what counts
    assert np.max((whole["e_over_p"] * whole["p_mev"])[~left]) < array[0]["cluster_threshold"]


def test_noise_may_lift_a_muon_that_always_leaves_the_same_above_the_threshold(tmp_path: Path) -> None:
    """Without fluctuations of what it leaves, most muons are three standard deviations of noise below the bound."""
    card = files("hnlpeak").joinpath("library/experiments/na62-2007.toml").read_text("utf-8")
    for what, instead in (
        ('minimum_ionising_width = "80 MeV"', 'minimum_ionising_width = "0 MeV"'),
        ('cluster_threshold = "3 GeV"', 'cluster_threshold = "860 MeV"'),
    ):
        assert what in card
        card = card.replace(what, instead)
    (tmp_path / "even.toml").write_text(card, "utf-8")
    array, sample = load_experiment(tmp_path / "even.toml").setup, mode_sample("mip", "kmu2", DECAYS)
    whole, short = (
        selectable("na62-2007-kmu2", array, sample, FOLLOW_ALL._replace(energies=energies))[0]
        for energies in (True, False)
    )
    assert np.count_nonzero(whole["n_associated"]) > 100
    assert np.array_equal(short["n_associated"], whole["n_associated"])


PLATE = """
[[detectors]]
kind = "material"
system = "PLATE"
reference = "a test"
confidence = "E"
z_min = "{z}"
z_max = "{z}"
radiation_lengths = 0.19
"""


@pytest.mark.parametrize(("z", "chambers"), [("180.9 m", 4), ("190 m", 3)])
def test_a_pair_of_the_other_photon_may_be_near_the_cluster(z: str, chambers: int, tmp_path: Path) -> None:
    """With matter before the first chamber, or three chambers that suffice, pairs make tracks of their own."""
    shipped = files("hnlpeak").joinpath("library/experiments/na62-2015.toml").read_text("utf-8")
    card = shipped.replace("min_chambers = 4", f"min_chambers = {chambers}") + PLATE.format(z=z)
    (tmp_path / "plate.toml").write_text(card, "utf-8")
    array = load_experiment(tmp_path / "plate.toml").setup
    assert int(array[0]["min_chambers"]) == chambers
    sample = background_sample("photons/pair", ("pipi0",), DECAYS)
    foregone = foregone_of(*cards())
    short, short_totals, lost = found(array, sample, foregone)
    plain, totals, none = found(without_screen(array), sample, foregone)
    assert none == 0
    assert lost > 0.3 * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)


def test_where_all_is_followed_only_the_trigger_ends_decays() -> None:
    setup = hits.shipped("na62-2015").setup
    assert found(setup, mode_sample("tracks/all", "pi3", DECAYS))[2] == 0
    sample = mode_sample("photons/all", "pipi0", DECAYS)
    short, short_totals, lost = found(setup, sample)
    plain, totals, none = found(without_screen(setup), sample)
    assert 0 == none < lost < 0.2 * DECAYS  # pions that miss a chamber
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)


@pytest.mark.parametrize("analysis", ["na62-2015-ke2", "na62-2007-kmu2"])
def test_muons_that_miss_a_chamber_or_the_hodoscope_are_lost(analysis: str) -> None:
    setup = without_carrying(hits.shipped(analysis.rsplit("-", 1)[0]).setup)
    sample = mode_sample("chambers", "kmu2", DECAYS)
    short, short_totals, lost = found(setup, sample)
    plain, totals, none = found(without_screen(setup), sample)
    assert none == 0
    assert lost > (0.96 if "2015" in analysis else 0.15) * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)


@pytest.mark.parametrize(("mode", "share"), [("pipi0", 0.5), ("kmu3", 0.45), ("pi00", 0.6), ("ke3", 0.3)])
def test_clusters_that_count_only_in_an_acceptance_lose_decays_of_2007(mode: str, share: float) -> None:
    loaded = load_analysis("na62-2007-kmu2")
    setup, foregone = hits.shipped("na62-2007").setup, foregone_of(loaded.card, loaded.experiment)
    assert setup[0]["cluster_acceptance"] > 0.0
    sample = mode_sample("photons/2007", mode, DECAYS)
    short, short_totals, lost = found(setup, sample, foregone)
    plain, totals, none = found(without_screen(setup), sample, foregone)
    assert none == 0
    assert lost > share * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)


@pytest.mark.parametrize(
    ("mode", "options", "share"),
    [
        ("kmu2", {"forced_decay": 0.5}, 0.1),
        ("kmu3", {"survival": 0.1}, 0.45),
        ("pipi0", {"forced_pion_decay": 0.3}, 0.35),
        ("pi00", {"forced_pion_decay": 0.7, "survival": 0.1}, 0.15),
    ],
)
def test_decays_in_flight_may_be_forced_and_roulette_comes_later(
    mode: str, options: dict[str, float], share: float
) -> None:
    loaded = load_analysis("na62-2007-kmu2")
    setup, foregone = hits.shipped("na62-2007").setup, foregone_of(loaded.card, loaded.experiment)
    sample = mode_sample("screen/forced", mode, DECAYS, **options)
    short, short_totals, lost = found(setup, sample, foregone)
    plain, totals, none = found(without_screen(setup), sample, foregone)
    assert none == 0
    assert lost > share * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("kmu2", {"survival": 0.5, "soft_momentum": 100.0}),
        ("pipi0", {"forced_loss": 0.3}),
        ("ke3", {"forced_near": 0.3}),
    ],
)
def test_biased_samples_are_not_screened(mode: str, options: dict[str, float]) -> None:
    sample = mode_sample("screen/forced", mode, DECAYS, **options)
    assert found(hits.shipped("na62-2015").setup, sample, foregone_of(*cards()))[2] == 0


@cache
def drawn(n: int = 200_000) -> NDArray[np.float64]:
    """Kaons of 2015 that decay by the modes of ``COCKTAIL``."""
    kaons, sample = new_kaons(n), background_sample("kaons", COCKTAIL, n)

    @kernel
    def draw(
        setups: NDArray[Any], modes: ModeTable, rng: np.random.Generator, out: NDArray[np.float64]
    ) -> None:
        draw_kaons(out.shape[1], 0, setups[0], modes, rng, out)

    draw(hits.shipped("na62-2015").setup, sample.table, decay_stream(1, "kaons", 0), kaons)
    return kaons


def test_mesons_are_those_of_the_beam() -> None:
    beam, kaons = hits.shipped("na62-2015").setup[0]["beam"], drawn()
    for row, mean, width in (
        (Kaons.P, "momentum", "momentum_spread"),
        (Kaons.TX, "slope_x", "divergence_x"),
        (Kaons.TY, "slope_y", "divergence_y"),
        (Kaons.X, "x", "size_x"),
        (Kaons.Y, "y", "size_y"),
    ):
        scaled = (kaons[row] - float(beam[mean])) / float(beam[width])
        assert float(beam["momentum_wings"]) == 0.0
        assert stats.kstest(scaled, "norm").pvalue > P_MIN
    expected = np.diff(background_sample("", COCKTAIL, 1).table.cumulative, prepend=0.0) * kaons.shape[1]
    counts = np.bincount(kaons[Kaons.MODE].astype(int))
    assert stats.chisquare(counts, expected).pvalue > P_MIN
    correlations = np.corrcoef(kaons[[Kaons.P, Kaons.TX, Kaons.TY, Kaons.X, Kaons.Y, Kaons.MODE]])
    assert np.all(np.abs(correlations - np.eye(6)) < 5.0 / np.sqrt(kaons.shape[1]))


def test_decay_points_follow_the_lifetime_within_the_volume() -> None:
    beam, kaons = hits.shipped("na62-2015").setup[0]["beam"], drawn()
    low, high = float(beam["z_first"]), float(beam["z_last"])
    length = kaons[Kaons.P] / float(beam["mass"]) * float(beam["c_tau"])
    z = kaons[Kaons.Z_DECAY]
    assert low <= z.min() <= z.max() <= high
    uniform = np.expm1(-(z - low) / length) / np.expm1(-(high - low) / length)
    assert stats.kstest(uniform, "uniform").pvalue > P_MIN
    dz = z - float(beam["z_reference"])
    assert np.allclose(kaons[Kaons.X_DECAY], kaons[Kaons.X] + kaons[Kaons.TX] * dz)
    p = kaons[[Kaons.PX, Kaons.PY, Kaons.PZ]]
    assert np.allclose(np.sqrt((p**2).sum(axis=0)), kaons[Kaons.P])
    assert np.allclose(kaons[Kaons.ENERGY], np.hypot(kaons[Kaons.P], float(beam["mass"])))


@pytest.mark.parametrize("mode", ["kmu2", "kmu3", "pipi0"])
def test_decays_far_from_the_search_end_in_the_screen_as_on_the_long_way(mode: str) -> None:
    loaded = load_analysis("na62-2007-kmu2")
    setup, foregone = hits.shipped("na62-2007").setup, foregone_of(loaded.card, loaded.experiment)
    sample = mode_sample("aims", mode, DECAYS, off_target=0.1)
    every = found(setup, mode_sample("aims", mode, DECAYS), foregone)[2]
    short, short_totals, lost = found(setup, sample, foregone)
    plain, totals, none = found(without_screen(setup), sample, foregone)
    assert none == 0
    assert lost > every + 0.1 * DECAYS
    assert np.array_equal(short_totals, totals)
    are_the_same(short, plain)
    assert np.count_nonzero(short["weight"] > 1.0) > 100
