"""``hnlpeak show``: the text of a card."""

from __future__ import annotations

from typing import Annotated

import typer

from hnlpeak.cli.options import complete_cards

__all__ = ["show"]


def show(
    card: Annotated[
        str,
        typer.Argument(metavar="CARD", help="Card: a library name or a path.", autocompletion=complete_cards),
    ],
) -> None:
    """Print a card as it is, with its comments and sources."""
    from hnlpeak.core.card import card_text

    typer.echo(card_text(card), nl=False)
