"""One limit in a sentence and its formulae, every step computed again from the numbers before it."""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.background.methods import explain_background
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.excess import local_p_value, of_one_event
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.status import meaning
from hnlpeak.spectrum.window import window_words
from hnlpeak.statistics import Gaussian, Known, deviations, method_call

__all__ = ["explain", "sentence"]

_AGREEMENT = 1e-7
_APART = 0.1
"""Standard deviations by which p and the significance differ so that a word is said of it."""


def _again(name: str, stored: float, computed: float) -> float:
    """The stored number, if the one computed from its inputs agrees."""
    if not math.isclose(stored, computed, rel_tol=_AGREEMENT, abs_tol=1e-300):
        raise HnlpeakError(
            f"the result disagrees with its own inputs: {name} is {stored:.12g}, its inputs give {computed:.12g}"
        )
    return stored


def _g(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if math.isfinite(value) else "unknown"


def explain(result: SearchResult, mass: float) -> str:
    """Return the limit at ``mass`` (MeV) as text: a sentence, then n, b, N_S, B and |U|^2 step by step.

    The interval and the conversions are computed again and compared to 1e-7; ``HnlpeakError`` where the
    result does not follow from its own inputs, ``UsageError`` where there is no hypothesis at ``mass`` or the method of
    the search is not known here.
    """
    i = result.place(mass)
    lines = [sentence(result, mass), "", *_counting(result, i)]
    if not math.isfinite(result.limits.observed.n_signal[i]):
        lines.append(f"There is no upper limit at this mass: {result.status[i]}.")
        return "\n".join(lines)
    lines += _steps(result, i)
    return "\n".join(lines)


def _channel(result: SearchResult) -> tuple[str, str]:
    """The decay and the mixing in plain text."""
    return f"{result.meson} -> {result.lepton}+ N", f"|U_{result.lepton}4|^2"


def sentence(result: SearchResult, mass: float) -> str:
    """Return the limit at ``mass`` (MeV) as one sentence. ``UsageError`` where there is no hypothesis."""
    i, (channel, mixing) = result.place(mass), _channel(result)
    what = "The simulated data" if result.simulated else "The data"
    cl = 100.0 * result.settings.cl
    status = result.status[i]
    observed, expected = result.limits.observed.u2[i], result.limits.expected.median.u2[i]
    if not math.isfinite(observed):
        return f"{what} give no limit on {mixing} at m_N = {result.hypotheses.mass[i]:g} MeV: {status}."
    text = (
        f"{what} limit {channel} at m_N = {result.hypotheses.mass[i]:g} MeV to {mixing} < {_g(observed)} "
        f"({cl:g} % CL; {_g(expected)} expected with background only)"
    )
    if not result.sound[i]:
        return f"Not to be quoted, {meaning(status)}. {text}."
    return text + ("." if status == "ok" else f"; status {meaning(status)}.")


def _counting(result: SearchResult, i: int) -> list[str]:
    table, windows = result.hypotheses, result.windows
    half = 0.5 * (windows.high[i] - windows.low[i])
    lines = [
        f"window      |m_miss - {table.mass[i]:g}| < {_g(half)} MeV ({window_words(result.settings.window)}), "
        f"bin edges {windows.low[i]:g} to {windows.high[i]:g} MeV ({table.selection[i]} cuts)",
        f"observed    n = {result.n_observed[i]:g}",
    ]
    ratio = windows.efficiency_ratio[i]
    if abs(ratio - 1.0) > 0.01:
        lines.insert(1, f"            snapped: acceptance x {_g(ratio)} of the exact window")
    b = result.background
    if not math.isfinite(b.background[i]):
        return [*lines, "background  no estimate"]
    net = result.efficiency
    if net.value[i] != 1.0:
        leak = 1.0 - net.value[i]
        lines.append(
            f"leakage     {_g(leak)} events of b for each signal event in the window: efficiency {_g(net.value[i])}"
        )
    return [
        *lines,
        f"background  b = {_g(b.background[i])} +- {_g(b.error[i])} {explain_background(b, i)}",
        f"excess      p = {_g(result.excess.p_value[i])}, {result.excess.significance[i]:+.2f} sigma (local)"
        + _in_deviations(result, i)
        + _of_one_event(result, i),
    ]


def _in_deviations(result: SearchResult, i: int) -> str:
    """Why p and the significance of a few events are not the same number, where they differ."""
    p = float(result.excess.p_value[i])
    if not 0.0 < p < 1.0:
        return ""
    z, said = float(deviations(p)), float(result.excess.significance[i])
    if not abs(z - said) > _APART:
        return ""
    n, b, error = (
        np.array([column[i]], dtype=float)
        for column in (result.n_observed, result.background.background, result.background.error)
    )
    half = float(deviations(local_p_value(n, b, error, kind=result.settings.constraint, mid_p=True)[0]))
    if abs(half - said) > _APART:
        return f"; p is {z:+.2f} sigma: the significance is asymptotic, which few events do not follow"
    return f"; p is {z:+.2f} sigma: it has the probability of exactly n in full, the significance half of it"


def _of_one_event(result: SearchResult, i: int) -> str:
    """Why p is larger than b +- sigma_b makes it, where it is."""
    n, error, p = (
        float(column[i]) for column in (result.n_observed, result.background.error, result.excess.p_value)
    )
    if not 0.0 < p < 0.5 or p > (1.0 + 1e-6) * float(of_one_event(np.array(n), np.array(error))):
        return ""
    return (
        f"; sigma_b is large: p is that of one event in a control region {_g(1.0 / error, 2)} times the window, "
        "and no smaller"
    )


def _steps(result: SearchResult, i: int) -> list[str]:
    channel, mixing = _channel(result)
    settings, table, limit = result.settings, result.hypotheses, result.limits.observed
    constraint = background_constraint(
        float(result.background.background[i]), float(result.background.error[i]), kind=settings.constraint
    )
    net = result.efficiency
    interval = method_call(settings.method, settings.treatment)(
        float(result.n_observed[i]),
        background=constraint,
        efficiency=Gaussian(net.value[i], net.error[i]) if net.error[i] > 0.0 else Known(net.value[i]),
        cl=settings.cl,
    )
    n_signal = _again("n_signal_ul_observed", float(limit.n_signal[i]), float(interval.upper))
    treatment = "" if settings.treatment is None else f", {settings.treatment}"
    error = f" +- {_g(net.error[i])}" if net.error[i] > 0.0 else ""
    share = "" if net.value[i] == 1.0 and not error else f", efficiency {_g(net.value[i])}{error}"
    lines = [
        f"N_S         < {settings.method}(n, b +- sigma_b{share}; {settings.cl:g}{treatment}) "
        f"= {_g(n_signal, 6)} events; {settings.convention}",
    ]
    if result.coverage is not None and math.isfinite(result.coverage.smallest[i]):
        own = result.coverage
        lines.append(
            f"coverage    {own.at_limit[i]:.3f} if the limit is the true signal, {own.smallest[i]:.3f} at worst "
            f"(upper end alone {own.upper_at_limit[i]:.3f}, {own.upper_smallest[i]:.3f}), at this b +- sigma_b"
        )
    if not math.isfinite(limit.branching_fraction[i]):
        return lines
    n_kaon, acceptance = float(table.n_kaon[i]), float(table.acceptance[i])
    fraction = _again(
        "branching_fraction_ul_observed",
        float(limit.branching_fraction[i]),
        n_signal / (n_kaon * acceptance),
    )
    lines.append(
        f"B({channel}) < N_S / (N_K A) = {_g(n_signal, 6)} / ({_g(n_kaon, 6)} x {_g(acceptance, 6)}) "
        f"= {_g(fraction, 6)}"
    )
    if not math.isfinite(limit.u2[i]):
        return lines
    per_u2 = float(table.per_u2[i])
    u2 = _again("u2_ul_observed", float(limit.u2[i]), fraction / per_u2)
    lines.append(
        f"{mixing:<11} < B / [B({result.meson} -> {result.lepton} nu) rho(m_N)] "
        f"= {_g(fraction, 6)} / {_g(per_u2, 6)} = {_g(u2, 6)}"
    )
    return lines
