"""``hnlpeak select``: from an ntuple of candidates to a missing-mass spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["select"]


def select(
    ntuple: Annotated[
        str, typer.Argument(metavar="FILE.root", help="Candidates: file.root or file.root:tree.")
    ],
    analysis: Annotated[str, typer.Option(help="Library name or path of an analysis card.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="SPECTRUM", help="Spectrum to write: .json or .root.")
    ],
) -> None:
    """Apply the cuts of an analysis and write the missing-mass spectrum; the cut-flow goes to stdout as CSV."""
    from hnlpeak.chain.sample_run import tally_candidates
    from hnlpeak.cli.options import check_output
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.formats.candidates import read_candidates
    from hnlpeak.formats.cutflow_table import cutflow_table
    from hnlpeak.formats.spectrum_file import write_spectrum

    check_output(output, (".json", ".root"))
    cards = load_analysis(analysis)
    candidates = read_candidates(ntuple, cards)
    selected = tally_candidates(candidates, cards.card)
    write_spectrum(output, selected.spectrum)
    typer.echo(cutflow_table(selected.cutflows), nl=False)
    typer.echo(f"{len(candidates)} candidates, spectrum in {output}", err=True)
