"""Candidates as flat ntuples: the door through which real events come in, and simulated ones go out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hnlpeak.core.errors import InputDataError
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.formats.ntuple import read_ntuple, read_ntuple_metadata, write_ntuple
from hnlpeak.reconstruction.candidates import Candidates

__all__ = ["read_candidates", "required_columns", "write_candidates"]

_OPTIONAL = ("source", "weight", "number")


def required_columns(card: AnalysisCard) -> list[str]:
    """Columns that the cuts and the missing mass need."""
    cuts = [cut for selection in card.selections for cut in card.cuts_of(selection)]
    return list(dict.fromkeys(["m2_miss_mev2", *(column for cut in cuts for column in cut.columns())]))


def _check_finite(columns: dict[str, np.ndarray], needed: Sequence[str], limit: float, origin: str) -> None:
    bad = np.zeros(len(columns[needed[0]]), dtype=bool)
    worst, most = "", 0
    for name in needed:
        wrong = ~np.isfinite(columns[name])
        bad |= wrong
        if int(wrong.sum()) > most:
            worst, most = name, int(wrong.sum())
    share = float(bad.mean()) if bad.size else 0.0
    if share > limit:
        raise InputDataError(
            f"{origin}: {100.0 * share:.3g} % of the events have a column that is not finite (most often {worst!r}); "
            f"at most {100.0 * limit:g} % are allowed (non_finite_limit of the card)"
        )


def read_candidates(address: str | Path, analysis: Analysis) -> Candidates:
    """Candidates of ``file.root`` or ``file.root:tree``, with the card's ``columns`` as names of branches.

    Needed are the columns of the cuts and ``m2_miss_mev2``, in MeV, mm and ns. Raises ``InputDataError`` naming
    file, tree and branch where one is missing or not one number per event, where more events than the card allows
    have a value that is not finite, or where there are none.
    """
    card = analysis.card
    needed = required_columns(card)
    mapped = {name: card.columns.get(name, name) for name in [*needed, *_OPTIONAL]}
    raw = read_ntuple(address, columns=mapped, required=needed)
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in raw.items()}
    if not len(columns[needed[0]]):
        raise InputDataError(f"{address}: the tree has no events")
    _check_finite(columns, needed, card.non_finite_limit, str(address))
    facts = read_ntuple_metadata(address)
    sources = tuple(str(name) for name in facts.get("sources", ())) or ("data",)
    if "source" in columns and not np.all(np.isin(columns["source"], np.arange(-1, len(sources)))):
        raise InputDataError(f"{address}: column 'source' holds numbers outside -1 to {len(sources) - 1}")
    if "weight" in columns and not np.all(np.isfinite(columns["weight"]) & (columns["weight"] >= 0.0)):
        raise InputDataError(f"{address}: column 'weight' holds negative or non-finite numbers")
    decays = facts.get("decays_in_fiducial")
    return Candidates(
        columns,
        simulated=bool(facts.get("simulated", False)),
        sources=sources,
        label=str(facts.get("label", Path(str(address)).name)),
        decays_in_fiducial=None if decays is None else float(decays),
    )


def write_candidates(path: str | Path, candidates: Candidates) -> None:
    """Write all columns as a flat ntuple ``hnl`` that says whether it is simulated."""
    write_ntuple(
        path,
        candidates.columns,
        metadata={
            "simulated": candidates.simulated,
            "label": candidates.label,
            "sources": list(candidates.sources),
            "decays_in_fiducial": candidates.decays_in_fiducial,
            "units": "MeV, mm, ns",
            "note": "simulated by hnlpeak" if candidates.simulated else "",
        },
    )
