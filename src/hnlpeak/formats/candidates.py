"""Candidates as flat ntuples: the door through which real events come in, and simulated ones go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.column_card import BranchCard
from hnlpeak.formats.facts import read_facts
from hnlpeak.formats.ntuple import CHUNK, iterate_ntuple, read_ntuple_metadata, write_ntuple
from hnlpeak.reconstruction.candidates import Candidates
from hnlpeak.spectrum.fixed_point import LARGEST_SUM

__all__ = ["CandidateFile", "EmptyTree", "read_candidates", "required_columns", "write_candidates"]

_OPTIONAL = ("source", "weight", "number")
_LARGEST_WEIGHT = LARGEST_SUM**0.5


def required_columns(card: AnalysisCard) -> list[str]:
    """Columns that the cuts and the missing mass need."""
    cuts = [cut for selection in card.selections for cut in card.cuts_of(selection)]
    return list(dict.fromkeys(["m2_miss_mev2", *(column for cut in cuts for column in cut.columns())]))


class EmptyTree(InputDataError):
    """A file that is whole and holds no event."""


class CandidateFile:
    """Candidates of ``file.root`` or ``file.root:tree``, with the card's ``columns`` as branches and their units.

    Needed are the columns of the cuts and ``m2_miss_mev2``. Events with a needed column that is not finite belong to
    no spectrum: they are left out and counted in ``not_finite``, beside ``events``, once ``chunks`` are through.
    Raises ``InputDataError`` for metadata of the wrong kind.
    """

    def __init__(self, address: str | Path, analysis: Analysis) -> None:
        self.address, self.events, self.not_finite = str(address), 0, 0
        self._card = analysis.card
        self.needed = required_columns(analysis.card)
        self.branches = {
            name: analysis.card.columns.get(name, BranchCard(branch=name))
            for name in [*self.needed, *_OPTIONAL]
        }
        record = read_ntuple_metadata(address)
        self._facts = read_facts(record, self.address, default_label=Path(self.address).name)
        named = record.get("sources", ["data"])
        if not isinstance(named, list) or not named or not all(isinstance(name, str) for name in named):
            raise InputDataError(
                f"{address}: metadata 'sources' must be a list of names, got {str(named)[:40]!r}"
            )
        self._components = tuple(named)

    @property
    def simulated(self) -> bool:
        """True where the file says so."""
        return self._facts.simulated

    def chunks(self, size: int = CHUNK) -> Iterator[Candidates]:
        """Yield the candidates, at most ``size`` at a time; the decays behind them all with the first.

        Raises ``InputDataError`` naming file, tree and branch where one is missing or not one number per event, where
        more events than the card allows have a value that is not finite, and where there are none.
        """
        decays = self._facts.decays_in_fiducial
        worst: dict[str, int] = dict.fromkeys(self.needed, 0)
        wanted = {name: source.branch for name, source in self.branches.items()}
        for raw in iterate_ntuple(self.address, columns=wanted, required=self.needed, chunk=size):
            columns = {
                name: np.asarray(values, dtype=np.float64) * self.branches[name].scale(name)
                for name, values in raw.items()
            }
            if not len(columns[self.needed[0]]) and not self.events:
                break
            good = np.ones(len(columns[self.needed[0]]), dtype=bool)
            for name in self.needed:
                finite = np.isfinite(columns[name])
                worst[name] += int(np.sum(~finite))
                good &= finite
            self.events += good.size
            self.not_finite += int(np.sum(~good))
            kept = columns if good.all() else {name: column[good] for name, column in columns.items()}
            self._check(kept)
            yield Candidates(
                kept,
                simulated=self._facts.simulated,
                components=self._components,
                label=self._facts.label,
                decays_in_fiducial=decays,
            )
            decays = None if decays is None else 0.0
        self._check_counts(worst)

    def _check(self, columns: Mapping[str, NDArray[Any]]) -> None:
        components = len(self._components)
        if "source" in columns and not np.all(np.isin(columns["source"], np.arange(-1, components))):
            raise InputDataError(
                f"{self.address}: column 'source' holds numbers outside -1 to {components - 1}"
            )
        if "weight" not in columns:
            return
        weights = columns["weight"]
        if not np.all(np.isfinite(weights) & (weights >= 0.0)):
            raise InputDataError(f"{self.address}: column 'weight' holds negative or non-finite numbers")
        if np.any(weights >= _LARGEST_WEIGHT):
            raise InputDataError(
                f"{self.address}: column 'weight' holds {weights.max():g}, at most {_LARGEST_WEIGHT:.4g} are taken: "
                "scale the weights down"
            )

    def _check_counts(self, worst: Mapping[str, int]) -> None:
        if not self.events:
            raise EmptyTree(f"{self.address}: the tree has no events")
        share, limit = self.not_finite / self.events, self._card.non_finite_limit
        if share > limit:
            most = max(worst, key=lambda name: worst[name])
            raise InputDataError(
                f"{self.address}: {100.0 * share:.3g} % of the events have a column that is not finite "
                f"(most often {most!r}); at most {100.0 * limit:g} % are allowed (non_finite_limit of the card)"
            )


def read_candidates(address: str | Path, analysis: Analysis) -> Candidates:
    """All candidates of one file in memory, those with values that are not finite left out; see ``CandidateFile``."""
    file = CandidateFile(address, analysis)
    parts: Sequence[Candidates] = list(file.chunks())
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    first = parts[0]
    return Candidates(columns, first.simulated, first.components, first.label, first.decays_in_fiducial)


def write_candidates(path: str | Path, candidates: Candidates) -> None:
    """Write all columns as a flat ntuple ``hnl`` (MeV, mm, ns) that says whether it is simulated.

    Nothing half-written is left behind.
    """
    write_ntuple(
        path,
        candidates.columns,
        metadata={
            "simulated": candidates.simulated,
            "label": candidates.label,
            "sources": list(candidates.components),
            "decays_in_fiducial": candidates.decays_in_fiducial,
            "units": "MeV, mm, ns",
            "note": "simulated by hnlpeak" if candidates.simulated else "",
        },
    )
