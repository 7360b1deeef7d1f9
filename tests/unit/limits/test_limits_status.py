"""Masses that are not to be quoted: counted, left out of headlines and curves, explained."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hnlpeak
from hnlpeak.limits.comparison import compare
from hnlpeak.limits.explain import explain
from hnlpeak.limits.status import meaning, sound_rows, status_words, unsound_counts

DOCS = Path(__file__).resolve().parents[3] / "docs" / "statistics.md"
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


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


def test_what_is_not_to_be_quoted_is_not_compared_and_explained_with_its_reason() -> None:
    """A mass with a status against it: no number of ours beside published ones, and its explanation begins with why."""
    analysis = hnlpeak.load_analysis("na62-2015-ke2")
    table = hnlpeak.read_signal_table(EXAMPLES / "signal.csv", window=analysis.card.scan.window)
    result = hnlpeak.scan(hnlpeak.read_spectrum(EXAMPLES / "spectrum.csv"), analysis, signal=table)
    status = result.status.astype("<U20").copy()
    status[result.place(300.0)] = "poor-fit"
    spoiled = replace(result, status=status)
    for row in compare(spoiled, analysis.card, [290.0, 300.0]):
        numbers = [
            row[name]
            for name in ("u2_ul_expected", "ratio", "n_signal_over_acceptance", "n_signal_ul_expected")
        ]
        assert [number is None for number in numbers] == [row["m_n_mev"] == 300.0] * 4
        assert row["u2_published"] > 0.0
    first = explain(spoiled, 300.0).splitlines()[0]
    assert first.startswith("Not to be quoted, poor-fit: the function does not fit the side bands")
    assert explain(result, 300.0).splitlines()[0].startswith("The data limit K+ -> e+ N")
