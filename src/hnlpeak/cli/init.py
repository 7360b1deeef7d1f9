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
            metavar="CARD",
            help="Card to begin with, of the library or a path. Experiments: fixed-target (small, made up, each key "
            "commented), na62-2015 (default), na62-2007. Analyses: fixed-target-kmu2, fixed-target-ke2 (the same), "
            "na62-2015-ke2 (default), na62-2007-kmu2.",
            autocompletion=complete_cards,
        ),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(
            metavar="CARD",
            help="Experiment of an analysis: a library name, or the path of your own card from this one.",
            autocompletion=complete_cards,
        ),
    ] = None,
) -> None:
    """Write a commented card with units and sources, ready to be checked, changed and run.

    For an experiment of your own: hnlpeak init experiment mine.toml --like fixed-target, then hnlpeak init analysis
    search.toml --like fixed-target-kmu2 --experiment mine.toml; hnlpeak check search.toml lists what does not fit.
    """
    from hnlpeak.core.atomic import write_text
    from hnlpeak.core.errors import UsageError
    from hnlpeak.experiment.template import KINDS, template

    if kind not in KINDS:
        raise UsageError(f"init: got {kind!r}, allowed are {', '.join(KINDS)}")
    if file.exists() or file.is_symlink():
        raise UsageError(f"{file}: is there already; give another name")
    if file.suffix != ".toml":
        raise UsageError(f"{file}: a card's name ends in .toml")
    write_text(file, template(kind, file.stem, like=like, experiment=experiment))
    begun = like or KINDS[kind].like
    other = "" if like else " (other cards to begin from, also small ones: hnlpeak init --help)"
    say(f"{file}: written, begun from {begun}{other}; change it, then: hnlpeak check {file}")
