"""``cutflow.csv``: how many candidates each cut of each selection leaves."""

from __future__ import annotations

from collections.abc import Sequence

from hnlpeak.formats.table import table_text
from hnlpeak.selection.cutflow import Cutflow
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["cutflow_table", "passed_table"]


def cutflow_table(cutflows: Sequence[Cutflow]) -> str:
    """Return CSV text: selection, cut, passed, fraction of the step before, N - 1."""
    rows = [row for cutflow in cutflows for row in cutflow.rows()]
    return table_text({name: [row[name] for row in rows] for name in rows[0]})


def passed_table(spectrum: Spectrum) -> str:
    """Return CSV text for a spectrum as given: it does not tell its cuts, only what passed them all."""
    passed = [float(spectrum.project(name).values.sum()) for name in spectrum.selections]
    cuts = ["all cuts (spectrum as given)"] * len(passed)
    return table_text({"selection": spectrum.selections, "cut": cuts, "passed": passed})
