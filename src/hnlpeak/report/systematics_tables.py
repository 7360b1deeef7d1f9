"""Tables of the page: what each systematic source does to A N_K and to b."""

from __future__ import annotations

import numpy as np

from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.systematics import Systematics
from hnlpeak.limits.systematics_errors import simulated_decays
from hnlpeak.limits.systematics_table import background_parts
from hnlpeak.report.labels import source_words
from hnlpeak.report.rounding import plain_number
from hnlpeak.report.tables import Table

__all__ = ["systematics_tables"]


def systematics_tables(result: SearchResult) -> tuple[Table, ...]:
    """Return both tables; none for a search without systematic sources."""
    found = result.systematics
    return () if found is None else (_signal_table(result, found), _background_table(result, found))


def _percent(value: float, error: float) -> str:
    if not np.isfinite(value):
        return plain_number(None)
    return f"{100.0 * value:+.2f} ± {100.0 * error:.2f}"


def _signal_table(result: SearchResult, found: Systematics) -> Table:
    rows = [
        (
            source.name,
            ", ".join(f"{address} × {factor:g}" for address, factor in source.vary.items()),
            f"{source.reference} ({source.confidence})",
            "yes" if source.in_limit else "no",
            _percent(source.n_kaon.value[0], source.n_kaon.error[0]),
            *(_percent(*pair) for pair in zip(source.efficiency.value, source.efficiency.error, strict=True)),
        )
        for source in found.sources
    ]
    errors = result.hypotheses.systematic
    if errors is not None:
        whole = np.interp(found.masses, result.hypotheses.mass, errors.efficiency)
        rows.append(("all, in quadrature", "", "", "", "", *(f"{100.0 * value:.2f}" for value in whole)))
    head = ("source", "varied", "reference", "in the limit", "N_K [%]")
    return Table(
        "Systematic errors of the signal: shifts of N_K, and of A N_K at each mass, in per cent, with the error of the "
        "simulation's statistics.",
        (*head, *(f"{mass:g} MeV [%]" for mass in found.masses)),
        tuple(rows),
    )


def _background_table(result: SearchResult, found: Systematics) -> Table:
    masses, b = result.hypotheses.mass, result.background.background
    simulated = simulated_decays(result.background)
    parts = {
        source.name: (simulated * found.background(source, masses), source.in_limit)
        for source in found.sources
        if source.background is not None
    }
    parts |= {
        source_words(name): (part, True)
        for name, part in background_parts(result).items()
        if name not in parts
    }
    rows = []
    for name, (events, inside) in parts.items():
        shares = 100.0 * np.interp(found.masses, masses, events / np.where(b > 0.0, b, np.nan))
        rows.append((name, "yes" if inside else "no", *(plain_number(float(share), 2) for share in shares)))
    return Table(
        "Errors of the background at each mass, in per cent of b.",
        ("source", "in the limit", *(f"{mass:g} MeV [%]" for mass in found.masses)),
        tuple(rows),
    )
