"""The columns of everything that a search leaves: one table of names, units and meanings, by file.

``<method>`` stands for a name of ``statistics.METHODS``, ``<treatment>`` for one of its treatments of deficits,
``<source>`` for a decay mode, ``<label>`` for a name that was given, all with ``_`` for ``-``. A unit of "1" is a pure
number, "" stands with words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

__all__ = ["CHECK_COLUMNS", "LIMITS_COLUMNS", "METHOD_COLUMNS", "TABLES", "ColumnFact", "column_fact"]


class ColumnFact(NamedTuple):
    """A column: its name, the unit of its numbers, and what they say."""

    name: str
    unit: str
    meaning: str


_QUANTITIES = {
    "n_signal": ("events", "signal events in the window"),
    "branching_fraction": ("1", "B(M+ -> l+ N)"),
    "u2": ("1", "|U_l4|^2"),
}
_BANDS = {
    "": "median expected upper limit on {} without a signal",
    "_m2s": "its quantile at -2 standard deviations",
    "_m1s": "its quantile at -1 standard deviation",
    "_p1s": "its quantile at +1 standard deviation",
    "_p2s": "its quantile at +2 standard deviations",
}


def _limits(word: str, how: str) -> Iterator[ColumnFact]:
    """Upper limits on the three quantities, ``how`` they are set."""
    for name, (unit, what) in _QUANTITIES.items():
        yield ColumnFact(f"{name}_ul_{word}", unit, f"upper limit on {what}, {how}")


def _bands(name: str, word: str, how: str = "") -> Iterator[ColumnFact]:
    """The expected limit on one quantity, and its quantiles."""
    unit, what = _QUANTITIES[name]
    for band, meaning in _BANDS.items():
        yield ColumnFact(f"{name}_ul_{word}{band}", unit, f"{meaning.format(what)}{how}")


def _observed(name: str) -> ColumnFact:
    unit, what = _QUANTITIES[name]
    return ColumnFact(f"{name}_ul_observed", unit, f"observed upper limit on {what}")


_MASS = ColumnFact("m_n_mev", "MeV", "mass of the HNL")
_FOUND = ColumnFact("n_observed", "events", "events of the data in the window")
_BACKGROUND = ColumnFact("background", "events", "estimate b of the background in the window")
_BACKGROUND_ERROR = ColumnFact("background_error", "events", "standard deviation of b")
_BACKGROUND_STAT = ColumnFact("background_stat", "events", "statistical part of background_error")
_BACKGROUND_SYST = ColumnFact("background_syst", "events", "systematic part of background_error")
_STATUS = ColumnFact("status", "", "ok, or words for what is out of the ordinary (docs/statistics.md)")
_SIGMA = ColumnFact("sigma_mev", "MeV", "resolution of the missing mass: half-width of the central 68.27 %")
_SIGMA_ERROR = ColumnFact("sigma_error_mev", "MeV", "standard deviation of sigma_mev")
_ACCEPTANCE = ColumnFact(
    "acceptance",
    "1",
    "signal events in the window per decay in the fiducial volume, all efficiencies included",
)
_ACCEPTANCE_ERROR = ColumnFact("acceptance_error", "1", "standard deviation of acceptance")
_NO_WINDOW = ColumnFact("acceptance_no_window", "1", "acceptance without the window")
_KAONS = ColumnFact("n_kaon", "decays", "number of meson decays in the fiducial volume, N_K")
_KAONS_ERROR = ColumnFact("n_kaon_error", "decays", "standard deviation of n_kaon")

_LIMITS = (
    _MASS,
    _SIGMA,
    ColumnFact("window_low_mev", "MeV", "lower end of the window in missing mass"),
    ColumnFact("window_high_mev", "MeV", "upper end of the window in missing mass"),
    _FOUND,
    _BACKGROUND,
    _BACKGROUND_ERROR,
    ColumnFact("p_value", "1", "local probability of n_observed events or more from background alone"),
    _ACCEPTANCE,
    _NO_WINDOW,
    _observed("n_signal"),
    *_bands("n_signal", "expected"),
    _observed("branching_fraction"),
    *[fact for fact in _bands("branching_fraction", "expected") if fact.name.endswith("expected")],
    _observed("u2"),
    *_bands("u2", "expected"),
    _STATUS,
)

_CHECKS = (
    ColumnFact(
        "net_efficiency", "1", "share of the signal in the window that the estimate of b does not take up"
    ),
    ColumnFact("net_efficiency_error", "1", "error of net_efficiency, with the errors that the card names"),
    ColumnFact(
        "coverage_at_limit", "1", "probability that the interval holds a signal as large as the limit"
    ),
    ColumnFact("coverage_min", "1", "the smallest of all signals, to 1e-3, at this b and its error"),
    ColumnFact(
        "upper_coverage_at_limit", "1", "probability that the limit is not below a signal as large as it"
    ),
    ColumnFact("upper_coverage_min", "1", "the smallest of all signals, to 1e-3, at this b and its error"),
    ColumnFact("toys_coverage_at_limit", "1", "coverage_at_limit from toys with the side bands fitted again"),
    ColumnFact("toys_upper_coverage_at_limit", "1", "that the limit is not below, from the same toys"),
    ColumnFact("background_own_weight", "1", "side bands: weight of the card's function among those tried"),
    ColumnFact(
        "background_shift", "events", "side bands: rms shift of b between the card's function and those"
    ),
    ColumnFact(
        "background_spread", "events", "side bands: rms spread of b among functions, part of its error"
    ),
    ColumnFact("simulated_background", "events", "simulated background in the window, scaled to N_K"),
    ColumnFact("spurious_signal", "events", "signal that the search sees in simulated background alone"),
    ColumnFact("spurious_signal_error", "events", "its error by the statistics of the simulation"),
    ColumnFact("spurious_signal_relative", "1", "spurious_signal over the error of b that the search states"),
)

_SYSTEMATIC = (
    ColumnFact("systematic_efficiency", "1", "relative error of A N_K by all systematic sources of the card"),
    ColumnFact("systematic_efficiency_in_limit", "1", "by those of them that are in the limit"),
    ColumnFact("systematic_background", "events", "error of b by all systematic sources of the card"),
    ColumnFact("systematic_background_in_limit", "events", "by those of them that are in the limit"),
)


def _shifts(name: str, what: str) -> Iterator[ColumnFact]:
    """A relative shift by a systematic source, and its error."""
    yield ColumnFact(
        f"{name}_shift", "1", f"relative shift of {what} when the source moves by one standard deviation"
    )
    yield ColumnFact(f"{name}_shift_error", "1", "its error by the statistics of the simulation")


_RESULT = (
    ColumnFact("selection", "", "selection of events that this mass uses"),
    _SIGMA_ERROR,
    _ACCEPTANCE_ERROR,
    _KAONS,
    _KAONS_ERROR,
    ColumnFact(
        "branching_fraction_per_u2", "1", "B(M+ -> l+ N) for |U_l4|^2 = 1; 0 where the decay is closed"
    ),
    ColumnFact(
        "window_efficiency_ratio", "1", "acceptance of the bins of the window over that of the exact one"
    ),
    *[fact for fact in _bands("branching_fraction", "expected") if not fact.name.endswith("expected")],
    _BACKGROUND_STAT,
    _BACKGROUND_SYST,
    ColumnFact(
        "background_status", "", "ok, or what is out of the ordinary in the estimate of the background"
    ),
    ColumnFact("template_events", "events", "effective events of the simulated decays behind the window"),
    ColumnFact("template_events_over_data", "1", "the same over the events that they predict in the window"),
    ColumnFact("leakage", "1", "bias of b per event of the full signal peak: signal taken for background"),
    ColumnFact("peak_per_window", "1", "signal events of the full peak over those in the window"),
    ColumnFact("window_slope", "1", "-d ln A / d ln sigma of a Gaussian peak"),
    *_CHECKS,
    ColumnFact("background_order", "1", "side bands: order of the function that leads"),
    ColumnFact("background_alternative", "events", "side bands: b of the alternative order"),
    ColumnFact("sideband_events", "events", "side bands: events in them"),
    ColumnFact("sideband_deviance", "1", "side bands: deviance of the fit"),
    ColumnFact("sideband_degrees_of_freedom", "1", "side bands: bins less parameters"),
    ColumnFact("sideband_fit_p_value", "1", "side bands: probability of a larger deviance"),
    ColumnFact(
        "local_significance",
        "1",
        "p_value in standard deviations, one-sided, negative for deficits (asymptotic; where the error of b is large "
        "no more than one event as that error allows)",
    ),
    ColumnFact("n_signal_lower", "events", "lower end of the interval for signal events in the window"),
    ColumnFact("n_signal_estimate", "events", "best estimate of signal events, n - b; may be negative"),
    ColumnFact("interval_status", "", "ok, or how far the interval can be taken at its word"),
    *_SYSTEMATIC,
    *_limits("with_errors", "with the errors of A, sigma and N_K, and of all systematic sources"),
    *_limits("<treatment>", "observed, under this treatment of deficits"),
    ColumnFact("interval_status_<method>", "", "interval_status of a further method"),
    *_limits("<method>", "observed, by a further method"),
    *[fact for name in _QUANTITIES for fact in _bands(name, "<method>_expected", ", by a further method")],
    ColumnFact("n_signal_shape", "events", "fit of the peak's shape: best estimate of signal events, >= 0"),
    ColumnFact(
        "shape_significance", "1", "fit of the peak's shape: square root of the likelihood ratio at 0"
    ),
    ColumnFact("shape_status", "", "fit of the peak's shape: ok, order-lowered or no-fit"),
    *_limits("shape", "observed, from the fit of the peak's shape"),
    *_limits("shape_expected", "expected without a signal, from the fit of the peak's shape"),
    ColumnFact("global_p_value", "1", "share of background-only toys with such a p_value at any mass"),
    *[fact for name in _QUANTITIES for fact in _bands(name, "toys", ", from whole toy searches")],
)

_METHODS = (
    _MASS,
    _FOUND,
    _BACKGROUND,
    _BACKGROUND_ERROR,
    *[
        fact
        for name in ("n_signal", "u2")
        for fact in (
            *[limit for limit in _limits("<method>", "observed") if limit.name.startswith(name)],
            *_bands(name, "<method>_expected"),
        )
    ],
)

_COMPARISON = (
    _MASS,
    ColumnFact("curve", "", "name of the published curve (hnlpeak list published)"),
    ColumnFact("u2_published", "1", "its limit on |U_l4|^2 at this mass"),
    ColumnFact("u2_ul_expected", "1", "the expected limit of this search"),
    ColumnFact("ratio", "1", "u2_ul_expected / u2_published"),
    ColumnFact(
        "n_signal_over_acceptance_published",
        "events",
        "UL(N_S) / A that the curve means with its own N_K, where that is known",
    ),
    ColumnFact("n_signal_over_acceptance", "events", "the same of this search"),
    ColumnFact("n_signal_ul_expected", "events", "expected limit on signal events of this search"),
    _ACCEPTANCE,
    _KAONS,
)

TABLES: Mapping[str, tuple[ColumnFact, ...]] = {
    "limits.csv": _LIMITS,
    "result.json": _RESULT,
    "limits-methods.csv": _METHODS,
    "limits-checks.csv": (
        _MASS,
        _FOUND,
        _BACKGROUND,
        _BACKGROUND_ERROR,
        _BACKGROUND_STAT,
        _BACKGROUND_SYST,
        _observed("n_signal"),
        *_CHECKS,
        _STATUS,
    ),
    "signal.csv": (
        _MASS,
        _SIGMA,
        _ACCEPTANCE,
        _KAONS,
        _SIGMA_ERROR,
        _ACCEPTANCE_ERROR,
        _NO_WINDOW,
        _KAONS_ERROR,
    ),
    "cutflow.csv": (
        ColumnFact("selection", "", "selection of events"),
        ColumnFact("cut", "", "cut, in the order in which they are made"),
        ColumnFact("passed", "events", "candidates that pass it and all before it"),
        ColumnFact("fraction", "1", "share of those that passed the cut before"),
        ColumnFact("n_minus_one", "events", "candidates that pass all other cuts"),
        ColumnFact(
            "share",
            "",
            "share of the decays ended by a veto that the row counts and stands for; 1: all of them",
        ),
    ),
    "comparison.csv": _COMPARISON,
    "systematics.csv": (
        ColumnFact("source", "", "systematic source of the card, or part of the error of b"),
        _MASS,
        ColumnFact("confidence", "", "of the size of the variation, as in cards: V, C, M, m, E"),
        ColumnFact("in_limit", "", "yes or no: whether the source is in the limits"),
        *_shifts("acceptance", "A"),
        *_shifts("n_kaon", "N_K"),
        *_shifts("efficiency", "A N_K"),
        *_shifts("background", "the simulated decays in b"),
        ColumnFact("background_error", "events", "what the source does to b"),
    ),
    "composition.csv": (
        _MASS,
        _FOUND,
        _BACKGROUND,
        _BACKGROUND_ERROR,
        ColumnFact("simulated", "events", "simulated events in the window, all components, scaled to N_K"),
        ColumnFact("<source>", "events", "those of one source"),
        ColumnFact("<source>_error", "events", "their standard deviation from the size of the simulation"),
        ColumnFact(
            "<source>_syst",
            "events",
            "the error that windows share, where the background is made of templates",
        ),
    ),
    "projection.csv": (
        ColumnFact("exposure_decays", "decays", "meson decays in the fiducial volume"),
        _MASS,
        _ACCEPTANCE,
        _BACKGROUND,
        ColumnFact("background_stat", "events", "statistical part of the error of b"),
        ColumnFact("background_syst", "events", "systematic part of it, of constant size relative to b"),
        ColumnFact("branching_fraction_ul_expected", "1", "median expected upper limit on B(M+ -> l+ N)"),
        ColumnFact("u2_ul_expected", "1", "median expected upper limit on |U_l4|^2"),
        ColumnFact("u2_ul_expected_m1s", "1", "its quantile at -1 standard deviation"),
        ColumnFact("u2_ul_expected_p1s", "1", "its quantile at +1 standard deviation"),
        ColumnFact(
            "u2_ul_expected_statistical", "1", "the median without systematic errors of the background"
        ),
    ),
    "combine.csv": (
        _MASS,
        ColumnFact("searches", "", "labels of the searches that have this mass, joined by +"),
        ColumnFact(
            "u2_total_ul_observed", "1", "observed upper limit on U^2 = sum of |U_l4|^2, all searches"
        ),
        ColumnFact("u2_total_ul_expected", "1", "median of the limit under background only"),
        ColumnFact("u2_total_ul_expected_m2s", "1", "its quantile at -2 standard deviations"),
        ColumnFact("u2_total_ul_expected_m1s", "1", "its quantile at -1 standard deviation"),
        ColumnFact("u2_total_ul_expected_p1s", "1", "its quantile at +1 standard deviation"),
        ColumnFact("u2_total_ul_expected_p2s", "1", "its quantile at +2 standard deviations"),
        ColumnFact("u2_total_lower", "1", "lower end of the interval (0 for one-sided methods)"),
        ColumnFact("u2_total_estimate", "1", "U^2 >= 0 that fits all searches best"),
        ColumnFact("combined_significance", "1", "square root of 2 ln [L(estimate) / L(0)] of all searches"),
        ColumnFact("u2_<flavour>_ul_observed", "1", "share of the flavour times the observed limit"),
        ColumnFact("n_observed_<label>", "events", "events in the window of one search"),
        ColumnFact("background_<label>", "events", "its expected background"),
        ColumnFact(
            "u2_total_ul_observed_<label>",
            "1",
            "observed limit of this search alone, for the mixture, by the same method from the counts in its windows",
        ),
        ColumnFact("u2_total_ul_expected_<label>", "1", "its expected limit"),
    ),
    "compare.csv": (
        _MASS,
        ColumnFact("u2_ul_observed_<label>", "1", "observed upper limit on |U_l4|^2 of a search"),
        ColumnFact("u2_ul_expected_<label>", "1", "median expected upper limit of a search"),
        ColumnFact("observed_ratio_<label>", "1", "observed limit over that of the first search"),
        ColumnFact("expected_ratio_<label>", "1", "expected limit over that of the first search"),
    ),
}
"""Columns by file. ``result.json`` has those of ``limits.csv`` too, and of these what the search has."""

LIMITS_COLUMNS = tuple(fact.name for fact in _LIMITS)
"""Header of ``limits.csv``, in order."""

CHECK_COLUMNS = tuple(fact.name for fact in TABLES["limits-checks.csv"])
"""Header of ``limits-checks.csv``, how far each limit can be trusted; without those that a search does not have."""

METHOD_COLUMNS = tuple(fact.name.replace("<method>", "{}") for fact in _METHODS if "<method>" in fact.name)
"""Columns of ``limits-methods.csv`` for each method, ``{}`` its name with ``_`` for ``-``."""


def column_fact(name: str) -> ColumnFact | None:
    """Return what the column ``name`` of a search result is, None for one that is no column."""
    facts = [*_LIMITS, *_RESULT]
    for fact in facts:
        if fact.name == name:
            return fact
    for fact in facts:
        if "<" in fact.name and _matches(fact.name, name):
            return fact
    return None


def _matches(pattern: str, name: str) -> bool:
    from hnlpeak.statistics import METHODS, TREATMENTS

    words = {"<method>": METHODS, "<treatment>": TREATMENTS}
    stand = re.search(r"<\w+>", pattern)
    known = words.get(stand[0], ()) if stand is not None else ()
    return any(name == pattern.replace(stand[0], word.replace("-", "_")) for word in known if stand)
