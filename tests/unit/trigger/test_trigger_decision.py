"""The decision of a trigger level: bits, multiplicity, and vetoes by accidental signals."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import pytest
from scipy import stats

import hits
from hnlpeak.simulation.sample import mode_sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.trigger.decision import accidental_veto, level_passes, multiplicity_passes

P_MIN = 1e-6


def test_all_required_and_none_of_the_vetoing_systems() -> None:
    systems = range(4)
    subsets = [set(c) for n in range(5) for c in itertools.combinations(systems, n)]

    def mask(chosen: set[int]) -> int:
        return sum(1 << system for system in chosen)

    for fired, require, veto in itertools.product(subsets, repeat=3):
        expected = require <= fired and not veto & fired
        assert level_passes(mask(fired), mask(require), mask(veto)) == expected


def test_multiplicity_limits_belong_to_the_inside() -> None:
    assert [multiplicity_passes(n, 3, 5) for n in range(2, 7)] == [False, True, True, True, False]


@pytest.mark.parametrize(("rate", "intensity"), [(0.5, 1.0), (2.0, 0.25), (0.2, 6.0), (1.5, 0.05)])
def test_accidental_veto_is_poissonian_in_rate_times_intensity(rate: float, intensity: float) -> None:
    generator, n = hits.rng(3), 4000
    vetoed = sum(accidental_veto(rate, intensity, generator) for _ in range(n))
    assert stats.binomtest(vetoed, n, 1.0 - math.exp(-rate * intensity)).pvalue > P_MIN


def test_no_rate_or_no_beam_vetoes_nothing() -> None:
    generator = hits.rng(4)
    assert not any(accidental_veto(0.0, 1.0, generator) for _ in range(100))
    assert not any(accidental_veto(3.0, 0.0, generator) for _ in range(100))


# the decision within an event, with the windows and rates of a card

DECAYS = 1200


def triggered(**changes: Any) -> int:
    """Of ``DECAYS`` K+ -> pi+ pi0 decays, those that trigger on CHOD without a veto in time of MUV3 or one behind."""
    options = {"window": "10 ns", "muv": "0 Hz", "other": "0 Hz", "low": 1.0, "high": 1.0, **changes}

    def edit(table: dict[str, Any]) -> None:
        table["beam"].update(intensity_min=options["low"], intensity_max=options["high"])
        muv = hits.detector(table, "MUV3")
        table["detectors"].append(
            {**muv, "system": "MUV4", "z": "247 m", "accidental_rate": options["other"]}
        )
        muv["accidental_rate"] = options["muv"]
        (level, *_) = table["trigger"]
        level.update(veto=options.get("veto", ["MUV3"]), window=options["window"])
        table["trigger"] = [level]

    chosen = hits.experiment(edit=edit)
    sample = mode_sample("decision", "pipi0", DECAYS)
    return len(hits.generated(hits.records(chosen.setup), sample, DECAYS, decay_stream(1, "decision", 0)))


@cache
def free_of_accidentals(veto: tuple[str, ...]) -> int:
    return triggered(veto=list(veto))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # 2 x 10 ns at 50 MHz: one signal on average
        ({"muv": "50 MHz"}, math.exp(-1.0)),
        ({"muv": "50 MHz", "window": "5 ns"}, math.exp(-0.5)),
        ({"muv": "50 MHz", "low": 0.4, "high": 0.4}, math.exp(-0.4)),
        # spread evenly over the intensities
        ({"muv": "100 MHz", "low": 0.0}, (1.0 - math.exp(-2.0)) / 2.0),
        # every vetoing system counts, and only those
        ({"muv": "25 MHz", "other": "25 MHz", "veto": ["MUV3", "MUV4"]}, math.exp(-1.0)),
        ({"muv": "25 MHz", "other": "25 MHz"}, math.exp(-0.5)),
        ({"other": "50 MHz"}, 1.0),
    ],
)
def test_accidental_vetoes_follow_window_rate_and_intensity(changes: dict[str, Any], expected: float) -> None:
    free, kept = free_of_accidentals(tuple(changes.get("veto", ["MUV3"]))), triggered(**changes)
    assert free > 0.2 * DECAYS
    if expected == 1.0:
        assert kept == free
    else:
        # both numbers vary: the draws of an event follow those of the one before
        spread = math.sqrt(
            free * expected * (1.0 - expected) + free * expected**2 * (1.0 - free / DECAYS) * 2.0
        )
        assert abs(kept - free * expected) < 5.0 * spread
