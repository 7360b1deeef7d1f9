"""The status words of a mass: what each means, and whether its numbers may be quoted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hnlpeak.background.estimates import NO_ESTIMATE, StatusWord
from hnlpeak.background.methods import METHODS
from hnlpeak.core.records import Words
from hnlpeak.limits.known import NOT_FOLLOWED

__all__ = ["meaning", "sound_rows", "status_words", "unsound_counts"]

_OF_LIMITS: dict[str, StatusWord] = {
    "ok": StatusWord("nothing out of the ordinary"),
    "interval-empty": StatusWord("no signal is accepted: there is no limit", sound=False),
    "interval-unbounded": StatusWord("every large signal is accepted: there is no limit", sound=False),
    "interval-disconnected": StatusWord(
        "larger signals are accepted again; the limit is that of the first piece", sound=False
    ),
    "interval-substituted": StatusWord("a rule of TRolke replaced the interval of this count"),
    "background-zero": StatusWord(
        "the estimate of the background is 0, which the method has no interval for", sound=False
    ),
    "signal-absorbed": StatusWord(
        "a signal would raise its own background estimate by as much: there is no limit", sound=False
    ),
    NOT_FOLLOWED: StatusWord(
        "the function does not follow the known expectation of the pseudo-data: raise its order", sound=False
    ),
    NO_ESTIMATE: StatusWord("the background method has no number for this mass", sound=False),
    "no-acceptance": StatusWord("no signal would be selected: no limit on B and |U|²", sound=False),
    "decay-closed": StatusWord("the meson cannot decay to this mass: no limit on |U|²", sound=False),
}


def status_words() -> Mapping[str, StatusWord]:
    """Return all words that the status of a mass can have: those of limits and of every background method."""
    found = dict(_OF_LIMITS)
    for method in METHODS.values():
        found.update(method.statuses)
    return found


def sound_rows(status: Words) -> NDArray[np.bool_]:
    """Return which masses may be quoted: all words of their ``status`` are known and sound."""
    known = status_words()
    sound = {name for name, word in known.items() if word.sound}
    return np.array([sound.issuperset(words.split()) for words in status.tolist()], dtype=bool)


def unsound_counts(status: Words) -> dict[str, int]:
    """Return how many masses have each word that keeps them from being quoted, the most frequent first."""
    known = status_words()
    words = Counter(word for words in status.tolist() for word in words.split())
    return {w: n for w, n in words.most_common() if w not in known or not known[w].sound}


def meaning(status: str) -> str:
    """Return in words what the ``status`` of a mass says."""
    known = status_words()
    return "; ".join(
        f"{w}: {known[w].meaning}" if w in known else f"{w}: not known here" for w in status.split()
    )
