"""Masses that are not to be quoted: counted, left out of headlines and curves, explained."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.limits.status import meaning, sound_rows, status_words, unsound_counts

DOCS = Path(__file__).resolve().parents[3] / "docs" / "statistics.md"


def test_rows_are_sound_unless_a_word_says_otherwise() -> None:
    status = np.array(
        ["ok", "order-lowered one-sided", "order-lowered poor-fit", "poor-fit", "of-another-version"]
    )
    assert sound_rows(status).tolist() == [True, True, False, False, False]
    assert unsound_counts(status) == {"poor-fit": 2, "of-another-version": 1}
    assert meaning("ok") == "ok: nothing out of the ordinary"
    assert meaning("poor-fit what") == f"poor-fit: {status_words()['poor-fit'].meaning}; what: not known here"


@pytest.mark.parametrize("word", [word for word in status_words() if word != "ok"])
def test_every_word_has_its_line_in_the_docs(word: str) -> None:
    line = re.search(rf"(?m)^\| `{word}` \| (.*) \| ?(×?) ?\|$", DOCS.read_text("utf-8"))
    assert line is not None
    assert line[1].replace("\\|", "|") == status_words()[word].meaning
    assert (line[2] == "") == status_words()[word].sound
