"""What is wrong with a card, one line a fault: the key, what is wrong, what the key means."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hnlpeak.core.words import meant

__all__ = ["faults_of", "table_at"]

_MOST = 200
"""More faults than this are not listed."""


def faults_of(
    error: ValidationError, kind: type[BaseModel], card: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the faults that pydantic found in a card of ``kind``, in the order of the card.

    Items of lists are called by what ``card`` names them, where that is given: ``detectors[LKr].z``.
    """
    found = [_fault(item, kind, card) for item in error.errors(include_url=False)[:_MOST]]
    return list(dict.fromkeys(found))


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
    hint = f", is it {close[0]}?" if close else ""
    return f"{name} {value[:40]!r} is none of {', '.join(allowed)}{hint}"


def _fault(item: Any, kind: type[BaseModel], card: Mapping[str, Any] | None) -> str:
    loc = tuple(item["loc"])
    key = _key(loc, card)
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{key}: {_tag_fault(item)}"
    table = _table_of(kind, loc[:-1], _at(card, loc[:-1]))
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{_similar(str(loc[-1]), table)}"
    text = " ".join(str(item["msg"]).removeprefix("Value error, ").split())[:220]
    if item["type"] == "missing":
        return f"{key}: Field required{_meaning(table, str(loc[-1]))}"
    if item["type"] != "value_error":
        text += f", got {_shown(item['input'])}"
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
    """What the table is for, by the first sentence of its description, and what kind of value the key takes."""
    if table is None:
        return ""
    field = next((f for n, f in table.model_fields.items() if (f.alias or n) == name), None)
    wanted = "" if field is None else _value(field.annotation, field.metadata)
    about = " ".join((table.__doc__ or "").split()).partition(". ")[0].rstrip(".")[:100]
    return f": {wanted} ({table.__name__}: {about})" if wanted else f" ({table.__name__}: {about})"


def _value(annotation: Any, metadata: Sequence[Any]) -> str:
    for note in metadata:
        said = getattr(getattr(note, "func", None), "wanted", None)
        if said is not None:
            return str(said)
    names = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
    return names.get(annotation, "")


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
    for name in ("kind", "method", "by"):
        field = model.model_fields.get(name)
        values = get_args(field.annotation) if field is not None else ()
        if len(values) == 1 and isinstance(values[0], str):
            return values[0]
    return None


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Tables within an annotation: a table, a list of them, a choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (list, Annotated, Union, types.UnionType):
        return [model for part in get_args(annotation) for model in _models(part)]
    return []
