"""Mistakes that somebody new makes in cards and plug-ins: each is named where it is, before anything is simulated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

from command import call
from hnlpeak.background.estimates import NO_ESTIMATE, BackgroundDetails, BackgroundEstimates
from hnlpeak.core.records import Column, Vector, columns_of

EXAMPLES = Path(__file__).parents[2] / "examples"


def checked(place: Path, old: str, new: str, card: str = "compact.toml") -> str:
    """What ``check`` says of an example with another line; it must refuse it in a line."""
    text = (EXAMPLES / card).read_text("utf-8")
    assert old in text
    (place / card).write_text(text.replace(old, new, 1), "utf-8")
    if card != "compact.toml":
        (place / "compact.toml").write_text((EXAMPLES / "compact.toml").read_text("utf-8"), "utf-8")
    done = call("check", place / card)
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    return done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('require = ["Timing"]', 'require = ["Timing", "window"]', "'window' makes no trigger signal; those"),
        ('kind = "hodoscope"', 'kind = "hodoscop"', r"kind 'hodoscop' \(is it hodoscope\?\) is none of "),
        ('kind = "hodoscope"', "", r"detectors\[Timing\]: has no kind"),
    ],
)
def test_detectors_of_a_card(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert re.search(said, checked(tmp_path, old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'method = "sideband"',
            'method = "sideband"\noutter = 12.0',
            "background.outter: unknown key, is it ",
        ),
        (
            'column = "in_acceptance"',
            'column = "in_acceptence"',
            r"no column 'in_acceptence', is it in_acceptance\?",
        ),
    ],
)
def test_analyses(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert re.search(said, checked(tmp_path, old, new, "compact-kmu2.toml"))


def test_half_a_hole_and_a_hole_beyond_the_edge() -> None:
    from hnlpeak.detectors.shape import Shape

    with pytest.raises(ValueError, match="go together"):
        Shape.model_validate({"hole_half_x": "1 m", "half_width": "2 m"})
    with pytest.raises(ValueError, match=r"must be above those of the hole, 2000 mm"):
        Shape.model_validate({"hole_half_x": "2 m", "hole_half_y": "1 m", "outer_radius": "1 m"})


@dataclass(frozen=True)
class Inner:
    b: Annotated[Vector, Column("background")]


@dataclass(frozen=True)
class Outer:
    background: Annotated[Vector, Column("background")]
    details: Annotated[Inner, Column("")]


def test_a_column_is_not_overwritten_by_another_of_its_name() -> None:
    with pytest.raises(ValueError, match="a column 'background'"):
        columns_of(Outer(np.ones(2), Inner(np.zeros(2))))


def test_an_estimate_without_a_number_is_not_ok() -> None:
    b, zero = np.array([1.0, np.nan, np.nan]), np.zeros(3)
    status, details = ["ok", "ok", "poor-fit"], BackgroundDetails("made up")
    found = BackgroundEstimates.of(b, stat=zero, syst=zero, leakage=zero, status=status, details=details)
    assert found.status.tolist() == ["ok", NO_ESTIMATE, "poor-fit"]
    with pytest.raises(ValueError, match=r"'made up': stat has the shape \(2,\), the status \(3,\)"):
        BackgroundEstimates.of(b, stat=zero[:2], syst=zero, leakage=zero, status=status, details=details)


def test_an_estimate_of_more_events_than_there_can_be_is_no_number() -> None:
    """Fits that went wrong give 1e14 events; the search goes on without these masses."""
    b, zero = np.array([2.0, 3e14, 1.0, 9e10]), np.zeros(4)
    syst = np.array([0.5, 1.0, 1e15, 1.0])
    details, status = BackgroundDetails("made up"), ["ok", "poor-fit", "ok", "ok"]
    found = BackgroundEstimates.of(b, stat=zero, syst=syst, leakage=zero, status=status, details=details)
    assert found.status.tolist() == ["ok", "poor-fit", NO_ESTIMATE, NO_ESTIMATE]
    assert np.isfinite(found.background).tolist() == [True, False, False, False]
    assert np.isfinite(found.error).tolist() == [True, False, False, False]
