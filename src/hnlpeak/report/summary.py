"""What the page says first: the verdict, the key numbers, when the result holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.limits.status import unsound_counts
from hnlpeak.report.rounding import plain_number, scientific
from hnlpeak.report.typeset import typeset
from hnlpeak.report.validity import mean_paths
from hnlpeak.statistics import deviations

__all__ = ["conditions", "key_numbers", "not_quoted", "verdict"]

_EXCESS = 3.0
_NAMED = 10
"""So many missing jobs are named."""
_BEAM_LINE = 1e6
"""A kilometre in mm: what an HNL must outlive on average to leave every beam line of this kind."""


def _extreme(result: SearchResult, column: str) -> dict[str, Any] | None:
    """The row to be quoted with the smallest number in ``column``, None where there is none."""
    values = np.where(result.sound, result.number(column), np.nan)
    return (
        None
        if np.all(np.isnan(values))
        else result.row(float(result.number("m_n_mev")[int(np.nanargmin(values))]))
    )


def not_quoted(result: SearchResult) -> list[str]:
    """Return sentences on lost data, masses that are not quoted, a spectrum without events; none if all is well."""
    found = []
    lost = None if result.exposure is None else result.exposure.lost
    if lost is not None:
        some = ", ".join(str(index) for index in lost.jobs[:_NAMED]) + (
            ", ..." if len(lost.jobs) > _NAMED else ""
        )
        found.append(
            f"PARTIAL: {len(lost.jobs)} of {lost.of} jobs are missing ({some}), and with them "
            f"{100.0 * lost.share:.3g} % of the data."
        )
    if not result.n_observed.any():
        found.append("No window has an event.")
    if not result.sound.all():
        counts = ", ".join(f"{n} {word}" for word, n in unsound_counts(result.status).items())
        found.append(f"{(~result.sound).sum()} of {len(result)} masses are not quoted: {counts}.")
    return found


def verdict(result: SearchResult) -> str:
    """Return sentences: what is not quoted; of the rest any excess, the smallest local p, the strongest limit."""
    return " ".join([*not_quoted(result), _headline(result)])


def _headline(result: SearchResult) -> str:
    smallest, strongest = _extreme(result, "p_value"), _extreme(result, "u2_ul_observed")
    if smallest is None:
        return "No mass hypothesis could be tested: see the column status of the limits."
    # of the p-value, which never claims too much: in few events the asymptotic significance does
    z = float(deviations(smallest["p_value"]))
    above = z >= _EXCESS
    words = "A local excess above" if above else "No local excess above"
    text = f"{words} {_EXCESS:g}σ: the smallest local p-value is {plain_number(smallest['p_value'], 2)}"
    text += f" ({z:.1f}σ)" if math.isfinite(z) else ""
    text += f" at {smallest['m_n_mev']:g} MeV{_elsewhere(result)}."
    if strongest is None:
        return text + " There is no upper limit on the mixing."
    cl = 100.0 * result.settings.cl
    flavour = {"e": "e", "mu": "μ"}[result.lepton]
    limit = scientific(strongest["u2_ul_observed"])
    return f"{text} The strongest limit is |U_{flavour}4|² < {limit} ({cl:g} % CL) at {strongest['m_n_mev']:g} MeV."


def _elsewhere(result: SearchResult) -> str:
    """What the number of masses makes of the local p-value."""
    if result.toys is None or math.isnan(result.toys.look_elsewhere.global_p_value):
        return ", not corrected for the number of masses"
    found = result.toys.look_elsewhere
    return (
        f"; an excess as significant as the largest one ({found.largest_significance:.1f}σ at "
        f"{found.mass:g} MeV) has probability {plain_number(found.global_p_value, 2)} "
        f"at any mass (global p-value, {found.toys:d} toys)"
    )


def key_numbers(search: Search) -> list[tuple[str, str]]:
    """Return (words, number) of the search at a glance."""
    result = search.result
    masses, kaons = result.hypotheses.mass, result.normalisation.n_kaon
    numbers = [
        ("mass hypotheses", f"{len(result)}, {masses[0]:g} to {masses[-1]:g} MeV"),
        (
            f"{typeset(result.meson)} decays in the fiducial volume",
            plain_number(kaons.value, 4),
        ),
        (
            "their relative error",
            f"{100.0 * kaons.error / kaons.value:.2g} %" if kaons.error else "none given",
        ),
        ("masses that are not quoted for their status", str(int((~result.sound).sum()))),
        ("masses without a limit", str(int(np.isnan(result.number("u2_ul_observed")).sum()))),
    ]
    expected = _extreme(result, "u2_ul_expected")
    if expected is not None:
        text = f"{scientific(expected['u2_ul_expected'])} at {expected['m_n_mev']:g} MeV"
        numbers.append(("strongest expected limit on |U|²", text))
    total = float(result.number("n_observed").sum()), float(np.nansum(result.number("background")))
    numbers.append(
        ("observed / background, summed over (overlapping) windows", f"{total[0]:.0f} / {total[1]:.1f}")
    )
    return numbers


def conditions(search: Search) -> list[str]:
    """Return sentences on when the limits hold: lifetime, flavour, exposure, what is simulated."""
    result = search.result
    flavour = {"e": "electron", "mu": "muon"}[result.lepton]
    kaons = plain_number(result.normalisation.n_kaon.value, 4)
    found = [
        f"The limits on |U|² assume that the HNL mixes with the {flavour} flavour alone; "
        "those on the branching fraction do not depend on it.",
        *_lifetime(search),
        f"They refer to {kaons} {typeset(result.meson)} decays in the fiducial volume of the experiment.",
        f"Definition of a limit: {typeset(result.settings.convention)}.",
        *_deficits(result),
        f"Errors: {typeset(result.settings.errors)}.",
    ]
    injected = None if result.exposure is None else result.exposure.injected
    if injected is not None:
        found.append(
            f"A signal was injected: {injected.mass:g} MeV at |U|² = {injected.u2:.2e}. It also disturbs the "
            "side bands of neighbouring masses; their status says so."
        )
    if result.simulated:
        found.append("The data of this search are simulated: nothing here is a result of an experiment.")
    return found


_TREATMENTS = {
    "bounded": "the signal is taken to be at least 0 there, so that an interval is never empty",
    "unbounded": "the signal may be negative there, and an interval may be empty",
    "trolke": "the signal may be negative there, with the rules of ROOT's TRolke for empty intervals",
    "trolke-bounded": "the signal is taken to be at least 0 there, with the rules of ROOT's TRolke for n = 0",
}
"""What the treatments do where fewer events are observed than are expected."""


def _deficits(result: SearchResult) -> list[str]:
    """What a treatment of deficits means, where the method has one."""
    name = result.settings.treatment
    if name is None:
        return []
    return [f"Deficits, fewer events than background, are treated as “{name}”: {_TREATMENTS[name]}."]


def _lifetime(search: Search) -> list[str]:
    """The shortest mean path of an HNL with mixing at its observed limit, of the masses that may be quoted."""
    result = search.result
    paths = np.where(result.sound, mean_paths(search, "majorana"), np.nan)
    if np.all(np.isnan(paths)):
        return [
            "The HNL is taken to decay outside the apparatus: mixing times the length must be small enough for that."
        ]
    shortest = int(np.nanargmin(paths))
    path = float(paths[shortest])
    fine = (
        "well outside the apparatus"
        if path > _BEAM_LINE
        else "NOT well outside the apparatus: the limit is too strong there"
    )
    at = f"{result.hypotheses.mass[shortest]:g} MeV"
    return [
        "The HNL must decay outside the apparatus. With mixing at the observed limit (Majorana, no other flavour) "
        f"its mean path at the mean momentum is at least {plain_number(path * 1e-6, 2)} km (at {at}): {fine}. "
        "A Dirac HNL lives twice as long; its rate of production is the same, and so is the limit."
    ]
