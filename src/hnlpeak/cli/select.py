"""``hnlpeak select``: from an ntuple of candidates to a missing-mass spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.options import AnalysisOption
from hnlpeak.cli.verbosity import say

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
    force: Annotated[
        bool,
        typer.Option("--force", help="Go on with data that look suspicious; skip damaged files of several."),
    ] = False,
) -> None:
    """Apply the cuts of an analysis and write the missing-mass spectrum; the cut-flow goes to stdout as CSV."""
    from hnlpeak.cli.options import check_output
    from hnlpeak.cli.reading import read_with_progress
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.formats.search_tables import cutflow_table
    from hnlpeak.formats.spectrum_file import WRITTEN, write_spectrum

    check_output(output, WRITTEN)
    read = read_with_progress(ntuples, load_analysis(analysis), needs_peak=False, force=force)
    write_spectrum(output, read.selected.spectrum)
    typer.echo(cutflow_table(read.selected.cutflows), nl=False)
    say(f"{read.candidates} candidates, spectrum in {output}")
