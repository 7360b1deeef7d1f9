"""Numbers on the command line: what a reader of the line would take for one, and nothing else."""

from __future__ import annotations

import re

import typer

__all__ = ["number"]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def number(text: str | float) -> float:
    """Return ``text`` as a finite float; ``typer.BadParameter`` for 1_000, nan, inf, other digits, units and spaces."""
    if isinstance(text, str) and not _NUMBER.fullmatch(text):
        raise typer.BadParameter(f"got {text!r:.40}, expected a number such as 3, 0.5 or 1.2e-3")
    value = float(text)
    if not abs(value) < float("inf"):
        raise typer.BadParameter(f"got {text!r:.40}, which is beyond the range of numbers")
    return value
