"""``hnlpeak scan``: from a spectrum to limits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hnlpeak.estimation.signal import SignalModel
    from hnlpeak.experiment.analysis_card import AnalysisCard
    from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["scan"]


def scan(
    spectrum: Annotated[
        str,
        typer.Argument(
            metavar="SPECTRUM", help="Missing-mass spectrum: .json (UHI), .csv or file.root:hist."
        ),
    ],
    analysis: Annotated[str, typer.Option("--analysis", help="Analysis: a library name or a card's path.")],
    signal: Annotated[
        str | None,
        typer.Option(
            "--signal", metavar="TABLE.csv|DIR", help="Table of sigma(m), A(m), N_K, or an earlier run."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results in DIR.")] = False,
) -> None:
    """Scan a spectrum for peaks: observed and expected limits at every mass of the analysis."""
    from hnlpeak.core.card import read_card
    from hnlpeak.core.errors import UsageError
    from hnlpeak.experiment.analysis_card import AnalysisCard
    from hnlpeak.formats.manifest import sha256_of, write_manifest
    from hnlpeak.formats.results import claim_directory, refuse_occupied, write_results
    from hnlpeak.formats.root_file import split_address
    from hnlpeak.formats.signal_table import signal_table
    from hnlpeak.formats.spectrum_file import read_spectrum
    from hnlpeak.limits.scan import scan as scanned

    started = datetime.now(UTC)
    file, _ = split_address(spectrum)
    place = refuse_occupied(output or Path(f"{file.stem}-limits"), overwrite=overwrite)
    card, text, _ = read_card(AnalysisCard, analysis, folder="analyses")
    if signal is None:
        raise UsageError(
            "give --signal TABLE.csv (m_n_mev, sigma_mev, acceptance, n_kaon) or the DIR of a run"
        )
    given = read_spectrum(spectrum)
    model = _signal(signal, card)
    result = scanned(given, card, signal=model)
    claim_directory(place, overwrite=overwrite)
    write_results(
        place, result, spectrum=given, signal=signal_table(card, model, None), cutflow=_cutflow(given)
    )
    write_manifest(
        place,
        cards={f"analyses/{card.name}": text},
        seed=None,
        started=started,
        extra={"inputs": {file.name: sha256_of(file)}},
    )
    typer.echo(f"{len(result)} mass hypotheses: {place / 'limits.csv'}", err=True)


def _signal(path: str, card: AnalysisCard) -> SignalModel:
    """The table's acceptances are for the window of the card, a folder's for that of its own result."""
    from hnlpeak.formats.results import read_result
    from hnlpeak.formats.signal_table import read_signal_table

    window = card.scan.window
    if Path(path).is_dir():
        window = float(read_result(path).settings["window"])
    return read_signal_table(path, window=window, masses=card.scan.masses())


def _cutflow(spectrum: Spectrum) -> str:
    """A spectrum does not tell the cuts before it, only what passed them all."""
    from hnlpeak.formats.table import table_text

    passed = [float(spectrum.project(name).values.sum()) for name in spectrum.selections]
    return table_text(
        {
            "selection": spectrum.selections,
            "cut": ["all cuts (spectrum as given)"] * len(passed),
            "passed": passed,
        }
    )
