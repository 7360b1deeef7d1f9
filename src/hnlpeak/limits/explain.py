"""One limit in a sentence and its formulae, every step computed again from the numbers before it."""

from __future__ import annotations

import math
from typing import Any

from hnlpeak.core.errors import HnlpeakError
from hnlpeak.limits.constraint import background_constraint
from hnlpeak.limits.result import SearchResult
from hnlpeak.spectrum.window import window_words
from hnlpeak.statistics import rolke_lopez

__all__ = ["explain"]

_AGREEMENT = 1e-7


def _again(name: str, stored: float | None, computed: float) -> float:
    """The stored number, if the one computed from its inputs agrees."""
    if stored is None or not math.isclose(stored, computed, rel_tol=_AGREEMENT, abs_tol=1e-300):
        raise HnlpeakError(
            f"the result disagrees with its own inputs: {name} is {stored!r}, its inputs give {computed:.12g}"
        )
    return stored


def _g(value: float | None, digits: int = 4) -> str:
    return "unknown" if value is None else f"{value:.{digits}g}"


def explain(result: SearchResult, mass: float) -> str:
    """Return the limit at ``mass`` (MeV) as text: a sentence, then n, b, N_S, B and |U|^2 step by step.

    The interval and the conversions are computed again and compared to 1e-7; ``HnlpeakError`` where the
    result does not follow from its own inputs, ``UsageError`` where there is no hypothesis at ``mass``.
    """
    row = result.row(mass)
    channel = f"{result.meson} -> {result.lepton}+ N"
    mixing = f"|U_{result.lepton}4|^2"
    lines = [_sentence(result, row, channel, mixing), ""]
    lines += _counting(result, row)
    if row["n_signal_ul_observed"] is None:
        lines.append(f"There is no upper limit at this mass: {row['status']}.")
        return "\n".join(lines)
    lines += _steps(result, row, channel, mixing)
    return "\n".join(lines)


def _sentence(result: SearchResult, row: dict[str, Any], channel: str, mixing: str) -> str:
    what = "Simulated data" if result.simulated else "The data"
    cl = 100.0 * result.settings["cl"]
    observed, expected = row["u2_ul_observed"], row["u2_ul_expected"]
    if observed is None:
        return f"{what} give no limit on {mixing} at m_N = {row['m_n_mev']:g} MeV: {row['status']}."
    text = (
        f"{what} limit {channel} at m_N = {row['m_n_mev']:g} MeV to {mixing} < {_g(observed)} "
        f"({cl:g} % CL; {_g(expected)} expected with background only)"
    )
    return text + ("." if row["status"] == "ok" else f"; mind: {row['status']}.")


def _counting(result: SearchResult, row: dict[str, Any]) -> list[str]:
    half = 0.5 * (row["window_high_mev"] - row["window_low_mev"])
    lines = [
        f"window      |m_miss - {row['m_n_mev']:g}| < {_g(half)} MeV ({window_words(result.settings['window'])}), "
        f"bin edges {row['window_low_mev']:g} to {row['window_high_mev']:g} MeV ({row['selection']} cuts)",
        f"observed    n = {row['n_observed']:g}",
    ]
    if abs(row["window_efficiency_ratio"] - 1.0) > 0.01:
        lines.insert(
            1, f"            snapped: acceptance x {_g(row['window_efficiency_ratio'])} of the exact window"
        )
    if row["background"] is None:
        return [*lines, "background  no estimate"]
    how = _BACKGROUND[result.settings["background"]["method"]]
    return [
        *lines,
        f"background  b = {_g(row['background'])} +- {_g(row['background_error'])} {how(result, row)}",
        f"excess      p = {_g(row['p_value'])}, {row['local_significance']:+.2f} sigma (local)",
    ]


def _from_sidebands(result: SearchResult, row: dict[str, Any]) -> str:
    order, alternative = row["background_order"], result.settings["background"]["alternative_order"]
    return (
        f"(stat {_g(row['background_stat'])}, order {order:g} against {alternative} "
        f"{_g(row['background_syst'])}), from {row['sideband_events']:g} events in the side bands, "
        f"chi2/dof {_g(row['sideband_deviance'])}/{row['sideband_degrees_of_freedom']:g}"
    )


def _from_templates(result: SearchResult, row: dict[str, Any]) -> str:
    settings = result.settings["background"]
    text = (
        f"(stat {_g(row['background_stat'])}, syst {_g(row['background_syst'])}), from simulated "
        f"{', '.join(settings['errors'])}"
    )
    run = settings.get("control_run")
    if run is None:
        return text
    return (
        f"{text} and a control run times {_g(run['scale'])}, scaled with the {run['selection']} cuts between "
        f"{run['low_mev']:g} and {run['high_mev']:g} MeV"
    )


_BACKGROUND = {"sideband": _from_sidebands, "templates": _from_templates}


def _steps(result: SearchResult, row: dict[str, Any], channel: str, mixing: str) -> list[str]:
    settings = result.settings
    interval = rolke_lopez(
        row["n_observed"],
        background=background_constraint(
            row["background"], row["background_error"], kind=settings["constraint"]
        ),
        cl=settings["cl"],
        treatment=settings["treatment"],
    )
    n_signal = _again("n_signal_ul_observed", row["n_signal_ul_observed"], float(interval.upper))
    lines = [
        f"N_S         < {settings['method']}(n, b +- sigma_b; {settings['cl']:g}, {settings['treatment']}) "
        f"= {_g(n_signal, 6)} events; {settings['convention']}",
    ]
    if row["branching_fraction_ul_observed"] is None:
        return lines
    n_kaon, acceptance = row["n_kaon"], row["acceptance"]
    fraction = _again(
        "branching_fraction_ul_observed",
        row["branching_fraction_ul_observed"],
        n_signal / (n_kaon * acceptance),
    )
    lines.append(
        f"B({channel}) < N_S / (N_K A) = {_g(n_signal, 6)} / ({_g(n_kaon, 6)} x {_g(acceptance, 6)}) "
        f"= {_g(fraction, 6)}"
    )
    if row["u2_ul_observed"] is None:
        return lines
    per_u2 = row["branching_fraction_per_u2"]
    u2 = _again("u2_ul_observed", row["u2_ul_observed"], fraction / per_u2)
    lines.append(
        f"{mixing}   < B / [B({result.meson} -> {result.lepton} nu) rho(m_N)] "
        f"= {_g(fraction, 6)} / {_g(per_u2, 6)} = {_g(u2, 6)}"
    )
    return lines
