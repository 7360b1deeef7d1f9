"""Acceptances, cut-flows and backgrounds stay where they were, to two per cent.

They are no truth but a memory: what is meant to move them comes with new numbers (``make_pins.py``) and a line in the
change log. The samples and the seed are those that the pins were made with.
"""

from __future__ import annotations

from dataclasses import replace

import make_pins
import pytest

PINNED: dict[tuple[str, str, str], dict[tuple[str, ...], make_pins.Pin]] = {}
for pin in make_pins.read():
    PINNED.setdefault((pin.analysis, pin.quantity, pin.component), {})[pin.key] = pin


@pytest.mark.parametrize(("analysis", "quantity", "component"), PINNED)
def test_numbers_stay_where_they_are(analysis: str, quantity: str, component: str) -> None:
    found = {pin.key: pin for pin in make_pins.MAKERS[quantity](analysis, component)}
    pinned = PINNED[analysis, quantity, component]
    assert list(found) == list(pinned)
    moved = [
        f"{pin.selection} {pin.step}: {found[key].value:g}, was {pin.value:g} +- {pin.error:g}"
        for key, pin in pinned.items()
        if not pin.agrees(found[key])
    ]
    assert not moved, "\n".join(moved)


def test_all_that_is_to_be_pinned_is() -> None:
    assert set(make_pins.components()) == set(PINNED)


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_a_change_of_three_per_cent_is_seen(factor: float) -> None:
    pins = [pin for pin in make_pins.read() if pin.value > 0.0]
    assert len(pins) > 400
    assert not any(pin.agrees(replace(pin, value=factor * pin.value)) for pin in pins)
