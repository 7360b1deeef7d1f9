"""``hnlpeak init``: a card to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hnlpeak.cli.options import complete_cards
from hnlpeak.cli.verbosity import say

__all__ = ["init"]


def init(
    kind: Annotated[str, typer.Argument(metavar="experiment|analysis", help="Which kind of card.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Card to write.")],
    like: Annotated[
        str | None,
        typer.Option(
            metavar="CARD", help="Library card or path to begin with.", autocompletion=complete_cards
        ),
    ] = None,
) -> None:
    """Write a commented card with units and sources, ready to be checked, changed and run."""
    from hnlpeak.core.atomic import write_text
    from hnlpeak.core.errors import UsageError
    from hnlpeak.experiment.template import KINDS, template

    if kind not in KINDS:
        raise UsageError(f"init: got {kind!r}, allowed are {', '.join(KINDS)}")
    if file.exists() or file.is_symlink():
        raise UsageError(f"{file}: is there already; give another name")
    if file.suffix != ".toml":
        raise UsageError(f"{file}: a card's name ends in .toml")
    write_text(file, template(kind, file.stem, like=like))
    say(f"{file}: written; change it, then: hnlpeak check {file}")
