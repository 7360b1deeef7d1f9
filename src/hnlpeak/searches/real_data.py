"""Real candidates from files to a spectrum: piece by piece, checked for what they mean before anything is simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hnlpeak.chain.sample_run import SampleResult, tally_chunks
from hnlpeak.core.errors import InputDataError, SuspiciousData
from hnlpeak.estimation.plausibility import doubts_about_columns, doubts_about_cuts, doubts_about_peak
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.formats.addresses import expand
from hnlpeak.formats.candidates import CandidateFile, EmptyTree
from hnlpeak.formats.root_file import split_address
from hnlpeak.reconstruction.candidates import Candidates

__all__ = ["RealData", "listen", "read_real_data"]

FileProgress = Callable[[str, int, int], None]
"""Called with a file, its place (from 1) among how many, when it is begun."""


class RealData(NamedTuple):
    """What files of candidates give: spectrum and cut-flow, how many candidates, which ``files``, and ``notes``."""

    selected: SampleResult
    candidates: int
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def listen(doubts: Iterator[str], *, force: bool) -> list[str]:
    """Raise ``SuspiciousData`` for the first doubt, or return them all where the user goes on by ``force``."""
    if force:
        return list(doubts)
    for doubt in doubts:
        raise SuspiciousData(f"{doubt} (--force goes on all the same)")
    return []


class _Reader:
    """Pieces of all files in turn; which were used, and what was left out in words.

    Of several files, those without events are skipped, and by ``force`` those that cannot be used: they are read once
    before, so that no part of them counts.
    """

    def __init__(
        self, addresses: list[str], analysis: Analysis, *, force: bool, progress: FileProgress | None
    ) -> None:
        self._addresses, self._analysis, self._force, self._progress = addresses, analysis, force, progress
        self.sample: Candidates | None = None
        self.events = self.not_finite = 0
        self.used: list[Path] = []
        self.skipped: list[str] = []
        self.doubts: list[str] = []

    def _usable(self, address: str) -> bool:
        if len(self._addresses) == 1:
            return True
        try:
            for _ in CandidateFile(address, self._analysis).chunks():
                if not self._force:
                    break
        except EmptyTree as error:
            self.skipped.append(str(error))
            return False
        except InputDataError as error:
            if not self._force:
                raise
            self.skipped.append(str(error))
            return False
        return True

    def _look_at(self, address: str, chunk: Candidates) -> None:
        self.sample = chunk
        if not chunk.simulated:
            doubts = doubts_about_columns(chunk, self._analysis)
            self.doubts += listen((f"{address}: {doubt}" for doubt in doubts), force=self._force)

    def chunks(self) -> Iterator[Candidates]:
        for i, address in enumerate(self._addresses, start=1):
            if self._progress is not None:
                self._progress(address, i, len(self._addresses))
            if not self._usable(address):
                continue
            file = CandidateFile(address, self._analysis)
            for chunk in file.chunks():
                if self.sample is None and len(chunk):
                    self._look_at(address, chunk)
                yield chunk
            self.used.append(split_address(address)[0])
            self.events += file.events
            self.not_finite += file.not_finite

    def notes(self) -> list[str]:
        """What was left out, and what is suspicious."""
        notes = []
        if self.skipped:
            of = f"{len(self.skipped)} of {len(self._addresses)} files skipped"
            notes += [of, *(f"skipped: {reason}" for reason in self.skipped)]
        if self.not_finite:
            notes.append(
                f"{self.not_finite} of {self.events} events have a column that is not finite and are left out"
            )
        return [*notes, *(f"suspicious: {doubt}" for doubt in self.doubts)]


def read_real_data(
    addresses: Sequence[str | Path],
    analysis: Analysis,
    *,
    needs_peak: bool = False,
    force: bool = False,
    progress: FileProgress | None = None,
) -> RealData:
    """Select the candidates of all files (names, patterns, ``:tree``), one piece in memory at a time.

    ``needs_peak`` says that N_K is to be measured with them. Raises ``InputDataError`` for files that cannot be used
    and ``SuspiciousData`` for data that hardly mean what they say, unless ``force`` turns that into a note.
    """
    reader = _Reader(expand(addresses), analysis, force=force, progress=progress)
    selected = tally_chunks(reader.chunks(), analysis.card)
    if reader.sample is None:
        raise InputDataError(f"{addresses[0]}: the tree has no events")
    if not reader.sample.simulated:
        reader.doubts += listen(
            doubts_about_cuts(selected.cutflows, reader.sample, analysis.card), force=force
        )
        if needs_peak:
            reader.doubts += listen(doubts_about_peak(selected.spectrum, analysis.card), force=force)
    return RealData(selected, reader.events, tuple(reader.used), tuple(reader.notes()))
