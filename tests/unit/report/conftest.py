"""A search as the chain leaves it, made of toy spectra through the real scan."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hnlpeak.core.card import read_card
from hnlpeak.core.measured import Measured
from hnlpeak.detectors.event import new_block
from hnlpeak.estimation.flux import KaonFlux, measure_flux
from hnlpeak.estimation.signal import SignalModel, SignalPoint, signal_model
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import Experiment, load_experiment
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.scan import scan
from hnlpeak.limits.search import ExampleEvent, Search
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum import FIXED_POINT, M_MISS_BINS, M_MISS_HIGH, M_MISS_LOW, Spectrum
from hnlpeak.theory.species import Species

SELECTIONS = ("tight", "loose")
SOURCES = ("kmu2", "ke2", "ke3", "pipi0")
KAONS = 3.01e8
CANDIDATE = {"p_mev": 30e3, "m_miss_mev": 301.5, "z_vtx_mm": 140.3e3, "cda_mm": 4.2, "e_over_p": 0.99}


def expected_spectrum() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Events of the exposure by (selection, source, bin): peaks at 0, falling and rising backgrounds."""
    edges = np.linspace(M_MISS_LOW, M_MISS_HIGH, M_MISS_BINS + 1)
    x = 0.5 * (edges[1:] + edges[:-1])
    m2 = np.copysign(x * x, x) * 1e-6
    jacobian = 2.0 * np.abs(x) * 1e-6

    def peak(mean: float, width: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        shape = np.exp(-0.5 * ((m2 - mean) / width) ** 2) * jacobian
        return shape / shape.sum()

    tail = np.where(x > 120.0, np.exp(-(x - 120.0) / 90.0), 0.0) * jacobian
    rise = np.where(x > 0.0, np.exp(-0.5 * ((x - 430.0) / 60.0) ** 2), 0.0)
    yields = [
        250.0 * peak(-0.02, 0.004) + 1500.0 * tail / tail.sum(),
        1000.0 * peak(0.0, 0.0016),
        300.0 * rise / rise.sum(),
        60.0 * rise / rise.sum(),
    ]
    return np.array([yields, [1.4 * y for y in yields]])


@pytest.fixture(scope="session")
def templates() -> Spectrum:
    """Ten times the exposure, weighted."""
    rng = np.random.Generator(np.random.Philox(7))
    counts = rng.poisson(expected_spectrum() * 10.0)
    w = counts * FIXED_POINT
    return Spectrum.from_weights(
        w,
        w,
        selections=SELECTIONS,
        components=SOURCES,
        simulated=True,
        label="templates",
        decays_in_fiducial=10.0 * KAONS,
    )


@pytest.fixture(scope="session")
def data() -> Spectrum:
    rng = np.random.Generator(np.random.Philox(8))
    counts = rng.poisson(expected_spectrum().sum(axis=1, keepdims=True))
    return Spectrum.from_counts(
        counts,
        selections=SELECTIONS,
        components=("data",),
        simulated=True,
        label="toy data",
        decays_in_fiducial=KAONS,
    )


@pytest.fixture(scope="session")
def signal() -> SignalModel:
    def points(scale: float) -> list[SignalPoint]:
        found = []
        for mass in np.linspace(160.0, 452.0, 23):
            sigma = 6.5 - 5.2 * (mass - 160.0) / 292.0
            whole = scale * 0.19 * math.sqrt(max(0.02, (455.0 - mass) / 295.0))
            inside = 0.66 * whole
            found.append(
                SignalPoint(
                    float(mass),
                    Measured(sigma, stat=0.015 * sigma),
                    Measured(inside, stat=0.004),
                    Measured(whole, stat=0.004),
                    bias=0.1,
                )
            )
        return found

    return signal_model({"tight": points(1.0), "loose": points(1.4)}, window=1.0, source="toy")


@pytest.fixture(scope="session")
def card() -> AnalysisCard:
    return read_card(AnalysisCard, "na62-2015-ke2", folder="analyses")[0]


@pytest.fixture(scope="session")
def flux() -> KaonFlux:
    return measure_flux(
        1010.0,
        acceptance_sm=Measured(0.2098, stat=0.0004),
        branching_fraction=Measured(1.582e-5, syst=0.007e-5),
        background_per_kaon=Measured(2e-8, syst=4e-9),
    )


@pytest.fixture(scope="session")
def experiment() -> Experiment:
    return load_experiment("na62-2015")


@pytest.fixture
def event(experiment: Experiment) -> np.void:
    """A positron of 30 GeV/c from 140 m and a photon into a ring, measured where a kick of 270 MeV puts them."""
    record = new_block(1)[0]
    record["kaon_p"], record["kaon_tx"], record["z_decay"] = 75e3, 1.2e-3, 140e3
    record["x_decay"], record["n_particles"] = 45.0, 2
    track, photon = record["particles"][0], record["particles"][1]
    for particle, species, tx, ty, p in (
        (track, Species.POSITRON, 0.006, 0.004, 30e3),
        (photon, Species.PHOTON, -0.031, -0.01, 5e3),
    ):
        segment = particle["segments"][0]
        segment["x"], segment["y"], segment["z"] = 45.0, 0.0, 140e3
        segment["tx"], segment["ty"], segment["p"], segment["species"] = tx, ty, p, species
        particle["n_segments"] = 1
    setup = experiment.setup[0]
    for n in range(int(setup["n_chambers"])):
        z = float(setup["chamber_z"][n])
        bend = max(0.0, z - float(setup["magnet_z"])) * float(setup["magnet_kick"]) / 30e3
        hit = track["hits"][n]
        hit["x"], hit["y"], hit["var_x"], hit["var_y"] = (
            45.0 + 0.006 * (z - 140e3) + bend,
            0.004 * (z - 140e3),
            0.01,
            0.01,
        )
    record["n_clusters"] = 1
    cluster = record["clusters"][0]
    cluster["x"], cluster["y"], cluster["energy"] = 250.0, 404.0, 29.7e3
    return record


@pytest.fixture(scope="session")
def cutflows(card: AnalysisCard) -> tuple[Cutflow, ...]:
    flows = []
    for selection in card.selections:
        cuts = tuple(cut.name for cut in (*card.cuts, *selection.cuts))
        passed = np.round(3e6 * 0.5 ** np.arange(len(cuts) + 1.0))[None, :]
        only = np.round(passed[:, -1:] * np.linspace(0.1, 3.0, len(cuts))[None, :])
        flows.append(Cutflow(selection.name, cuts, ("data",), passed, only))
    return tuple(flows)


@pytest.fixture(scope="session")
def result(data: Spectrum, card: AnalysisCard, signal: SignalModel, flux: KaonFlux) -> SearchResult:
    return scan(data, card, signal=signal, flux=flux)


@pytest.fixture
def inputs(
    result: SearchResult,
    data: Spectrum,
    templates: Spectrum,
    signal: SignalModel,
    flux: KaonFlux,
    card: AnalysisCard,
    experiment: Experiment,
    event: np.void,
    cutflows: tuple[Cutflow, ...],
) -> Search:
    """Everything that a run knows."""
    return Search(
        result,
        data=data,
        templates=templates,
        signal=signal,
        flux=flux,
        cutflows=cutflows,
        analysis=Analysis(card, experiment, load_analysis("na62-2015-ke2").text),
        event=ExampleEvent(event, CANDIDATE, "seed 1, shard 0, event 12"),
        provenance={"seed": "1", "version": "0.1.0"},
    )
