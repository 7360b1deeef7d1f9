"""Acceptances, cut-flows and backgrounds stay where they were, within the statistics of small samples.

They are no truth but a memory: what is meant to move them comes with new numbers (``make_pins.py``) and a line in the
change log. 4.5 standard deviations of the difference are a few per cent for the numbers that matter.
"""

from __future__ import annotations

import math

import make_pins
import pytest

PINNED: dict[tuple[str, str, str], list[make_pins.Pin]] = {}
for pin in make_pins.read():
    PINNED.setdefault((pin.analysis, pin.quantity, pin.component), []).append(pin)


@pytest.mark.parametrize(("analysis", "quantity", "component"), PINNED)
def test_numbers_stay_where_they_are(analysis: str, quantity: str, component: str) -> None:
    made = make_pins.MAKERS[quantity](analysis, component, size=1, seed=make_pins.TEST_SEED)
    found = {(pin.selection, pin.step): pin for pin in made}
    moved = []
    for pin in PINNED[analysis, quantity, component]:
        ours = found[pin.selection, pin.step]
        pull = (ours.value - pin.value) / math.hypot(
            pin.error, max(ours.error, make_pins.LARGER**0.5 * pin.error)
        )
        print(f"{pin.selection} {pin.step}: {ours.value:.4g} for {pin.value:.4g}, pull {pull:.2f}")
        if abs(pull) > 4.5:
            moved.append(
                f"{pin.selection} {pin.step}: {ours.value:.4g}, was {pin.value:.4g} +- {pin.error:.2g}"
            )
    assert not moved, "\n".join(moved)


RARE = {
    "na62-2015-ke2": {"ke3", "ke4", "pipi0", "pi3", "pi00", "kmu3"},
    "na62-2007-kmu2": {"pi00", make_pins.CONTROL},
}
"""Backgrounds of which small samples hold too little to measure to 12 %."""


def test_every_component_has_a_pin_or_is_rare() -> None:
    for name, quantity, component in set(make_pins.components()) - set(PINNED):
        assert quantity == "background"
        assert component in RARE[name]
