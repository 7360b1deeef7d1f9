"""Tables that open in a spreadsheet without running anything."""

from __future__ import annotations

import csv
import io

import pytest

from hnlpeak.formats.table import table_text


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")'])
def test_text_that_a_spreadsheet_would_run_is_marked(text: str) -> None:
    rows = list(csv.reader(io.StringIO(table_text({text: [text], "n": [-2.5]}))))
    assert rows == [[f"'{text}", "n"], [f"'{text}", "-2.5"]]


@pytest.mark.parametrize("text", ["one track", "K+", "E/p", "m_n_mev", ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert list(csv.reader(io.StringIO(table_text({"x": [text], "n": [1]}))))[1] == [text, "1"]
