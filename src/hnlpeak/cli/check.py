"""``hnlpeak check``: is a card usable?"""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["check"]


def check(
    card: Annotated[str, typer.Argument(metavar="CARD", help="Analysis or experiment card: name or path.")],
) -> None:
    """Check a card; an analysis is checked with its experiment and its cuts."""
    from hnlpeak.core.card import card_kind
    from hnlpeak.experiment.analysis import load_analysis
    from hnlpeak.experiment.experiment import load_experiment
    from hnlpeak.searches.plan import plan

    if card_kind(card) == "experiments":
        made = load_experiment(card)
        typer.echo(f"{card}: experiment {made.card.name}, systems {', '.join(made.card.systems())}: ok")
        return
    cards = load_analysis(card)
    todo = plan(cards)
    typer.echo(
        f"{card}: analysis {cards.card.name} of {cards.experiment.card.name}, {len(cards.card.scan.masses())} masses, "
        f"{todo.decays:.4g} decays to simulate: ok"
    )
