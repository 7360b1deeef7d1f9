"""Words of messages: what a wrong name may have been meant for, and lists that end with a whole name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches

__all__ = ["listed", "meant", "not_parsed", "shortened"]


_AS_CLOSE = 0.05
"""Difference of likenesses (0 to 1) that tells nothing."""


def listed(names: Iterable[str], room: int = 120) -> str:
    """Return as many whole ``names`` as ``room`` characters hold, and how many more there are."""
    every = list(names)
    shown = [name if len(name) <= room else f"{name[: room - 3]}..." for name in every]
    while len(", ".join(shown)) > room:
        shown.pop()
    more = len(every) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def shortened(text: str, room: int) -> str:
    """Return ``text``, or as many of its whole words as ``room`` characters hold, with dots."""
    return textwrap.shorten(text, room, placeholder=" ...")


def meant(name: str, known: Sequence[str]) -> str:
    """Return what a wrong ``name`` may have been meant for, to stand behind a message; else those ``known``.

    Two are named where the second is as close as the first.
    """
    best = get_close_matches(name[:80], known, n=2)
    likeness = [SequenceMatcher(None, name[:80], other).ratio() for other in best]
    close = [other for other, ratio in zip(best, likeness, strict=True) if ratio > likeness[0] - _AS_CLOSE]
    return f", is it {' or '.join(close)}?" if close else f"; there are {listed(known)}"


def not_parsed(error: Exception) -> str:
    """Return what is wrong with a text in some notation, in at most 120 characters."""
    if "int_max_str_digits" in str(error):  # Python says how to lift its limit, which nobody should
        return "an integer of more than 4300 digits"
    return " ".join(str(error).split())[:120]
