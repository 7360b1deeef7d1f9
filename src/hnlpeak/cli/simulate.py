"""``hnlpeak simulate``: candidates of one decay mode as a flat ntuple."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.number import number
from hnlpeak.cli.options import AnalysisArgument, decays
from hnlpeak.cli.verbosity import say

__all__ = ["simulate"]

_MOST = 20_000_000


def simulate(
    analysis: AnalysisArgument,
    mode: Annotated[
        str, typer.Option(help="Decay mode (hnlpeak list modes), or 'all' for the cocktail of the card.")
    ],
    number: Annotated[
        int, typer.Option("-n", "--number", parser=decays, metavar="N", help="Number of decays, such as 3e4.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.root", help="Ntuple to write.")],
    mass: Annotated[
        float | None, typer.Option(parser=number, metavar="MEV", help="HNL mass, for the mode 'hnl'.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random stream.")] = 1,
) -> None:
    """Simulate decays and write the reconstructed candidates (tree ``hnl``; MeV, mm, ns)."""
    from hnlpeak.cli.options import check_output, check_seed
    from hnlpeak.cli.progress import search_progress
    from hnlpeak.core.errors import UsageError
    from hnlpeak.execution.context import RunContext
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.formats.candidates import write_candidates
    from hnlpeak.searches.companions import of_parent
    from hnlpeak.searches.plan import plan
    from hnlpeak.searches.samples import calibrated
    from hnlpeak.simulation.sample import background_sample, mode_sample, signal_sample
    from hnlpeak.theory.modes import mode_of

    if not 1 <= number <= _MOST:
        raise UsageError(f"-n: got {number}, allowed are 1 to {_MOST} decays (ntuples are held in memory)")
    if (mode == "hnl") != (mass is not None):
        raise UsageError(f"--mass is for the mode 'hnl' and no other, got --mode {mode} and --mass {mass}")
    check_seed(seed)
    check_output(output, (".root",))
    cards = load_analysis(analysis)
    channel = cards.card.channel
    if mass is not None:
        sample = signal_sample(f"simulate/hnl/{mass:.6g}", channel.meson, channel.lepton, mass, number)
    elif mode == "all":
        sample = background_sample("simulate/all", cards.card.samples.background_modes, number)
    else:
        if mode not in cards.card.samples.companion_modes:
            mode_of(channel.meson, mode)
        sample = of_parent(mode_sample(f"simulate/{mode}", mode, number), cards.experiment)
    with search_progress() as progress:
        context = RunContext(seed=seed, progress=progress)
        samples = calibrated(cards, plan(cards, kaons=1e5), context)
        progress(f"{mode} decays", 0)
        candidates = samples.candidates(sample)
    write_candidates(output, candidates)
    say(f"{len(candidates)} candidates of {number} decays: {output}")
