"""Records taken apart into columns and plain values, and put together again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from hnlpeak.core.records import Column, Form, Key, Vector, Words, build, columns_of, plain, read_column


@dataclass(frozen=True, eq=False)
class Pair:
    first: Annotated[Vector, Column("{}_first")]
    second: Annotated[Vector, Column("{}_second")]


@dataclass(frozen=True)
class Range:
    low: Annotated[float, Key("low_mev")]
    kind: Literal["open", "closed"]
    note: str | None = None


@dataclass(frozen=True, eq=False)
class Whole:
    names: Annotated[Words, Column("name")]
    up: Annotated[Pair, Column("up")]
    down: Annotated[Pair | None, Column("down")]
    by_kind: Annotated[Mapping[str, Pair], Column("")]
    range: Range
    shares: Mapping[str, float]
    steps: tuple[int, ...]
    centre: Annotated[complex, Form(lambda z: [z.real, z.imag], lambda parts: complex(*parts))]


def pair(start: float) -> Pair:
    return Pair(np.array([start, np.nan]), np.array([start + 1.0, 1.0 / 3.0]))


@pytest.fixture
def whole() -> Whole:
    return Whole(
        np.array(["a", "b"]),
        pair(1.0),
        None,
        {"one-way": pair(5.0)},
        Range(2.5, "open"),
        {"x": 0.25, "y": float("nan")},
        (1, 2),
        1 + 2j,
    )


def test_columns_have_the_names_of_their_fields_and_records(whole: Whole) -> None:
    found = columns_of(whole)
    assert list(found) == ["name", "up_first", "up_second", "one_way_first", "one_way_second"]
    assert found["up_second"].tolist() == [2.0, 1.0 / 3.0]
    assert "down_first" in columns_of(replace(whole, down=pair(0.0)))


def test_plain_form_has_units_digits_and_none_for_nan(whole: Whole) -> None:
    assert plain(whole) == {
        "range": {"low_mev": 2.5, "kind": "open", "note": None},
        "shares": {"x": 0.25, "y": None},
        "steps": [1, 2],
        "centre": [1.0, 2.0],
    }
    assert plain(1.0 / 3.0) == 0.333333333333
    assert plain(np.array([np.inf, 2.0])) == [None, 2.0]


@pytest.mark.parametrize("down", [False, True])
def test_what_was_taken_apart_comes_back(whole: Whole, down: bool) -> None:
    whole = replace(whole, down=pair(7.0)) if down else whole
    record, columns = (json.loads(json.dumps(plain(item))) for item in (whole, columns_of(whole)))
    table = {name: read_column(items) for name, items in columns.items()}
    again = build(Whole, record, table, by_kind={"one-way": build(Pair, {}, table, word="one_way")})
    assert plain(columns_of(again)) == columns
    assert plain(again) == record
    assert (again.down is not None) == down
    assert (again.range, again.steps, again.centre) == (whole.range, whole.steps, whole.centre)
    assert np.isnan(again.shares["y"])


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda r: r.pop("steps"), KeyError),
        (lambda r: r["range"].update(low_mev="2"), TypeError),
        (lambda r: r["range"].update(low_mev=True), TypeError),
        (lambda r: r["range"].update(kind="ajar"), ValueError),
        (lambda r: r["steps"].append(1.5), TypeError),
        (lambda r: r.update(range=None), TypeError),
    ],
)
def test_records_of_another_shape_are_refused(whole: Whole, spoil: Any, error: type[Exception]) -> None:
    record = plain(whole)
    spoil(record)
    with pytest.raises(error):
        build(Whole, record, columns_of(whole), by_kind={})
    with pytest.raises(KeyError):
        build(Whole, plain(whole), {"name": np.array(["a"])}, by_kind={})


def test_a_column_is_words_or_numbers() -> None:
    assert read_column([1, None]).dtype == np.float64
    with pytest.raises(ValueError, match="could not convert"):
        read_column(["a", 1.0])
