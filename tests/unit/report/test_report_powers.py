"""Numbers of logarithmic axes are what matplotlib makes of them, as plain text."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hnlpeak.report.powers import plain_powers


def labels(axes: Axes, which: str) -> list[str]:
    ticks = axes.yaxis.get_major_ticks() if which == "major" else axes.yaxis.get_minor_ticks()
    axes.get_figure(root=True).draw_without_rendering()
    return [tick.label1.get_text() for tick in ticks if tick.label1.get_text()]


@pytest.mark.parametrize(
    ("low", "high", "major", "minor"),
    [
        (1e-10, 1e-7, ["10⁻¹⁰", "10⁻⁹", "10⁻⁸", "10⁻⁷"], []),
        (1.0, 1e3, ["10⁰", "10¹", "10²", "10³"], []),
        (1.5e-6, 7e-6, [], ["2×10⁻⁶", "3×10⁻⁶", "4×10⁻⁶", "6×10⁻⁶"]),
    ],
)
def test_powers_of_a_logarithmic_axis(low: float, high: float, major: list[str], minor: list[str]) -> None:
    axes = Figure().subplots()
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    plain_powers(axes.yaxis)
    drawn = labels(axes, "major")
    assert [text for text in drawn if text in major] == major
    assert not any("$" in text for text in drawn)
    assert labels(axes, "minor") == minor


def test_powers_on_both_sides_of_zero() -> None:
    axes = Figure().subplots()
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_ylim(-100.0, 100.0)
    plain_powers(axes.yaxis)
    assert labels(axes, "major") == ["−10²", "−10¹", "−10⁰", "0", "10⁰", "10¹", "10²"]


def test_other_axes_are_left_alone() -> None:
    axes = Figure().subplots()
    before = axes.yaxis.get_major_formatter()
    plain_powers(axes.yaxis)
    assert axes.yaxis.get_major_formatter() is before
