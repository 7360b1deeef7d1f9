"""A search into a folder: claimed, resumed if it was interrupted, searched, written, and sealed by a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.plausibility import doubts_about_peak
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.progress import FIGURES
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.formats.manifest import sha256_of, write_manifest
from hnlpeak.formats.results import read_result
from hnlpeak.formats.search_files import write_search
from hnlpeak.formats.signal_table import read_signal_table
from hnlpeak.formats.spectrum_file import read_spectrum, split_spectrum_address
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.searches.claim import open_run
from hnlpeak.searches.given import search_spectrum
from hnlpeak.searches.identity import Identity, identity
from hnlpeak.searches.merge import Campaign
from hnlpeak.searches.places import check_place
from hnlpeak.searches.plan import Injection, PseudoData
from hnlpeak.searches.real_data import RealData, listen
from hnlpeak.searches.run import run_search

__all__ = ["merge_into", "run_into", "scan_into"]


def _search_into(
    place: Path,
    analysis: Analysis,
    make: Callable[[RunContext], Search],
    *,
    context: RunContext,
    belongs: Identity,
    overwrite: bool,
    inputs: Mapping[str, str],
    command: Sequence[str],
) -> SearchResult:
    """Make a search and write it; the manifest has a seed only where something was simulated."""
    started = datetime.now(UTC)
    with open_run(place, belongs, overwrite=overwrite) as claim:
        if claim.done:
            return read_result(place)
        made = make(replace(context, store=claim.store))
        context.report(FIGURES, 0)
        with context.beside(partial(_report, made, claim.stage, context.workers)) as report:
            write_search(made, claim.stage)
            report()
        write_manifest(
            claim.stage,
            cards=analysis.cards,
            seed=context.seed if made.decays else None,
            command=command,
            started=started,
            extra={"inputs": dict(inputs), "decays_simulated": made.decays},
        )
    return made.result


def _report(search: Search, stage: Path, workers: int) -> None:
    """Figures and page, by whoever has matplotlib: this process needs it for nothing else."""
    from hnlpeak.report.write import write_report

    write_report(search, stage, workers=workers)


def _checksums(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of files by name, or by path where names repeat."""
    names = [file.name for file in files]
    return {str(file) if names.count(file.name) > 1 else file.name: sha256_of(file) for file in files}


def run_into(
    place: Path,
    analysis: Analysis,
    *,
    kaons: float | None,
    inject: Injection | None,
    data: RealData | None,
    context: RunContext,
    overwrite: bool,
    pseudo_data: PseudoData = "simulated",
    before: Callable[[], None] = lambda: None,
    command: Sequence[str] = (),
) -> SearchResult:
    """Run ``analysis`` into the folder ``place``; an unfinished run of the same cards and seed is resumed.

    ``data`` are real candidates, selected; ``before`` is called when the folder is claimed and there is work to do.
    Raises ``UsageError`` for a finished or foreign folder, ``InputDataError`` for unusable data, ``HnlpeakError`` where
    the folder cannot be written.
    """
    check_place(place)
    selected = None if data is None else data.selected
    inputs = {} if data is None else _checksums(data.files)
    settings = {
        "kaons": kaons,
        "inject": None if inject is None else [inject.mass, inject.u2],
        "pseudo_data": pseudo_data,
    }

    def make(context: RunContext) -> Search:
        before()
        return run_search(
            analysis, kaons=kaons, inject=inject, selected=selected, context=context, pseudo_data=pseudo_data
        )

    return _search_into(
        place,
        analysis,
        make,
        context=context,
        belongs=identity(analysis, context.seed, inputs, settings),
        overwrite=overwrite,
        inputs=inputs,
        command=command,
    )


def merge_into(
    place: Path, jobs: Campaign, *, context: RunContext, overwrite: bool, command: Sequence[str] = ()
) -> SearchResult:
    """Join the job files of a campaign in the folder ``place``, as one run would have made it.

    ``context`` has the seed of the campaign. Raises as ``run_into``, and ``InputDataError`` for a job file that does
    not hold what it should.
    """
    check_place(place)
    if place.resolve() == jobs.survey.place.resolve():
        raise UsageError(f"{place}: holds the job files; give another folder for the results")
    settings = {
        "kaons": jobs.kaons,
        "inject": None if jobs.inject is None else [jobs.inject.mass, jobs.inject.u2],
    }

    def make(context: RunContext) -> Search:
        if context.store is None:
            raise ValueError("a merge needs a store")
        joined = replace(context, store=jobs.store(context.store))
        return jobs.marked(run_search(jobs.analysis, kaons=jobs.kaons, inject=jobs.inject, context=joined))

    return _search_into(
        place,
        jobs.analysis,
        make,
        context=context,
        belongs=identity(jobs.analysis, context.seed, jobs.checksums, settings),
        overwrite=overwrite,
        inputs=jobs.checksums,
        command=command,
    )


def _signal(path: str, card: AnalysisCard) -> SignalModel:
    """The table's acceptances are for the window of the card, a folder's for that of its own result."""
    window = card.scan.window
    if Path(path).is_dir():
        window = read_result(path).settings.window
    return read_signal_table(path, window=window, masses=card.scan.masses())


def scan_into(
    place: Path,
    spectrum: str,
    analysis: Analysis,
    *,
    signal: str | None,
    n_kaon: Measured | None,
    context: RunContext,
    overwrite: bool,
    unit: str | None = None,
    force: bool = False,
    command: Sequence[str] = (),
) -> SearchResult:
    """Scan the spectrum at the address ``spectrum`` into the folder ``place``.

    ``signal`` is a table or the folder of an earlier run; without it the signal (and N_K unless stated) is simulated
    and an unfinished scan of the same cards, seed and spectrum is resumed. ``unit`` is that of the axis where the file
    does not say it; ``force`` takes a spectrum whose Standard-Model peak is not where it belongs. Raises as
    ``run_into``.
    """
    check_place(place)
    file = split_spectrum_address(spectrum)[0]
    given = read_spectrum(spectrum, unit=unit)
    if signal is None and n_kaon is None and not given.simulated:
        listen(doubts_about_peak(given, analysis.card), force=force)
    table = None if signal is None else _signal(signal, analysis.card)
    inputs = {file.name: sha256_of(file)}
    if signal is not None:
        used = Path(signal) / "signal.csv" if Path(signal).is_dir() else Path(signal)
        inputs[f"signal/{used.name}"] = sha256_of(used)
    settings = {
        "scan": spectrum.removeprefix(str(file)),
        "unit": unit,
        "n_kaon": None if n_kaon is None else [n_kaon.value, n_kaon.error],
    }

    def make(context: RunContext) -> Search:
        return search_spectrum(given, analysis, signal=table, n_kaon=n_kaon, context=context)

    return _search_into(
        place,
        analysis,
        make,
        context=context,
        belongs=identity(analysis, context.seed, inputs, settings),
        overwrite=overwrite,
        inputs=inputs,
        command=command,
    )
