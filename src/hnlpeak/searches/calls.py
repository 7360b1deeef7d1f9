"""Searches as Python calls them: cards by name, all cores, progress on terminals and in notebooks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, get_args

from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.signal import SignalModel
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.progress import decays_progress
from hnlpeak.execution.run import usable_cpus
from hnlpeak.execution.waiting import Shown, shown
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.limits.result import SearchResult
from hnlpeak.limits.search import Search
from hnlpeak.searches.given import search_spectrum
from hnlpeak.searches.plan import Injection, PseudoData, plan
from hnlpeak.searches.real_data import read_real_data
from hnlpeak.searches.run import run_search

__all__ = ["run", "scan", "search"]

Cards = Analysis | str | Path


def search(
    analysis: Cards,
    *,
    seed: int = 1,
    kaons: float | None = None,
    inject: Injection | None = None,
    pseudo_data: PseudoData = "simulated",
    data: str | Path | Sequence[str | Path] | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool = True,
) -> Search:
    """Run the whole chain and return the result with the spectra and estimates behind it.

    ``analysis`` is loaded, or the name or path of a card. ``kaons`` decays in the fiducial volume are simulated
    (default: the card's exposure), with a signal to ``inject``, or drawn from their ``expected`` spectrum, or that is
    taken as it is (``asimov``), by the word of ``pseudo_data``; ``data`` are files of real candidates in their place
    (``file.root:tree``). Tasks run on ``workers`` threads (default: the usable CPUs), or on an ``executor`` with that
    many; the result depends on neither. ``progress`` is shown on stderr where someone looks on: a bar on a terminal,
    lines in a notebook. Raises ``UsageError``, ``CardError``, ``InputDataError``.
    """
    cards = _loaded(analysis)
    if data is not None and (kaons is not None or inject is not None or pseudo_data != "simulated"):
        raise UsageError("kaons, inject and pseudo_data are for pseudo-data, they cannot be given with data")
    if pseudo_data not in get_args(PseudoData):
        raise UsageError(f"pseudo_data: got {pseudo_data!r}, allowed are {', '.join(get_args(PseudoData))}")
    todo = plan(cards, kaons=kaons, inject=inject, real_data=data is not None, pseudo_data=pseudo_data)
    selected = None if data is None else read_real_data(_addresses(data), cards, needs_peak=True).selected
    with decays_progress(todo.decays, how=_shown(progress)) as heard:
        return run_search(
            cards,
            kaons=kaons,
            inject=inject,
            selected=selected,
            context=_context(seed, workers, executor, heard),
            pseudo_data=pseudo_data,
        )


def run(
    analysis: Cards,
    *,
    seed: int = 1,
    kaons: float | None = None,
    inject: Injection | None = None,
    pseudo_data: PseudoData = "simulated",
    data: str | Path | Sequence[str | Path] | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool = True,
) -> SearchResult:
    """Run the whole chain and return its limits; arguments and errors as for ``search``, which returns the rest too."""
    made = search(
        analysis,
        seed=seed,
        kaons=kaons,
        inject=inject,
        pseudo_data=pseudo_data,
        data=data,
        workers=workers,
        executor=executor,
        progress=progress,
    )
    return made.result


def scan(
    spectrum: Any,
    analysis: Cards,
    *,
    signal: SignalModel | None = None,
    n_kaon: Measured | float | None = None,
    seed: int = 1,
    workers: int | None = None,
    progress: bool = True,
) -> SearchResult:
    """Return limits from a missing-mass ``spectrum``: a ``Spectrum`` or anything UHI, in MeV.

    ``signal`` is a table of A(m), sigma(m) and N_K (``read_signal_table``); without it they are simulated from the
    cards, N_K (unless ``n_kaon`` states it) with the Standard-Model peak of the spectrum itself. Other arguments and
    errors as for ``search``.
    """
    cards = _loaded(analysis)
    stated = n_kaon if n_kaon is None or isinstance(n_kaon, Measured) else Measured(n_kaon, source="stated")
    decays = 0 if signal is not None else plan(cards, real_data=True, stated=stated is not None).decays
    with decays_progress(decays, how=_shown(progress)) as heard:
        context = _context(seed, workers, None, heard)
        return search_spectrum(spectrum, cards, signal=signal, n_kaon=stated, context=context).result


def _shown(progress: bool) -> Shown:
    """A script whose stderr is a file says nothing; ``sys.ps1`` tells that someone types, as in a notebook."""
    return shown(quiet=not progress, lines=hasattr(sys, "ps1"))


def _loaded(analysis: Cards) -> Analysis:
    return analysis if isinstance(analysis, Analysis) else load_analysis(analysis)


def _addresses(data: str | Path | Sequence[str | Path]) -> list[str]:
    return [str(data)] if isinstance(data, str | Path) else [str(address) for address in data]


def _context(seed: int, workers: int | None, executor: Executor | None, heard: Any) -> RunContext:
    """``UsageError`` for a seed or a number of workers that cannot be."""
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed: got {seed}, allowed are 0 to 2^64 - 1")
    if workers is not None and not 1 <= workers <= 1024:
        raise UsageError(f"workers: got {workers}, allowed are 1 to 1024")
    return RunContext(seed, usable_cpus() if workers is None else workers, executor, heard)
