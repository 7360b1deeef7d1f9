"""Write ``docs/search_2007_factors.txt``, part of ``docs/search_2007.md``: windows by bins, K_mu3 factor by factor.

``python docs/make_factors_2007.py`` simulates signals and decay modes with the cards of 2007 and, in plain numpy, K_mu3
and K_2pi once more (``toy_2007.py``): two minutes of CPU. Tables of the analysis: ``reference_2007.csv`` and
``reference_2007_spectrum.csv`` (events of its figure, facts of github.com/francisnewson/hnuplots, commit 9b11310).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import toy_2007 as toy
from numpy.typing import NDArray
from scipy.special import erfinv

from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import Samples, calibrated
from hnlpeak.searches.weights import template_spectrum
from hnlpeak.simulation.sample import signal_sample

HERE = Path(__file__).resolve().parent
OUT = HERE / "search_2007_factors.txt"
N_KAON = 5.977e7
BIN = 100.0
"""Bins of the windows, MeV^2."""
DECAYS = {"kmu3": 0.5, "pipi0": 1.0, "kmu2": 1.0}
"""Modes and shares of the sizes of the card."""
SIGNAL, TOY = 400_000, {"kmu3": 6_000_000, "pipi0": 10_000_000}
THEIR_B, TWO_PHOTONS = 0.033135, 0.98823

ABOUT_FACTORS = """A squared missing mass is an energy of the muon in the kaon's frame: K_μ3 between two of them is
N_K B × (share of the decays) × A (a muon is accepted, as that of the signal) × P (no photon vetoes). The share is the
Dalitz density with the slopes of the cards, integrated with scipy; the second simulation is `docs/toy_2007.py`, plain
numpy without a line of the package. B is that of two photons; Dalitz decays, 0.6 % of K_μ3 here, count in P.
Statistical errors are 0.5 to 1 % of K_μ3, 3 to 6 % of K_2π, 1 to 2 % of K_μ2, which are the radiative decays.
"""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Signal:
    """A simulated signal of the final selection: events below each edge (MeV^2) as a share, and their acceptance."""

    m2: Vector
    below: Vector
    acceptance: float

    def between(self, low: float, high: float) -> float:
        """Share of the events between two squared masses."""
        return float(np.interp(high, self.m2, self.below) - np.interp(low, self.m2, self.below))


def table(name: str) -> list[dict[str, float]]:
    """Rows of a file of numbers, without empty cells."""
    with (HERE / name).open(encoding="utf-8") as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def signal(samples: Samples, mass: float) -> Signal:
    """The signal of ``mass`` (MeV)."""
    made = samples.run(signal_sample(f"factors/{mass:g}", "K+", "mu", mass, SIGNAL))
    edges, values, _ = made.spectrum.project("search")
    below = np.concatenate([[0.0], np.cumsum(values)])
    return Signal(edges * abs(edges), below / below[-1], float(below[-1]) / float(made.decays_in_fiducial))


def windows(signals: dict[float, Signal], theirs: dict[float, dict[str, float]]) -> list[list[str]]:
    """Rows: bins until 68.27 % is inside, and the share in the bins that their acceptance counts."""
    rows = []
    for mass, made in signals.items():
        row, m2 = theirs[mass], mass**2
        centre = np.floor(m2 / BIN + 1e-9)
        ours = next(
            k for k in range(99) if made.between(BIN * (centre - k), BIN * (centre + k + 1)) >= 0.6827
        )
        bins = round(4.0 * mass * row["half_width_mev"] / BIN)
        first, last = (np.floor(m2 / BIN + side * bins / 2 + 1e-9) for side in (-1, 1))
        counted = last + 1 - first
        shares = made.between(BIN * first, BIN * (last + 1)), row["a_window"] / row["a_full"]
        widths = [0.5e-6 * BIN * counted / (np.sqrt(2.0) * erfinv(share)) for share in shares]
        rows.append(
            [
                f"{mass:g}",
                f"{2 * ours + 1}",
                f"{bins}",
                f"{made.between(BIN * (centre - bins // 2), BIN * (centre + bins // 2 + 1)):.4f}",
                f"{counted:.0f}",
                *(f"{share:.4f}" for share in shares),
                *(f"{1e3 * width:.3f}" for width in widths),
                f"{widths[0] / widths[1]:.3f}",
            ]
        )
    return rows


def mode_events(samples: Samples, mode: str, edges: Vector) -> Vector:
    """Events of ``mode`` in the final selection in bins of m^2 (MeV^2), before the trigger."""
    whole = samples.plan.templates[mode]
    sample = replace(whole, decays=int(DECAYS[mode] * whole.decays))
    spectrum, fraction = template_spectrum(samples.analysis, mode, sample, samples.run(sample).spectrum)
    at, values, _ = spectrum.project("search")
    below = np.concatenate([[0.0], np.cumsum(values)]) * spectrum.scaled_to(N_KAON) * fraction
    return np.diff(np.interp(edges, at * abs(at), below))


def mean_acceptance(low: float, high: float, masses: Vector, acceptance: Vector) -> float:
    """Acceptance of muons at the squared missing masses of K_mu3 between two (MeV^2)."""
    m2 = np.linspace(low, high, 21)
    return float(np.average(np.interp(np.sqrt(m2), masses, acceptance), weights=[toy.rate(x) for x in m2]))


def factors(
    samples: Samples, signals: dict[float, Signal], theirs: dict[float, dict[str, float]]
) -> list[list[str]]:
    """Rows: decays, acceptance of the muon and chance of the photons, and other modes beside theirs."""
    known = [row for row in table("reference_2007_spectrum.csv") if row["m2_low_gev2"] > 0.06]
    known = [row for row in known if row["m2_high_gev2"] < 0.14]
    edges = 1e6 * np.array([*(row["m2_low_gev2"] for row in known), known[-1]["m2_high_gev2"]])
    ours = {mode: mode_events(samples, mode, edges) for mode in DECAYS}
    muons, through, _ = toy.spectra(1, "kmu3", TOY["kmu3"], edges)
    scale = N_KAON * samples.analysis.card.fractions["pipi0"] * TWO_PHOTONS
    pions = scale * toy.spectra(2, "pipi0", TOY["pipi0"], edges)[1]
    masses = np.array(list(signals))
    rows = []
    for i, row in enumerate(known):
        low, high = edges[i], edges[i + 1]
        decays = N_KAON * toy.share(low, high)
        a = [
            mean_acceptance(low, high, masses, np.array(column))
            for column in (
                [s.acceptance for s in signals.values()],
                [theirs[mass]["a_full"] for mass in signals],
            )
        ]
        passes = [
            ours["kmu3"][i] / (decays * THEIR_B * a[0]),
            row["kmu3"] / (decays * THEIR_B * a[1]),
            through[i] / muons[i],
        ]
        others = [(ours["pipi0"][i], row), (pions[i], row)]
        rows.append(
            [
                f"{row['m2_low_gev2']:g} to {row['m2_high_gev2']:g}",
                f"{1e-3 * decays * THEIR_B:.1f}",
                *(f"{x:.4f}" for x in a),
                *(f"{x:.4f}" for x in passes),
                f"{a[0] / a[1]:.3f} × {passes[0] / passes[1]:.3f} = {ours['kmu3'][i] / row['kmu3']:.3f}",
                *(f"{n / r['pipi0']:.2f}" if r.get("pipi0", 0.0) > 50.0 else "-" for n, r in others),
                f"{ours['kmu2'][i] / row['kmu2']:.3f}",
            ]
        )
    return rows


def lines(header: list[str], rows: list[list[str]]) -> list[str]:
    """A table of the page."""
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def main() -> int:
    """Write the part of the page."""
    analysis = load_analysis("na62-2007-kmu2")
    context = RunContext(seed=1, workers=2)
    samples = calibrated(analysis, plan(analysis, kaons=N_KAON, real_data=True), context)
    theirs = {row["mass_mev"]: row for row in table("reference_2007.csv")}
    signals = {mass: signal(samples, mass) for mass in theirs}
    text = [
        "## Windows, bin by bin",
        "",
        "Written by `docs/make_factors_2007.py`, which simulates what it needs; do not edit.",
        "",
        *lines(
            [
                "m_N [MeV]",
                "bins, ours",
                "theirs",
                "our signal in their bins",
                "bins of their A",
                "our signal in these",
                "theirs",
                "σ of that share [10⁻³ GeV²], ours",
                "theirs",
                "ratio",
            ],
            windows(signals, theirs),
        ),
        "Bins until 68.27 % of the selected signal are inside; their acceptance is counted one bin further.",
        "",
        "## K_μ3, factor by factor",
        "",
        ABOUT_FACTORS,
        *lines(
            [
                "m² [GeV²]",
                "decays with B = 0.033135 [10³]",
                "A, ours",
                "theirs",
                "P(photons), ours",
                "theirs",
                "plain numpy",
                "A × P = K_μ3, ours / theirs",
                "K_2π, ours / theirs",
                "plain numpy / theirs",
                "K_μ2, ours / theirs",
            ],
            factors(samples, signals, theirs),
        ),
    ]
    OUT.write_text("\n".join(text), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
