"""What the export formats share: the finished search that goes out, its sound rows, and the record of a format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.results import read_result
from hnlpeak.formats.uhi import read_uhi
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.status import unsound_counts
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["Export", "Finished", "channel_of", "finished", "slug"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished search: its ``result``, the searched ``spectrum``, and the ``folder`` that they were read from."""

    result: SearchResult
    spectrum: Spectrum
    folder: Path

    def rows(self, columns: Sequence[str]) -> NDArray[np.int64]:
        """Places of the masses that may be quoted and at which all of ``columns`` are finite: no NaN ever leaves.

        ``UsageError`` where there is none.
        """
        finite = np.all([np.isfinite(self.result.number(name)) for name in columns], axis=0)
        if not np.any(finite & self.result.sound):
            counts = ", ".join(f"{word} {n}" for word, n in unsound_counts(self.result.status).items())
            why = f"no mass may be quoted ({counts})" if not self.result.sound.any() else ""
            raise UsageError(
                f"{self.folder}: {why or 'no mass that may be quoted has all of ' + ', '.join(columns)}: "
                "there is nothing to export"
            )
        return np.flatnonzero(finite & self.result.sound)

    def left_out(self, rows: NDArray[np.int64]) -> str:
        """In words, the masses that ``rows`` leave out; empty where they leave out none."""
        missing = np.setdiff1d(np.arange(len(self.result)), rows)
        if missing.size == 0:
            return ""
        masses = self.result.number("m_n_mev")[missing]
        status = [str(self.result["status"][i]) for i in missing]
        named = ", ".join(f"{mass:g} ({word})" for mass, word in zip(masses, status, strict=True))
        return f"Masses that are not to be quoted or have no number, left out (MeV): {named}."

    @property
    def origin(self) -> str:
        """One sentence on where the numbers come from: simulated output says so."""
        what = "simulated pseudo-data" if self.result.simulated else "data given to hnlpeak"
        return f"{self.result.title}: made by hnlpeak from {what}, not a result of any collaboration."


def finished(directory: str | Path) -> Finished:
    """Read the folder of a finished search. ``InputDataError`` where it is none."""
    place = Path(directory)
    if not place.is_dir():
        raise InputDataError(f"{place}: no such folder; expected the results of run or scan")
    return Finished(read_result(place), read_uhi(place / "spectrum.json"), place)


def channel_of(result: SearchResult) -> str:
    """The decay as HEPData writes reactions: ``K+ --> E+ N``."""
    return f"{result.meson} --> {result.lepton.upper()}+ N"


def slug(mass: float) -> str:
    """A name for a mass hypothesis that any format accepts: 300.5 MeV is ``m300p5``."""
    return f"m{mass:.12g}".replace(".", "p").replace("-", "n").replace("+", "")


@dataclass(frozen=True)
class Export:
    """One format: its ``name`` on the command line, a ``summary``, and what writes the files.

    ``write(search, place)`` writes into the empty folder ``place`` and returns what it wrote.
    """

    name: str
    summary: str
    write: Callable[[Finished, Path], list[Path]]
