"""How the photons of selected decays of a forced template went unnoticed: which ways carry a window's sum of w^2?

    python bench/bench_lost_photons.py ANALYSIS MODE LIMITS.csv [DECAYS] [SEED] [SHARE=VALUE ...]

Windows are those of a run's ``limits.csv``. The template is that of the card, DECAYS its size there. A photon is in one
of these ways (``way_of``): ``soft`` or ``gap`` where it meets no counter with less or more than ``SOFT``,
``soft-yoke`` or ``yoke`` where it passes outside the magnet's aperture, ``pair`` or ``late`` where it converts before
or behind the magnet, ``line`` or ``bent`` where it reaches the calorimeter nearer to the track's straight line or to
the bent one, ``missed`` by a counter that it hits; ``dalitz`` for decays with a pair.
Per range of missing mass: effective events of the windows, CPU seconds, and of each pair of ways its share of the sums
of w and w^2, its number of events and largest weight (events at the card's exposure).
"""

from __future__ import annotations

import csv
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.shards import ShardSpec, assumed_of
from hnlpeak.detectors import calorimeter, photon_veto, spectrometer
from hnlpeak.detectors.shape import inside
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard, Template
from hnlpeak.experiment.columns import Column, column_names
from hnlpeak.selection.cuts import cut_table
from hnlpeak.selection.foregone import foregone_of
from hnlpeak.selection.judge import passing
from hnlpeak.simulation.sample import Sample, mode_sample
from hnlpeak.simulation.streams import shard_sizes
from hnlpeak.theory.species import CHARGE, Species

RANGES = (170, 210, 270, 350, 400, 430, 450)  # MeV
SOFT = 1000.0  # MeV


class Lost(NamedTuple):
    """A selected decay: in which selections, missing mass squared (MeV^2), weight, and the ways of its photons."""

    selections: tuple[bool, ...]
    m2: float
    weight: float
    ways: str


Windows = list[tuple[float, float, float]]
"""Mass and bounds, MeV."""


def read_windows(path: str) -> Windows:
    """The windows of a run's ``limits.csv``."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(float(r["m_n_mev"]), float(r["window_low_mev"]), float(r["window_high_mev"])) for r in rows]


def way_of(setup: Any, event: Any, photon: Any) -> str:
    """How a photon went unnoticed."""
    line = photon["segments"][0]

    def at(z: float) -> tuple[float, float]:
        return line["x"] + line["tx"] * (z - line["z"]), line["y"] + line["ty"] * (z - line["z"])

    for k in range(event["n_daughters"], event["n_particles"]):
        born = event["particles"][k]["segments"][0]
        x, y = at(born["z"])
        if abs(born["x"] - x) + abs(born["y"] - y) < 1e-3 and born["z"] < setup["calorimeter_z"] - 1.0:
            return "pair" if born["z"] < setup["magnet_z"] else "late"
    surfaces = setup["response"]
    codes, shapes = surfaces["code"], surfaces["params"]
    for n, z in enumerate(surfaces["z"][: surfaces["n"]]):
        if z <= line["z"]:
            continue
        x, y = at(z)
        if codes[n] == spectrometer.MAGNET and not inside(shapes[n], x, y):
            return "soft-yoke" if line["p"] < SOFT else "yoke"
        if codes[n] in (photon_veto.CODE, calorimeter.CODE) and inside(shapes[n], x, y):
            return beside(setup, event, x) if codes[n] == calorimeter.CODE else "missed"
    return "soft" if line["p"] < SOFT else "gap"


def beside(setup: Any, event: Any, x: float) -> str:
    """Whether the cluster at x is nearer to the straight line of the track or to where the magnet bends it."""
    track = next(p for p in event["particles"] if CHARGE[p["segments"][0]["species"]] != 0.0)["segments"][0]
    dz = setup["calorimeter_z"] - track["z"]
    kick = CHARGE[track["species"]] * setup["magnet_kick"] / track["p"]
    dx = x - track["x"] - track["tx"] * dz
    moved = dx - kick * (setup["calorimeter_z"] - setup["magnet_z"])
    return "line" if abs(dx) < abs(moved) else "bent"


def ways_of(setup: Any, event: Any) -> str:
    """The ways of all its photons."""
    daughters = event["particles"][: event["n_daughters"]]
    photons = [p for p in daughters if int(p["segments"][0]["species"]) == Species.PHOTON]
    names = sorted(way_of(setup, event, photon) for photon in photons)
    charged = sum(CHARGE[p["segments"][0]["species"]] != 0.0 for p in daughters)
    return " + ".join((["dalitz"] if charged > 1 else []) + names)


def selected(analysis: Analysis, sample: Sample, seed: int) -> Iterator[Lost]:
    """The selected decays of a sample."""
    card, experiment = analysis.card, analysis.experiment
    beam = calibrate(mode_sample("calibration", "pi3", 400_000), experiment, RunContext(seed=seed))
    columns = column_names(experiment.timed_systems)
    spec, cuts = ShardSpec(experiment.setup, sample, seed, len(columns)), cut_table(card, columns)
    for shard in enumerate(shard_sizes(sample.decays)):
        for block in blocks(spec, assumed_of(card, beam), shard, foregone=foregone_of(card, experiment)):
            pass_of = np.array([passing(block.candidates, s, cuts) for s in range(len(card.selections))])
            numbers = {int(number): row for row, number in enumerate(block.events["number"])}
            for c in np.flatnonzero(pass_of.any(axis=0)):
                event = block.events[numbers[int(block.candidates[Column.NUMBER, c])]]
                m2, weight = block.candidates[Column.M2_MISS, c], block.candidates[Column.WEIGHT, c]
                yield Lost(
                    tuple(pass_of[:, c].tolist()),
                    float(m2),
                    float(weight),
                    ways_of(experiment.setup[0], event),
                )


def effective(w: NDArray[np.float64]) -> float:
    """(sum w)^2 / sum w^2."""
    return float(w.sum() ** 2 / max((w**2).sum(), 1e-300))


def windows(card: AnalysisCard, limits: Windows, events: list[Lost]) -> NDArray[np.float64]:
    """Columns: mass, effective events, and largest weight of each window."""
    names = [selection.name for selection in card.selections]
    mass, weight = np.sqrt(np.maximum([e.m2 for e in events], 0.0)), np.array([e.weight for e in events])
    rows = []
    for m, low, high in limits:
        chosen = np.array([e.selections[names.index(card.selection_of(m))] for e in events])
        w = weight[chosen & (mass >= low) & (mass < high)]
        rows.append((m, effective(w), w.max(initial=0.0)))
    return np.array(rows)


def report(card: AnalysisCard, limits: Windows, events: list[Lost], unit: float) -> None:
    """Print the table."""
    found = windows(card, limits, events)
    few = int((found[:, 1] < 400.0).sum())
    print(
        f"{len(events)} events; {few} of {len(found)} windows below 400, least {found[:, 1].min():.0f}; "
        f"largest weight in a window {unit * found[:, 2].max():.3f}"
    )
    names = [selection.name for selection in card.selections]
    for low, high in pairwise(RANGES):
        here = found[(found[:, 0] >= low) & (found[:, 0] < high)]
        s = names.index(card.selection_of(0.5 * (low + high)))
        inside_ = [e for e in events if e.selections[s] and low**2 <= e.m2 < high**2]
        w = np.array([e.weight for e in inside_])
        print(
            f"\n{low}-{high} MeV: windows {here[:, 1].min():.0f} to {here[:, 1].max():.0f}, "
            f"median {np.median(here[:, 1]):.0f}; "
            f"{unit * w.sum():.2f} events expected, {w.size} made, {effective(w):.0f} effective"
        )
        ways: dict[str, list[float]] = defaultdict(list)
        for event in inside_:
            ways[event.ways].append(event.weight)
        order = sorted(ways, key=lambda way: -sum(x * x for x in ways[way]))
        for way in order[:14]:
            x = np.array(ways[way])
            print(
                f"  {way:28s} w {x.sum() / w.sum():6.3f}  w2 {(x**2).sum() / (w**2).sum():6.3f}  "
                f"events {x.size:5d}  largest {unit * x.max():.3f}  effective {effective(x):.0f}"
            )


def main() -> None:
    name, mode, limits = sys.argv[1:4]
    analysis = load_analysis(name)
    (template,) = (t for t in analysis.card.samples.templates if t.mode == mode)
    decays = int(float(sys.argv[4])) if len(sys.argv) > 4 else template.decays
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    forced = {key: getattr(template, key) for key in set(Template.model_fields) - {"mode", "decays"}}
    forced |= {key: float(value) for key, value in (word.split("=") for word in sys.argv[6:])}
    begun = time.process_time()
    events = list(selected(analysis, mode_sample(f"template/{mode}", mode, decays, **forced), seed))
    spent = time.process_time() - begun
    # decays in the fiducial volume among those made are counted roughly: by their share in the beam's range of z
    unit = analysis.card.exposure.decays * mode_fraction(mode, analysis.card.fractions).value / decays
    print(f"{decays} decays of {mode}, seed {seed}: {spent:.1f} s of CPU with the calibration")
    report(analysis.card, read_windows(limits), events, unit)


if __name__ == "__main__":
    main()
