"""What is wrong with a card, one line a fault: the key, what is wrong, what the key takes and means.

What a key means is said once, in the description of its table, by the sentence that names it in double backquotes.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from hnlpeak.core.words import listed, meant, shortened

__all__ = ["Contradictions", "contradictory", "faults_of", "meaning_of", "table_at"]

_MOST = 200
"""More faults than this are not listed."""
_NO_TABLE = ("dict_type", "list_type", "model_type", "model_attributes_type")
"""Plain values where tables or lists are needed."""
_ROOM = 130
"""Characters for what a key means."""


class Contradictions(ValueError):
    """What a table whose values are good says against itself; ``table`` is the one that says it."""

    def __init__(self, faults: Sequence[str], table: BaseModel) -> None:
        super().__init__("; ".join(faults))
        self.faults, self.table = tuple(faults), table


def contradictory(error: ValidationError) -> BaseModel | None:
    """Return the card that only contradicts itself; None for one with values that cannot be used."""
    items = error.errors(include_url=False)
    cause = items[0].get("ctx", {}).get("error")
    return (
        cause.table if len(items) == 1 and isinstance(cause, Contradictions) and not items[0]["loc"] else None
    )


def faults_of(
    error: ValidationError, kind: type[BaseModel], card: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the faults that pydantic found in a card of ``kind``, in the order of the card.

    Items of lists are called by what ``card`` names them, where that is given: ``detectors[LKr].z``.
    """
    items = error.errors(include_url=False)
    found = [fault for item in items for fault in _faults(item, kind, card)]
    return list(dict.fromkeys(found))[:_MOST]


def _key(loc: Sequence[Any], card: Any) -> str:
    """The place in the card; a number stays where an item has no name, and the tag of a choice is left out."""
    key, here = "", card
    for part in loc:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and part < len(here) else None
            named = here if isinstance(here, Mapping) else {}
            name = next((named[n] for n in ("system", "name", "mode") if isinstance(named.get(n), str)), None)
            key += f".{part}" if name is None else f"[{name[:40]}]"
        elif isinstance(here, Mapping) and part not in here and part in (here.get("kind"), here.get("by")):
            continue
        else:
            here = here.get(part) if isinstance(here, Mapping) else None
            key += f".{str(part)[:40]}"
    return key.removeprefix(".") or "(top level)"


def _at(card: Any, loc: Sequence[Any]) -> Any:
    for part in loc:
        if isinstance(part, int):
            card = card[part] if isinstance(card, list) and part < len(card) else None
        else:
            card = card.get(part) if isinstance(card, Mapping) else None
    return card


def _tag_fault(item: Any) -> str:
    """A choice among tables whose tag is missing or none of those there are."""
    context = item["ctx"]
    name, value = str(context["discriminator"]).strip("'"), str(context.get("tag", ""))
    allowed = [word.strip(" '") for word in str(context.get("expected_tags", "")).split(",")]
    allowed = [word for word in allowed if word]
    if item["type"] == "union_tag_not_found":
        return f"has no {name}"
    close = difflib.get_close_matches(value[:80], allowed, n=1, cutoff=0.5)
    hint = f" (is it {close[0]}?)" if close else ""  # first: a long line loses its end
    return f"{name} {value[:40]!r}{hint} is none of {', '.join(allowed)}"


def _faults(item: Any, kind: type[BaseModel], card: Mapping[str, Any] | None) -> list[str]:
    """What one error of pydantic says; a table that contradicts itself says several things."""
    key, cause = _key(tuple(item["loc"]), card), item.get("ctx", {}).get("error")
    if not isinstance(cause, Contradictions):
        return [_fault(item, key, kind, card)]
    return [
        " ".join((fault if not item["loc"] else f"{key}: {fault}").split())[:400] for fault in cause.faults
    ]


def _fault(item: Any, key: str, kind: type[BaseModel], card: Mapping[str, Any] | None) -> str:
    loc = tuple(item["loc"])
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{key}: {_tag_fault(item)}"
    table = _table_of(kind, loc[:-1], _at(card, loc[:-1]))
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{_similar(str(loc[-1]), table)}"
    text = " ".join(str(item["msg"]).removeprefix("Value error, ").split())[:220]
    if item["type"] == "missing":
        return f"{key}: Field required{_meaning(table, str(loc[-1]))}"
    if item["type"] in _NO_TABLE and (wanted := _wanted_of(table, str(loc[-1]))):
        text = f"expected {wanted}"
    if item["type"] != "value_error":
        text += f", got {_shown(item['input'])}"
    if item["type"] == "literal_error" and table is not None and (about := meaning_of(table, str(loc[-1]))):
        text += f" ({about})"
    return f"{key}: {text}"


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**40:
        return "an integer of many digits"
    if isinstance(value, dict | list) and len(value) > 20:
        return f"{len(value)} items"
    return repr(str(value)[:60])


def _similar(name: str, table: type[BaseModel] | None) -> str:
    return "" if table is None else meant(name, _fields(table))


def _fields(table: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in table.model_fields.items()]


def _meaning(table: type[BaseModel] | None, name: str) -> str:
    """What kind of value a key takes, and what it means."""
    if table is None:
        return ""
    field, wanted = _field(table, name), _wanted_of(table, name)
    models = [] if field is None else [*_choices(field.metadata), *_models(field.annotation)]
    about = _about(models[0]) if len(models) == 1 else meaning_of(table, name)
    return "".join((f": {wanted}" if wanted else "", f" ({about})" if about else ""))


def _field(table: type[BaseModel], name: str) -> FieldInfo | None:
    return next((field for n, field in table.model_fields.items() if (field.alias or n) == name), None)


def _wanted_of(table: type[BaseModel] | None, name: str) -> str:
    """What the value of a key looks like; empty for what is no key."""
    field = None if table is None else _field(table, name)
    if table is None or field is None:
        return ""
    head = f" [{name}]" if "schema_version" in table.model_fields else ""
    return _wanted(field.annotation, field.metadata, head)


def _about(table: type[BaseModel]) -> str:
    """What a table is, by the first sentence of its description."""
    text = " ".join((table.__doc__ or "").replace("``", "").split())
    return shortened(f"{table.__name__}: {text.partition('. ')[0].rstrip('.')}", _ROOM)


def meaning_of(table: type[BaseModel], name: str) -> str:
    """Return the sentence of a table's description that names the key, in whole words; empty where there is none."""
    for part in table.__mro__:
        text = " ".join((part.__dict__.get("__doc__") or "").split())
        for sentence in re.split(r"(?<=\.) (?=[A-Z`])|; ", text):
            if f"``{name}``" in sentence:
                return shortened(f"{part.__name__}: {sentence.replace('``', '').rstrip('.;:')}", _ROOM)
    return ""


def _wanted(annotation: Any, metadata: Sequence[Any], head: str = "") -> str:
    """What a value looks like: with a unit, of a list of words, a table with keys, under a ``head`` of its own."""
    for note in metadata:
        said = getattr(getattr(note, "func", None), "wanted", None)
        if said is not None:
            return str(said)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _wanted(parts[0], parts[1:], head)
    if origin is Literal:
        return "one of " + ", ".join(f'"{part}"' if isinstance(part, str) else str(part) for part in parts)
    if models := [*_choices(metadata), *_models(annotation)]:
        return _wanted_tables(models, origin is list, head)
    if origin is list:
        return f"a list, each {_wanted(parts[0], ())}"
    if origin is dict:
        names = get_args(parts[0])
        by = f" by {listed(map(str, names))}" if get_origin(parts[0]) is Literal else ""
        return f"a table {{ NAME = value, ... }}{by}, each value {_wanted(parts[1], ())}"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(filter(None, (_wanted(part, (), head) for part in parts))))
    plain = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
    ends = [(word, getattr(note, key)) for note in metadata for word, key in _ENDS if hasattr(note, key)]
    return " ".join([plain.get(annotation, ""), *(f"{word} {end}" for word, end in ends)]).strip()


_ENDS = (("from", "ge"), ("to", "le"), ("above", "gt"), ("below", "lt"))
"""Ends of numbers as pydantic keeps them, and their words."""


def _wanted_tables(models: Sequence[type[BaseModel]], several: bool, head: str) -> str:
    """Tables and the keys that they must have, those of all cards last; of several kinds what tells them apart."""
    what = f"one or more tables{head.replace('[', '[[').replace(']', ']]')}" if several else f"a table{head}"
    tags = [tag for model in models if (tag := _tag(model)) is not None]
    if len(models) > 1 and tags:
        return f"{what} with {_tag_key(models[0])} = one of {listed(tags)}"
    fields = [(f.alias or n, f.is_required()) for n, f in models[0].model_fields.items()]
    needed = sorted((name for name, required in fields if required), key=_OF_ALL.__contains__)
    return f"{what} with {listed(needed)}" if needed else f"{what} with some of {listed(_fields(models[0]))}"


_OF_ALL = ("reference", "confidence")
"""Keys that all tables of numbers have."""


def _table_of(kind: Any, loc: Sequence[Any], table: Any = None) -> type[BaseModel] | None:
    """The table that a place in a card lies in; None where several are possible and none is named.

    ``table``, what the card has there, decides where a validator chooses by its ``method``.
    """
    here: list[Any] = [kind]
    for part in loc:
        models = [model for each in here for model in _models(each)]
        tagged = [model for model in models if _tag(model) == part]
        if tagged:
            here = list(tagged)
        elif isinstance(part, str):
            fields = [f for m in models for n, f in m.model_fields.items() if (f.alias or n) == part]
            here = [field.annotation for field in fields]
            choices = [model for field in fields for model in _choices(field.metadata)]
            if isinstance(table, Mapping) and choices:
                here = [model for model in choices if _tag(model) == table.get("method")]
    models = [model for each in here for model in _models(each)]
    return models[0] if len(models) == 1 else None


def _choices(metadata: Sequence[Any]) -> list[type[BaseModel]]:
    """Tables that a validator chooses from, if it says so by its ``tables``."""
    found = [getattr(getattr(note, "func", None), "tables", None) for note in metadata]
    return [model for tables in found if tables is not None for model in tables()]


def table_at(kind: type[BaseModel], path: Sequence[str], text: str) -> type[BaseModel] | None:
    """The table at ``path`` of a card; of several that it may be, the one whose tag is in ``text``, its first lines."""
    found = _table_of(kind, path)
    if found is not None:
        return found
    here: list[Any] = [kind]
    for part in path:
        fields = [f for each in here for m in _models(each) for n, f in m.model_fields.items() if n == part]
        here = [field.annotation for field in fields]
    tagged = [m for each in here for m in _models(each) if _tag(m) is not None and f'"{_tag(m)}"' in text]
    return tagged[0] if len(tagged) == 1 else None


def _tag(model: type[BaseModel]) -> str | None:
    """The one value of the key (``kind``, ``method``) by which cards choose this table."""
    name = _tag_key(model)
    return None if name is None else str(get_args(model.model_fields[name].annotation)[0])


def _tag_key(model: type[BaseModel]) -> str | None:
    """The key of a table that has one value alone."""
    for name in ("kind", "method", "by"):
        field = model.model_fields.get(name)
        values = get_args(field.annotation) if field is not None else ()
        if len(values) == 1 and isinstance(values[0], str):
            return name
    return None


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Tables within an annotation: a table, a list of them, a choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (list, Annotated, Union, types.UnionType):
        return [model for part in get_args(annotation) for model in _models(part)]
    return []
