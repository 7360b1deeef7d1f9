"""What scripts and notebooks see: one public surface, short words, all columns named."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hnlpeak
from hnlpeak.limits.columns import LIMITS_COLUMNS, METHOD_COLUMNS, TABLES, column_fact
from hnlpeak.limits.result import SearchResult
from hnlpeak.statistics import Gaussian, Interval, rolke_lopez

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def result() -> SearchResult:
    analysis = hnlpeak.load_analysis("na62-2015-ke2")
    table = hnlpeak.read_signal_table(EXAMPLES / "signal.csv", window=analysis.card.scan.window)
    return hnlpeak.scan(hnlpeak.read_spectrum(EXAMPLES / "spectrum.csv"), analysis, signal=table)


def test_every_public_name_is_there_once() -> None:
    assert len(set(hnlpeak.__all__)) == len(hnlpeak.__all__)
    for name in hnlpeak.__all__:
        assert getattr(hnlpeak, name).__doc__, name
    assert dir(hnlpeak) == sorted([*hnlpeak.__all__, "__version__"])


def test_pages_use_public_names_alone() -> None:
    """``hnlpeak.NAME`` in text and code of the README and the page on Python is a name of ``__all__``."""
    for page in ("README.md", "docs/python.md"):
        code = "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.S))
        used = set(re.findall(r"\bhnlpeak\.(\w+)", code))
        used |= set(re.findall(r"from hnlpeak\.(\w+)", code))
        assert used
        assert used <= set(hnlpeak.__all__), page


def test_public_calls_take_and_give_public_types_alone() -> None:
    """No argument of a public call needs a class that is not public itself."""
    others = {
        "Any",
        "None",
        "Path",
        "Sequence",
        "Executor",
        "Cards",
        "PseudoData",
        "WindowRule",
        "FloatArray",
    }
    allowed = {*hnlpeak.__all__, *others, "str", "int", "float", "bool", "tuple", "list"}
    for name in ("run", "search", "scan", "read_result", "read_search", "read_spectrum", "read_signal_table"):
        for hint in getattr(hnlpeak, name).__annotations__.values():
            assert set(re.findall(r"[A-Za-z_]\w+", hint)) <= allowed, (name, hint)


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (lambda: hnlpeak.load_analysis("na62-2007-kmu2"), ["K+ -> mu N", "experiment na62-2007"]),
        (lambda: hnlpeak.load_experiment("na62-2015"), ["K+ of 75 GeV", "105 to 180 m", "STRAW"]),
        (
            lambda: hnlpeak.read_spectrum(EXAMPLES / "spectrum.csv"),
            ["data, counts", "350 bins from 120 to 470 MeV"],
        ),
        (lambda: hnlpeak.published("kek-e"), ["K+ -> e N", "Yamazaki"]),
        (lambda: rolke_lopez(np.arange(3000), background=Gaussian(3.3, 0.6)), ["shape (3000,)"]),
    ],
)
def test_things_say_what_they_are_in_a_line(thing: Any, words: list[str]) -> None:
    made = thing()
    said = repr(made)
    assert len(said) < 500
    assert "\n" not in said
    assert all(word in said for word in words), said
    table = made._repr_html_()
    assert table.startswith("<table>")
    assert len(table) < 5000


def test_an_interval_says_its_numbers() -> None:
    made = rolke_lopez(4, background=Gaussian(3.3, 0.6))
    assert repr(made) == "Interval(lower=0, upper=5.03919, estimate=0.7, status=OK)"
    empty = Interval(np.array([np.nan]), np.array([np.nan]), np.array([-1.0]), np.array([1], dtype=np.int8))
    assert repr(empty) == "<Interval: shape (1,), no upper end, 1 not OK>"


def test_names_in_tables_are_no_markup() -> None:
    made = hnlpeak.read_spectrum(EXAMPLES / "spectrum.csv")
    from dataclasses import replace

    assert "<b>x</b>" not in replace(made, label="<b>x</b>")._repr_html_().replace("<caption><b>", "")


def test_a_result_quotes_sound_masses_alone(result: SearchResult) -> None:
    from dataclasses import replace

    u2 = result.limits.observed.u2
    best = int(np.nanargmin(u2))
    status = result.status.astype("<U80").copy()
    status[best] = "poor-fit"
    spoiled = replace(result, status=status)
    assert f"{u2[best]:.2e} at {result.hypotheses.mass[best]:g} MeV" in repr(result)
    assert f"at {result.hypotheses.mass[best]:g} MeV" not in repr(spoiled)
    bad = int((~result.sound).sum()) + 1
    assert f"{bad} masses not quoted (poor-fit {bad})" in repr(spoiled)
    assert f"poor-fit {bad}" in spoiled._repr_html_()


def test_the_frame_has_all_columns_and_numbers(result: SearchResult) -> None:
    frame = result.to_dataframe()
    assert tuple(frame.columns[: len(LIMITS_COLUMNS)]) == LIMITS_COLUMNS
    assert set(frame.columns) == set(result.columns)
    np.testing.assert_array_equal(frame["u2_ul_observed"], result.limits.observed.u2)
    assert list(frame["status"]) == list(result.status)
    assert frame.attrs["units"]["sigma_mev"] == "MeV"
    assert set(frame.attrs["units"]) == set(result.columns)


def test_without_pandas_the_frame_says_what_to_do(
    result: SearchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(hnlpeak.UsageError, match="pip install pandas"):
        result.to_dataframe()


def test_every_column_of_a_result_is_in_the_table(result: SearchResult) -> None:
    for name in result.columns:
        fact = column_fact(name)
        assert fact is not None, name
        assert fact.meaning
    # names end in their unit where they have one
    for facts in TABLES.values():
        for fact in facts:
            assert fact.name.endswith("_mev") == (fact.unit == "MeV"), fact
    assert column_fact("n_signal_ul_cls") is not None
    assert column_fact("u2_ul_trolke_bounded") is not None
    assert column_fact("u2_ul_nonsense") is None
    assert METHOD_COLUMNS[0] == "n_signal_ul_{}"
    assert len(METHOD_COLUMNS) == 12


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": -1},
        {"workers": 0},
        {"kaons": 1.0},
        {"data": "x.root", "kaons": 1e6},
        {"pseudo_data": "drawn"},
    ],
)
def test_what_cannot_be_is_refused_before_any_work(arguments: dict[str, Any]) -> None:
    with pytest.raises(hnlpeak.HnlpeakError):
        hnlpeak.run("na62-2015-ke2", **arguments)
