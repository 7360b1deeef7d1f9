"""``hnlpeak study closure|downscale|spurious|detectors|systematics``: does the chain measure what was put in?"""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hnlpeak.cli.number import number
from hnlpeak.cli.options import AnalysisArgument, JsonOption, SeedOption, ThreadsOption, decays

if TYPE_CHECKING:
    from hnlpeak.experiment.analysis import Analysis
    from hnlpeak.experiment.experiment import Experiment
    from hnlpeak.studies.closure import ClosureRow
    from hnlpeak.studies.flux_closure import FluxClosure

__all__ = ["app"]

app = typer.Typer(help="Studies that run an analysis on samples whose truth is known.", no_args_is_help=True)


def _number(given: object) -> int:
    """A number of decays; typer hands its defaults to the parser as they are."""
    return decays(str(given))


SimulatedOption = Annotated[
    int, typer.Option("--simulated", parser=_number, metavar="N", help="Decays that measure the acceptance.")
]
ExperimentsOption = Annotated[
    int, typer.Option(min=0, max=100_000, help="Pseudo-experiments of the whole spectrum (0: N_K alone).")
]
ExposureOption = Annotated[
    float | None,
    typer.Option(metavar="X", help="Kaon decays of each (default: a tenth of the card's exposure)."),
]
ComparisonsOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write one row a comparison.")
]
ScaleOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=FACTOR", help="Data of another experiment: beam.divergence_x=1.1; repeatable."),
]


@app.command(short_help="A known truth: are N_K, b, p-values and signals found?")
def closure(
    analysis: AnalysisArgument,
    number: Annotated[
        int, typer.Option("-n", "--number", parser=_number, metavar="N", help="Decays of one sample of N_K.")
    ] = 100_000,
    simulated: SimulatedOption = 400_000,
    seeds: Annotated[int, typer.Option(min=2, max=10_000, help="Samples of N_K, one a seed.")] = 10,
    experiments: ExperimentsOption = 200,
    kaons: ExposureOption = None,
    scale: ScaleOption = None,
    output: ComparisonsOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the pseudo-experiments.")] = 1,
    workers: ThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """Put a known truth in: does the number of kaons come out, and b, p-values and injected signals?

    First N_K in samples of decays simulated one by one; then pseudo-experiments drawn from an expected spectrum that
    was simulated apart: pulls of N_K and b, p-values, and signals of three strengths at five masses.
    """
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_output, check_seed
    from hnlpeak.core.errors import UsageError
    from hnlpeak.core.records import plain
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.experiment.vary import scaled
    from hnlpeak.studies.flux_closure import flux_closure

    check_seed(seed)
    if output is not None:
        check_output(output, [".csv"])
    if kaons is not None and not 1e3 <= kaons <= 1e13:
        raise UsageError(f"--kaons: got {kaons:g}, allowed are 1e3 to 1e13")
    factors = _factors(scale or [])
    cards = load_analysis(analysis)
    varied = scaled(cards.experiment, factors) if factors else None
    with run_context(seed, workers) as context:
        found = flux_closure(
            cards,
            seeds=range(1, seeds + 1),
            decays=number,
            simulated_decays=simulated,
            data_experiment=varied,
            context=context,
        )
    rows = _pseudo_experiments(cards, varied, experiments, kaons, seed, workers)
    records = plain([row.record() for row in rows])
    if rows and output is not None:
        _write_rows(output, records)
    record = _flux_record(found, {"analysis": cards.card.name, "scaled": factors, "decays": number})
    if json:
        typer.echo(json_format.dumps({**record, "rows": records}, indent=2, allow_nan=False))
        return
    typer.echo(
        f"N_K of {seeds} samples of {number} decays (simulated): bias {100.0 * found.bias.value:+.2f} ± "
        f"{100.0 * found.bias.error:.2f} %, pulls {record['pull_mean']:+.2f} with width {record['pull_width']:.2f}"
    )
    for row in rows:
        typer.echo(_compared(row))


def _pseudo_experiments(
    cards: Analysis,
    truth: Experiment | None,
    experiments: int,
    kaons: float | None,
    seed: int,
    workers: int | None,
) -> list[ClosureRow]:
    """Closure of the whole spectrum in so many ``experiments`` of ``kaons`` decays (None: a tenth of the card's)."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.studies.closure import closure as pseudo_experiments
    from hnlpeak.studies.closure import closure_decays

    if not experiments:
        return []
    exposure = 0.1 * cards.card.exposure.decays if kaons is None else kaons
    total = closure_decays(cards, exposure) + experiments
    with run_context(seed, workers, decays=total) as context:
        return list(pseudo_experiments(cards, context, experiments=experiments, kaons=exposure, truth=truth))


def _write_rows(output: Path, rows: list[dict[str, Any]]) -> None:
    """Write records of equal keys to ``output``, a column a key."""
    from hnlpeak.core.atomic import write_text
    from hnlpeak.formats.table import table_text

    write_text(output, table_text({name: [row[name] for row in rows] for name in rows[0]}))


def _compared(row: ClosureRow) -> str:
    place = "" if row.mass is None else f"{row.mass:g} MeV"
    place += "" if row.strength is None else f", {row.strength:g} sigma"
    return (
        f"{row.verdict:<13} {row.quantity:<36} {place:<20} {row.value:.3g} ± {row.error:.2g}, expected "
        f"{row.expected:g} ({row.deviation:+.1f} σ)"
    )


def _flux_record(found: FluxClosure, about: dict[str, Any]) -> dict[str, Any]:
    """What the samples of N_K say, as JSON."""
    pulls, bias = found.pulls, found.bias
    return {
        **about,
        "samples": int(pulls.size),
        "bias": bias.value,
        "bias_error": bias.error,
        "pull_mean": float(pulls.mean()),
        "pull_width": float(pulls.std(ddof=1)),
        "selected_mean": float(found.selected.mean()),
    }


@app.command(short_help="Keep one trigger in some: is N_K right?")
def downscale(
    analysis: AnalysisArgument,
    factor: Annotated[int, typer.Option(min=1, max=1_000_000, help="One trigger in so many is kept.")] = 3,
    number: Annotated[
        int, typer.Option("-n", "--number", parser=_number, metavar="N", help="Decays delivered.")
    ] = 100_000,
    simulated: SimulatedOption = 400_000,
    seed: SeedOption = 1,
    workers: ThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """Keep one trigger in some and measure N_K: it must be the number of decays divided by them."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_seed
    from hnlpeak.core.errors import UsageError
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.studies.downscale_closure import downscale_closure

    check_seed(seed)
    if number > 20_000_000:
        raise UsageError(
            f"-n: got {number}, allowed are up to 20000000 decays (candidates are held in memory)"
        )
    with run_context(seed, workers) as context:
        found = downscale_closure(
            load_analysis(analysis),
            downscale=factor,
            delivered=number,
            simulated_decays=simulated,
            context=context,
        )
    record = {
        "downscale": factor,
        "decays_delivered": found.delivered,
        "decays_effective": found.effective,
        "n_kaon": found.n_kaon.value,
        "n_kaon_error": found.n_kaon.error,
        "pull": (found.n_kaon.value - found.effective) / found.n_kaon.error,
    }
    if json:
        typer.echo(json_format.dumps(record, indent=2, allow_nan=False))
        return
    typer.echo(
        f"{found.delivered:.4g} decays delivered (simulated), one trigger in {factor} kept: N_K = "
        f"{found.n_kaon.value:.4g} ± {found.n_kaon.error:.2g}, true {found.effective:.4g} ({record['pull']:+.1f} σ)"
    )


@app.command(short_help="Fits of the signal on simulated background alone.")
def spurious(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results of `hnlpeak run`.")],
    kaons: Annotated[
        float | None,
        typer.Option(
            parser=number, metavar="X", help="Kaon decays to scale the expectations to (default: N_K)."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write one row a mass.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Fit the signal on the simulated background alone, mass by mass: what the background estimate invents."""
    from hnlpeak.cli.options import check_output
    from hnlpeak.cli.waiting import Waiting
    from hnlpeak.core.atomic import write_text
    from hnlpeak.core.errors import UsageError
    from hnlpeak.core.records import columns_of, plain
    from hnlpeak.formats.search_files import read_search
    from hnlpeak.formats.table import table_text
    from hnlpeak.studies.spurious import spurious_study

    if kaons is not None and not 1e3 <= kaons <= 1e15:
        raise UsageError(f"--kaons: got {kaons:g}, allowed are 1e3 to 1e15")
    if output is not None:
        check_output(output, [".csv"])
    with Waiting("fits of the signal on background alone"):
        found = spurious_study(read_search(directory), kaons=kaons)
    if output is not None:
        columns = {"m_n_mev": found.mass, **columns_of(found.spurious)}
        write_text(output, table_text({name: plain(column) for name, column in columns.items()}))
    record = found.record()
    largest = record["largest"]
    if json:
        typer.echo(json_format.dumps(plain(record), indent=2, allow_nan=False))
        return
    if largest is None:
        typer.echo(f"no mass of {directory} has an estimate of the background")
        return
    typer.echo(
        f"spurious signal at {found.decays:.4g} kaon decays (simulated), {record['masses']} masses: rms "
        f"{record['rms_relative']:.2f} of the background's error, above it at {record['above_error']}; largest "
        f"{largest['spurious_signal']:+.3g} ± {largest['spurious_signal_error']:.2g} (statistics of the simulation) "
        f"events at {largest['m_n_mev']:g} MeV, {largest['spurious_signal_relative']:+.2f} of the error"
    )


@app.command(short_help="Figures of what each detector sees.")
def detectors(
    analysis: AnalysisArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the figures.")],
    number: Annotated[
        int, typer.Option("-n", "--number", parser=_number, metavar="N", help="Decays of each particle.")
    ] = 50_000,
    seed: SeedOption = 1,
    json: JsonOption = False,
) -> None:
    """Draw what each detector sees of known e+, mu+ and pi+: resolution, E/p, rings, cuts, tagger, halo."""
    from hnlpeak.cli.options import check_seed
    from hnlpeak.cli.progress import search_progress
    from hnlpeak.execution.context import RunContext
    from hnlpeak.execution.progress import FIGURES
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.studies.detector_pages import draw_views
    from hnlpeak.studies.detector_views import detector_views

    check_seed(seed)
    cards = load_analysis(analysis)
    with search_progress() as progress:
        views = detector_views(cards, RunContext(seed=seed, progress=progress), decays=number)
        progress(FIGURES, 0)
        record = draw_views(views, cards, output)
    if json:
        typer.echo(json_format.dumps(record, indent=2, allow_nan=False))
        return
    for name, seen in record["particles"].items():
        typer.echo(
            f"{name}: {seen['tracks']} tracks (simulated), sigma(p)/p {100.0 * seen['sigma_p_over_p']:.2f} %"
        )
    typer.echo(f"figures in {output}: {', '.join(record['figures'])}")


@app.command(short_help="Numbers of the cards varied: A, N_K and b.")
def systematics(
    analysis: AnalysisArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=FACTOR",
            help="A number to vary: beam.divergence_x=1.1; repeatable, each alone (default: the sources of the card).",
        ),
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.001, max=1000.0, help="Decays, in units of those that the card says.")
    ] = 1.0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.csv", help="Write one row a source and mass."),
    ] = None,
    seed: SeedOption = 1,
    workers: ThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """Vary numbers of the cards one at a time: what happens to A, N_K and b? A run does so with its card's sources."""
    from hnlpeak.cli.context import run_context
    from hnlpeak.cli.options import check_output, check_seed
    from hnlpeak.core.records import plain
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.experiment.systematics_card import VariedSource
    from hnlpeak.limits.systematics_table import shift_rows
    from hnlpeak.studies.systematics import systematics_study, with_sources

    check_seed(seed)
    if output is not None:
        check_output(output, [".csv"])
    cards = load_analysis(analysis)
    if vary:
        sources = [
            VariedSource(name=text[:60], vary=_factors([text]), reference="the command line", confidence="E")
            for text in vary
        ]
        cards = with_sources(cards, sources)
    with run_context(seed, workers) as context:
        rows = shift_rows(systematics_study(cards, context, share=share))
    if output is not None:
        _write_rows(output, rows)
    if json:
        typer.echo(json_format.dumps(plain({"rows": rows}), indent=2, allow_nan=False))
        return
    for row in rows:
        shifts = ", ".join(
            f"{name} {100.0 * row[key]:+.2f} ± {100.0 * row[f'{key}_error']:.2f} %"
            for name, key in _SHIFTS.items()
            if row[key] is not None
        )
        typer.echo(f"{row['source']:<30} {row['m_n_mev']:>6g} MeV  {shifts} (simulated)")


_SHIFTS = {
    "A": "acceptance_shift",
    "N_K": "n_kaon_shift",
    "A N_K": "efficiency_shift",
    "b": "background_shift",
}


def _factors(texts: list[str]) -> dict[str, float]:
    """Factors by the keys of an experiment card. ``UsageError`` for anything but KEY=FACTOR, FACTOR in 0.01 to 100."""
    from hnlpeak.core.errors import UsageError

    factors = {}
    for text in texts:
        key, _, number = text.partition("=")
        try:
            factors[key] = float(number)
        except ValueError:
            factors[key] = 0.0
        if not key or "_" in number or not 0.01 <= factors[key] <= 100.0:
            raise UsageError(
                f"--scale: got {text!r}, expected KEY=FACTOR such as beam.divergence_x=1.1, 0.01 to 100"
            )
    return factors
