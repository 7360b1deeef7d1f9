"""What only whole searches tell: background by source, limits beside published ones, closure of N_K."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from hnlpeak.core.measured import Measured
from hnlpeak.estimation.composition import window_composition
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.limits.published import published
from hnlpeak.limits.search import Search
from hnlpeak.studies.flux_closure import flux_closure
from hnlpeak.studies.validation.bench import Bench

__all__ = ["searched"]

_EXTRA = 0.0002e6
"""Their n and b are counted in the window and 0.0002 GeV^2 (MeV^2)."""


def _composition(made: Search, mass: float) -> dict[str, float]:
    """Simulated events in the window of ``mass`` by source, as drawn in the figures."""
    row = made.result.row(mass)
    if made.templates is None:
        return {}
    parts = window_composition(
        made.templates,
        selections=[row["selection"]],
        low=np.array([row["window_low_mev"]]),
        high=np.array([row["window_high_mev"]]),
        decays=made.result.normalisation.n_kaon.value,
    )
    return {name: float(events[0]) for name, (events, _) in parts.items()}


def _triggered(made: Search, source: str) -> float:
    """Share of the events of a ``source`` that the trigger of the card keeps: drawn templates hold it."""
    trigger = None if made.analysis is None else made.analysis.card.background.trigger_efficiency()
    return trigger.value if trigger is not None and source in trigger.applies_to else 1.0


def _of_2015(made: Search) -> Iterator[tuple[str, Measured]]:
    parts = _composition(made, 300.0)
    yield "dif_share_300", Measured(parts["kmu2"] / sum(parts.values()))
    result, curve = made.result, published("na62-2015-e")
    masses = result.number("m_n_mev")
    on = curve.covers(masses) & np.isfinite(result.number("u2_ul_expected"))
    theirs = np.asarray(curve.limit(masses[on]))
    ratio = result.number("u2_ul_expected")[on] / theirs
    median = float(np.median(ratio))
    yield "u2_e_2015_log2_median", Measured(float(np.log2(median)))
    low, high = (result.number(f"u2_ul_expected_{end}")[on] / median for end in ("m2s", "p2s"))
    yield "u2_e_2015_inside_2s", Measured(float(np.mean((low <= theirs) & (theirs <= high))))


def _of_2007(made: Search) -> Iterator[tuple[str, Measured]]:
    """Events by source are before the trigger, as in the public tables; b is after it."""
    result = made.result
    for mass in (300.0, 325.0, 350.0, 370.0, 375.0):
        row, parts = result.row(mass), _composition(made, mass)
        width = row["window_high_mev"] - row["window_low_mev"]
        wider = 1.0 + _EXTRA / (2.0 * mass) / width
        yield f"n_kmu3_2007_{mass:g}", Measured(wider * parts["kmu3"] / _triggered(made, "kmu3"))
        yield f"n_kmu2_rad_2007_{mass:g}", Measured(wider * parts["kmu2"] / _triggered(made, "kmu2"))
        yield f"b_2007_{mass:g}", Measured(wider * row["background"])
        yield f"sigma_b_over_b_2007_{mass:g}", Measured(row["background_error"] / row["background"])
        yield f"exp_ul_ns_2007_{mass:g}", Measured(row["n_signal_ul_expected"])
        yield f"exp_u2_2007_{mass:g}", Measured(row["u2_ul_expected"])
    if made.templates is not None and "halo" in made.templates.components:
        low, high = 0.06e6**0.5, 0.135e6**0.5
        sums = made.templates.between("search", low, high, components=["halo"])
        scale = made.templates.scaled_to(result.normalisation.n_kaon.value) / _triggered(made, "halo")
        yield (
            "halo_density_2007",
            Measured(scale * float(sums.values) / 75.0, stat=scale * float(sums.variances) ** 0.5 / 75.0),
        )
    if made.data is not None:
        peak = made.data.between("search", -122.5, 122.5)
        yield "n_kmu2_final_2007", Measured(float(peak.values), stat=float(peak.values) ** 0.5)


def _of_closure() -> Iterator[tuple[str, Measured]]:
    analysis = load_analysis("na62-2015-ke2")
    closure = flux_closure(analysis, seeds=range(1, 51), decays=2600, simulated_decays=400_000)
    pulls = closure.pulls
    yield "nk_pull_mean", Measured(float(pulls.mean()), stat=float(pulls.std(ddof=1) / pulls.size**0.5))
    width = float(pulls.std(ddof=1))
    yield "nk_pull_width", Measured(width, stat=width / (2.0 * pulls.size) ** 0.5)


def searched(bench: Bench) -> Mapping[str, Measured]:
    """Return the rows of both whole searches and of the closure of N_K: minutes of work."""
    return {
        **dict(_of_2015(bench.search_2015)),
        **dict(_of_2007(bench.search_2007)),
        **dict(_of_closure()),
    }
