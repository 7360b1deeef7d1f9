"""Makes ``pins.csv``: acceptances, cut-flows and backgrounds of both searches, with their statistical errors.

    python tests/physics/make_pins.py                    # all: a minute on an idle machine
    python tests/physics/make_pins.py na62-2007-kmu2     # one search, the other's pins stay

Run it after a change that is meant to move them, and say in the change log what moved, and why: it prints by how many
standard deviations each did. The test runs the same samples with the same seed: nothing varies but the code. The mean
beam is that of the card.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path

from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.searches.plan import Plan, plan
from hnlpeak.searches.samples import Samples
from hnlpeak.searches.weights import template_spectrum
from hnlpeak.simulation.sample import Sample, mode_sample, signal_sample

PINS = Path(__file__).with_name("pins.csv")
SEED = 41
SHARE = 0.1
"""Of the sizes of the cards' templates."""
FLOW_DECAYS, SIGNAL_DECAYS = 200_000, 80_000
MASSES = {"na62-2015-ke2": (200.0, 300.0, 400.0), "na62-2007-kmu2": (310.0, 340.0, 370.0)}
RANGES = {"na62-2015-ke2": ((170, 350), (350, 448)), "na62-2007-kmu2": ((300, 340), (340, 375))}
ALL = (-400, 500)
TOLERANCE = 0.02
"""Of a pin, relative. Another compiler or processor may move a decay across a cut, hardly two."""
CONTROL = "control run"


@dataclass(frozen=True)
class Pin:
    """A number with its statistical error.

    Acceptances and cut-flows are for each decay in the fiducial volume. Backgrounds are for 1e8 of them (the control
    run for 1e8 of its muons and decays), between two missing masses in the selection that serves them, and at all
    missing masses.
    """

    analysis: str
    quantity: str
    component: str
    selection: str
    step: str
    value: float
    error: float

    @property
    def key(self) -> tuple[str, ...]:
        """What it is the number of."""
        return self.analysis, self.quantity, self.component, self.selection, self.step

    def agrees(self, other: Pin) -> bool:
        """``other`` is the same within ``TOLERANCE``; what has no events has none."""
        return abs(other.value - self.value) <= TOLERANCE * self.value

    def pull(self, other: Pin) -> float:
        """Standard deviations from here to ``other``, as if the two had nothing in common."""
        error = math.hypot(self.error, other.error)
        return (other.value - self.value) / error if error > 0.0 else 0.0


@cache
def cards(name: str) -> Analysis:
    """The cards, every decay followed to the end: the rows of the cut-flow are pinned."""
    analysis = load_analysis(name)
    samples = analysis.card.samples.model_copy(update={"cutflow_every": 1})
    return replace(analysis, card=analysis.card.model_copy(update={"samples": samples}))


def run(name: str, sample: Sample) -> SampleResult:
    """What a sample gives in all periods where the mean beam is known."""
    analysis = cards(name)
    beams = [period.card.beam for period in analysis.experiment.periods]
    axes = tuple(
        BeamCalibration(
            *(Measured(v) for v in (beam.momentum, beam.slope_x, beam.slope_y, beam.x, beam.y)),
            z_reference=beam.z_reference,
            events=1,
            source="card",
        )
        for beam in beams
    )
    return Samples(analysis, planned(name), axes, RunContext(seed=SEED)).run(sample)


@cache
def planned(name: str) -> Plan:
    """The search's own samples, at ``SHARE`` of their full size."""
    analysis = cards(name)
    return plan(analysis, kaons=analysis.card.exposure.decays * SHARE**2)


def acceptance(name: str, component: str) -> Iterator[Pin]:
    """Share of the decays to a heavy neutrino that is selected."""
    card = cards(name).card
    mass = float(component.split(maxsplit=1)[0])
    sample = signal_sample(f"pin/{component}", card.channel.meson, card.channel.lepton, mass, SIGNAL_DECAYS)
    made, selection = run(name, sample), card.selection_of(mass)
    n, decays = float(made.spectrum.project(selection).values.sum()), made.decays_in_fiducial
    error = _error(n, decays, made.decays)
    yield Pin(name, "acceptance", component, selection, "", n / decays, error)


def cutflow(name: str, component: str) -> Iterator[Pin]:
    """Candidates of a decay mode after each cut, without any weight, in the selections that results come from."""
    card = cards(name).card
    wanted = {card.normalisation.selection, *(card.selection_of(mass) for mass in MASSES[name])}
    made = run(name, mode_sample(f"pin/{component}", component, FLOW_DECAYS))
    decays = made.decays_in_fiducial
    for flow in (flow for flow in made.cutflows if flow.selection in wanted):
        for step, n in zip(("candidates", *flow.cuts), flow.passed.sum(axis=0), strict=True):
            error = _error(n, decays, made.decays)
            yield Pin(name, "cut-flow", component, flow.selection, step, n / decays, error)


def background(name: str, component: str) -> Iterator[Pin]:
    """Events of a template, or of the control run, between two missing masses."""
    card, samples = cards(name).card, planned(name)
    ranges = [(card.selection_of(0.5 * (low + high)), low, high) for low, high in (*RANGES[name], ALL)]
    run_card = card.background.scaled_run()
    if component == CONTROL and samples.control is not None and run_card is not None:
        made, unit = run(name, samples.control), 1e8 / samples.control.decays
        ranges.append((run_card.selection, run_card.low, run_card.high))
    else:
        template = samples.templates[component]
        made = run(name, template)
        spectrum, share = template_spectrum(cards(name), component, template, made.spectrum)
        unit = share * spectrum.scaled_to(1e8)
    for selection, low, high in ranges:
        view = made.spectrum.project(selection)
        middles = 0.5 * (view.edges[1:] + view.edges[:-1])
        inside = (middles > low) & (middles < high)
        value, variance = float(view.values[inside].sum()), float(view.variances[inside].sum())
        place = f"{low:.0f} to {high:.0f} MeV"
        yield Pin(name, "background", component, selection, place, unit * value, unit * variance**0.5)


def _error(n: float, decays: int, simulated: int) -> float:
    """Error of ``n`` selected events per decay in the fiducial volume, ``decays`` of the ``simulated`` ones.

    What is selected may have decayed outside, so that the number of decays inside varies for itself: with r = n /
    decays and f = decays / simulated the variance is r (1 - r f + r (1 - f)) / decays, not below that of a share.
    """
    ratio, inside = max(n, 1.0) / decays, decays / simulated
    return math.sqrt(ratio * (1.0 - ratio * inside + ratio * (1.0 - inside)) / decays)


MAKERS = {"acceptance": acceptance, "cut-flow": cutflow, "background": background}


def components() -> list[tuple[str, str, str]]:
    """Analysis, quantity and component of all that is pinned."""
    found = []
    for name, masses in MASSES.items():
        card, samples = cards(name).card, planned(name)
        found += [(name, "acceptance", f"{mass:g} MeV") for mass in masses]
        found += [(name, "cut-flow", mode) for mode in card.samples.background_modes]
        found += [(name, "background", mode) for mode in samples.templates]
        found += [(name, "background", CONTROL)] * (samples.control is not None)
    return found


def read() -> list[Pin]:
    """The pinned numbers."""
    with PINS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [Pin(**{**row, "value": float(row["value"]), "error": float(row["error"])}) for row in rows]  # type: ignore[arg-type]


def main(names: list[str]) -> None:
    """Write the pins of the searches ``names`` (default: all) and print what moved."""
    before = {pin.key: pin for pin in read()} if PINS.exists() else {}
    pins = [pin for pin in before.values() if names and pin.analysis not in names]
    for name, quantity, component in components():
        if name not in (names or MASSES):
            continue
        for made in MAKERS[quantity](name, component):
            pin = replace(made, value=float(f"{made.value:.6g}"), error=float(f"{made.error:.2g}"))
            pins.append(pin)
            old = before.get(pin.key)
            if old is None or not old.agrees(pin):
                was = f"was {old.value:g}, {old.pull(pin):+.1f} standard deviations" if old else "new"
                print(f"{' '.join(pin.key)}: {pin.value:g} +- {pin.error:g}, {was}", flush=True)
    with PINS.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# python tests/physics/make_pins.py; simulated; error: one standard deviation of the value\n"
        )
        writer = csv.DictWriter(file, [field.name for field in fields(Pin)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {**asdict(pin), "value": f"{pin.value:g}", "error": f"{pin.error:g}"} for pin in pins
        )


if __name__ == "__main__":
    main(sys.argv[1:])
