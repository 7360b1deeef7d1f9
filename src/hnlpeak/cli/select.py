"""``hnlpeak select``: from an ntuple of candidates to a missing-mass spectrum."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnlpeak.cli.options import AnalysisOption, ForceOption
from hnlpeak.cli.verbosity import say

if TYPE_CHECKING:
    from hnlpeak.selection.cutflow import Cutflow

__all__ = ["select"]


def select(
    ntuples: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE.root...",
            help="Candidates: file.root, file.root:tree, or a pattern 'run*.root:tree'.",
        ),
    ],
    analysis: AnalysisOption,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="SPECTRUM", help="Spectrum to write: .json, .root and others."
        ),
    ],
    force: ForceOption = False,
) -> None:
    """Apply the cuts of an analysis and write the missing-mass spectrum; the cut-flow goes to stdout.

    As a table on a terminal, else as CSV with all digits.
    """
    from hnlpeak.cli.options import check_output
    from hnlpeak.cli.reading import read_with_progress
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.formats.search_tables import cutflow_table
    from hnlpeak.formats.spectrum_file import WRITTEN, write_spectrum

    check_output(output, WRITTEN)
    read = read_with_progress(ntuples, load_analysis(analysis), needs_peak=False, force=force)
    write_spectrum(output, read.selected.spectrum)
    if sys.stdout.isatty():
        typer.echo("\n\n".join(_readable(flow) for flow in read.selected.cutflows))
    else:
        typer.echo(cutflow_table(read.selected.cutflows), nl=False)
    say(f"{read.candidates} candidates, spectrum in {output}")


def _readable(flow: Cutflow) -> str:
    """The cut-flow of a selection for people."""
    lines = [f"{flow.selection:<24} {'passed':>10} {'of the step before':>19} {'without this cut':>17}"]
    for row in flow.rows():
        share = f"{100.0 * float(row['fraction']):.1f} %"
        lines.append(f"{row['cut']:<24} {row['passed']:>10g} {share:>19} {row['n_minus_one']:>17g}")
    return "\n".join(lines)
