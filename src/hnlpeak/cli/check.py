"""``hnlpeak check``: is a card usable?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.options import complete_cards
from hnlpeak.cli.verbosity import say

__all__ = ["check"]


def check(
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD|DIR",
            help="Analysis or experiment card (name or path), or a folder of results.",
            autocompletion=complete_cards,
        ),
    ],
    fly: Annotated[
        bool, typer.Option("--try", help="Also fly a few thousand decays and see what the cuts leave.")
    ] = False,
) -> None:
    """Check a card and list all that is wrong (an analysis with its experiment), or the files of a finished folder.

    What can be run and is hardly meant is a warning, and no error.
    """
    if Path(card).is_dir():
        _folder(Path(card))
        return
    from hnlpeak.core.card import card_kind
    from hnlpeak.core.errors import UsageError
    from hnlpeak.detectors.registry import KINDS
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.experiment.experiment import load_experiment
    from hnlpeak.searches.doubts import doubts
    from hnlpeak.searches.plan import plan

    if card_kind(card) == "experiments":
        if fly:
            raise UsageError(f"--try flies the samples of an analysis, {card} is an experiment")
        made = load_experiment(card)
        typer.echo(f"{card}: experiment {made.card.name}, systems {', '.join(made.card.systems())}: ok")
        columns = [column for d in made.card.detectors for column in KINDS[d.kind].columns(d)]
        typer.echo(
            f"cuts may use {', '.join(dict.fromkeys(columns))}, and those of tracks (hnlpeak list columns)"
        )
        return
    cards = load_analysis(card)
    todo = plan(cards)
    typer.echo(
        f"{card}: analysis {cards.card.name} of {cards.experiment.card.name}, {len(cards.card.scan.masses())} masses, "
        f"{todo.decays:.4g} decays to simulate: ok"
    )
    for doubt in doubts(cards):
        say(f"hnlpeak: warning: {card}: {doubt}")
    if fly:
        from hnlpeak.cli.progress import search_progress
        from hnlpeak.searches.trial import trial

        lines: list[str] = []
        try:
            with search_progress() as progress:
                lines.extend(trial(cards, progress=progress))
        finally:  # those of the samples before one of which nothing is left
            for line in lines:
                typer.echo(line)


def _folder(place: Path) -> None:
    from hnlpeak.formats.manifest import MANIFEST, verify

    typer.echo(f"{place}: {verify(place)} files as {MANIFEST} lists them: ok")
