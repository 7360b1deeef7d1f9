"""Frozen records as tables and as plain words and numbers, and back.

A record says once, in the annotation of a field, how tables and files name it:

- ``Annotated[Vector, Column("background")]``: one number a row (NaN where there is none), or one word;
- ``Annotated[SomeRecord, Column("observed")]``: a record of columns; ``{}`` in their names stands for ``observed``;
- ``Annotated[float, Key("low_mev")]``: a single number under a name that has its unit; without ``Key`` the field's own;
- ``Annotated[Rule, Form(to, of)]``: something else, with its own plain form.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

__all__ = ["Column", "Form", "Key", "Vector", "Words", "build", "columns_of", "plain", "read_column"]

Vector = NDArray[np.float64]
Words = NDArray[np.str_]
R = TypeVar("R")

DIGITS = 12
"""Digits of numbers in files."""


@dataclass(frozen=True)
class Column:
    """Name of a field in tables: an array over rows, or a record (a mapping of records) of such."""

    name: str


@dataclass(frozen=True)
class Key:
    """Name of a field in files, where it is not that of the field."""

    name: str


@dataclass(frozen=True)
class Form:
    """The plain form of a field that is no plain value: ``to`` makes it, ``of`` reads it."""

    to: Callable[[Any], Any]
    of: Callable[[Any], Any]


@dataclass(frozen=True)
class _Field:
    name: str
    type: Any
    key: str
    column: str | None
    form: Form | None


def _layout(kind: Any) -> tuple[_Field, ...]:
    """The fields of a record with their types and names outside."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for item in fields(kind):
        hint, column, key, form = hints[item.name], None, item.name, None
        if get_origin(hint) is Annotated:
            hint, *marks = get_args(hint)
            column = next((mark.name for mark in marks if isinstance(mark, Column)), None)
            key = next((mark.name for mark in marks if isinstance(mark, Key)), key)
            form = next((mark for mark in marks if isinstance(mark, Form)), None)
        found.append(_Field(item.name, hint, key, column, form))
    return tuple(found)


def columns_of(record: Any, word: str = "") -> dict[str, Vector | Words]:
    """Return the arrays of ``record`` and of the records in it by the names of their columns.

    ``word`` takes the place of ``{}`` in names; the words of a mapping of records are its keys, with ``_`` for ``-``.
    What is None has no columns.
    """
    found: dict[str, Vector | Words] = {}
    for field in _layout(type(record)):
        value = getattr(record, field.name)
        if field.column is None or value is None:
            continue
        name = field.column.format(word)
        if isinstance(value, Mapping):
            for key, part in value.items():
                _add(found, columns_of(part, key.replace("-", "_")))
        elif is_dataclass(value):
            _add(found, columns_of(value, name))
        else:
            _add(found, {name: value})
    return found


def _add(found: dict[str, Vector | Words], more: Mapping[str, Vector | Words]) -> None:
    twice = sorted(found.keys() & more.keys())
    if twice:
        raise ValueError(f"two records of a result have a column {twice[0]!r}")
    found.update(more)


def plain(item: Any) -> Any:
    """Return plain words and numbers: floats to 12 digits, None for numbers that do not exist.

    Of a record the keys and values of all but its columns, which ``columns_of`` gives.
    """
    if isinstance(item, float):  # first: there are tens of thousands
        return float(f"{item:.{DIGITS}g}") if math.isfinite(item) else None
    if is_dataclass(item) and not isinstance(item, type):
        parts = {}
        for field in _layout(type(item)):
            value = getattr(item, field.name)
            if field.column is None:
                parts[field.key] = plain(value if field.form is None else field.form.to(value))
            elif is_dataclass(value) and (rest := plain(value)):
                parts[field.key] = rest
        return parts
    if isinstance(item, Mapping):
        return {str(key): plain(value) for key, value in item.items()}
    if isinstance(item, list | tuple | np.ndarray):
        return [plain(value) for value in item]
    if item is None or isinstance(item, bool | int):
        return item
    if isinstance(item, str):
        return str(item)
    return plain(float(item))


def read_column(items: list[Any]) -> Vector | Words:
    """Return a column from its plain form: words as they are, NaN for None. ``ValueError`` for a mixture."""
    if items and all(isinstance(item, str) for item in items):
        return np.array(items, dtype=np.str_)
    return np.array([np.nan if item is None else item for item in items], dtype=np.float64)


def build(
    kind: type[R],
    record: Mapping[str, Any],
    columns: Mapping[str, Vector | Words] | None = None,
    *,
    word: str = "",
    **given: Any,
) -> R:
    """Return the ``kind`` of record that ``plain`` and ``columns_of`` took apart.

    ``given`` fields are taken as they are. A record that may be None is so where none of it is there. ``KeyError``,
    ``TypeError`` or ``ValueError`` where something is missing or of another type.
    """
    table = {} if columns is None else columns
    made = dict(given)
    for field in _layout(kind):
        if field.name in given:
            continue
        if field.column is None:
            # what may be None need not be there: records of older versions lack newer fields
            item = record.get(field.key) if _without_none(field.type)[1] else record[field.key]
            made[field.name] = _value(field.type, item) if field.form is None else field.form.of(item)
            continue
        inner, optional = _without_none(field.type)
        name: str = field.column.format(word)
        if not is_dataclass(inner):
            made[field.name] = table[name]
        elif optional and not _any_of(inner, name, table):
            made[field.name] = None
        else:
            kind_inside: Any = inner
            made[field.name] = build(kind_inside, record.get(field.key) or {}, table, word=name)
    return kind(**made)


def _any_of(kind: Any, word: str, table: Mapping[str, Any]) -> bool:
    """Whether a table has any column of a record."""
    for field in _layout(kind):
        if field.column is None:
            continue
        inner, name = _without_none(field.type)[0], field.column.format(word)
        if _any_of(inner, name, table) if is_dataclass(inner) else name in table:
            return True
    return False


def _without_none(hint: Any) -> tuple[Any, bool]:
    """The type in ``X | None``, and whether it was one."""
    if get_origin(hint) in (Union, types.UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        if len(inner) == 1:
            return inner[0], True
    return hint, False


def _value(hint: Any, item: Any) -> Any:
    """A single value of the type ``hint`` from its plain form."""
    inner, optional = _without_none(hint)
    origin, parts = get_origin(inner), get_args(inner)
    if item is None:
        if optional:
            return None
        if inner is float:
            return float("nan")
        raise TypeError(f"nothing where a {inner} is expected")
    if is_dataclass(inner) and isinstance(inner, type):
        return build(inner, item)
    if origin is Literal:
        if item not in parts:
            raise ValueError(f"{item!r} where one of {parts} is expected")
        return item
    if origin is tuple:
        return tuple(_value(parts[0], part) for part in item)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _value(parts[1], part) for key, part in item.items()}
    if inner is float:
        return _checked(float, item, int | float)
    if inner in (int, str, bool):
        return _checked(inner, item, inner)
    raise TypeError(f"records hold no {inner}")


def _checked(kind: Any, item: Any, allowed: Any) -> Any:
    if not isinstance(item, allowed) or (isinstance(item, bool) and kind is not bool):
        raise TypeError(f"{item!r} where a {kind.__name__} is expected")
    return kind(item)
