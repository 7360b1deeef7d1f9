"""Write ``docs/cards.md``: every number of the shipped cards with its source, confidence and calibration.

``python docs/make_cards.py`` writes the page; with ``--check`` it says whether the page is up to date.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from page_file import write_or_check

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parent / "src" / "hnlpeak" / "library"
PAGE = HERE / "cards.md"
TAGS = ("V", "C", "M", "m", "E")
MEANING = {
    "V": "read in the source",
    "C": "computed from such",
    "M": "well known",
    "m": "less certain",
    "E": "estimate",
}
_NOT_NUMBERS = {"reference", "confidence", "sources", "schema", "name", "title", "kind", "system", "column"}
_CHOICES = ("samples", "experiment")
_WORDS = {
    "geometry": ("z", "z_*", "planes", "stations*", "shape.*", "chambers*", "gap_*"),
    "resolution": ("stochastic", "noise", "constant", "position_*", "*resolution"),
    "performance": ("plane_efficiency", "time_resolution"),
    "efficiency": ("efficiency",),
    "window": ("window",),
    "region": ("m2_max",),
    "n_k": ("published_n_kaon*",),
    "axis": ("slope_*",),
}
"""Words of a reference's clauses, and the keys that such a clause is about."""


@dataclass(frozen=True)
class Entry:
    """One value of a card: where it is, what it is, where it comes from (confidence "" for a choice)."""

    key: str
    value: Any
    confidence: str
    reference: str


def name_of(item: Mapping[str, Any], position: int) -> str:
    """How an item of a list is called in keys: by its system, name or mode, else by its position."""
    return str(item.get("system") or item.get("name") or item.get("mode") or position)


def _tagged_clauses(reference: str) -> Iterator[tuple[set[str], str]]:
    """Words and the one tag of each clause that ends with ``(V)`` and the like."""
    for clause in reference.split(";"):
        found = [tag for tag in TAGS if re.search(rf"\(([^()]*, *)?{tag}(, [^()]*|: [^()]*)?\)", clause)]
        if len(found) == 1:
            yield set(re.findall(r"\w+", clause.lower())), found[0]


def _confidence(key: str, table: Mapping[str, Any], inherited: str) -> str:
    """Confidence of ``key``: its own in ``sources``, else its clause of the reference, else the table's."""
    for name, text in table.get("sources", {}).items():
        if key == name or key.startswith(f"{name}."):
            return str(text)[0]
    for words, tag in _tagged_clauses(table.get("reference", "")):
        for word, patterns in _WORDS.items():
            if word in words and any(fnmatchcase(key, pattern) for pattern in patterns):
                return tag
    return str(table.get("confidence", inherited))


def _cut_confidence(reference: str, inherited: str) -> str:
    """The least certain tag of a cut's reference: the words may be sourced where the size is not."""
    tags = [tag for _, tag in _tagged_clauses(reference)]
    return max(tags, key=TAGS.index) if tags else inherited


def leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys and values below ``table``; items of a list of tables are called by ``name_of``."""
    for key, value in table.items():
        if key in _NOT_NUMBERS:
            continue
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for i, item in enumerate(value):
                yield from leaves(item, f"{prefix}{key}[{name_of(item, i)}].")
        else:
            yield f"{prefix}{key}", value


def _entries_of(table: Mapping[str, Any], prefix: str, inherited: str, reference: str) -> Iterator[Entry]:
    for key, value in leaves(table):
        own = table.get("sources", {}).get(key.split(".")[0])
        confidence = _confidence(key, table, inherited)
        source = own.partition(":")[2].strip() if own else ""
        yield Entry(f"{prefix}{key}", value, confidence, source or table.get("reference", reference))


def entries(card: Mapping[str, Any]) -> Iterator[Entry]:
    """All values of a card in its order."""
    tag, reference = str(card["confidence"]), str(card["reference"])
    for key, value in card.items():
        if key in _NOT_NUMBERS:
            continue
        if key == "systematics":
            sizes = {name: item for name, item in value.items() if name != "varied"}
            yield from (Entry(name, item, "", "") for name, item in leaves(sizes, f"{key}."))
            for item in value["varied"]:
                yield from _entries_of(item, f"{key}.varied[{item['name']}].", tag, reference)
        elif key in _CHOICES:
            values = leaves(value, f"{key}.") if isinstance(value, dict) else [(key, value)]
            yield from (Entry(name, item, "", "") for name, item in values)
        elif isinstance(value, dict):
            yield from _entries_of(value, f"{key}.", tag, reference)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for i, item in enumerate(value):
                place = f"{key}[{name_of(item, i)}]."
                if key in ("cuts", "selections"):
                    own = _cut_confidence(item.get("reference", ""), tag)
                    text = item.get("reference", reference)
                    yield from (Entry(f"{place}{k}", v, own, text) for k, v in leaves(item))
                else:
                    yield from _entries_of(item, place, tag, reference)
        else:
            yield Entry(key, value, tag, reference)


def calibration(key: str, table: Mapping[str, Any]) -> str:
    """What a value marked m or E may be set from; ``LookupError`` where ``calibration.toml`` does not say."""
    for row in table["values"]:
        if any(fnmatchcase(key, pattern) for pattern in row["keys"]):
            if row["from"] == "compare":
                return f"compare only: {row['how']}"
            if row["from"] in table["observables"]:
                return f"{row['from']}: {row['how']}"
            raise LookupError(f"docs/calibration.toml: {row['from']!r} is no observable")
    raise LookupError(f"docs/calibration.toml says nothing about {key}, which is marked m or E")


def _is_number(value: Any) -> bool:
    """A number, with unit or without, or a list of such; words are choices of a method."""
    if isinstance(value, list):
        return bool(value) and all(_is_number(item) for item in value)
    return not isinstance(value, str) or re.match(r"[-+]?\.?\d", value) is not None


def _text(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    words = [f"{item:g}" if isinstance(item, float) else str(item) for item in items]
    return ", ".join(words).replace("|", "\\|")


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _section(name: str, card: Mapping[str, Any], observables: Mapping[str, Any]) -> list[str]:
    found = list(entries(card))
    sourced = [e for e in found if e.confidence in ("V", "C", "M")]
    uncertain = [e for e in found if e.confidence in ("m", "E")]
    defaults = [e for e in uncertain if _is_number(e.value)]
    choices = [e for e in found if not e.confidence] + [e for e in uncertain if not _is_number(e.value)]
    lines = [f"## {name}", "", f"{card['title']}. Reference of the card: {card['reference']}.", ""]
    lines += ["### Sourced", ""]
    lines += _table(
        ["key", "value", "", "source"],
        [[f"`{e.key}`", _text(e.value), e.confidence, e.reference] for e in sourced],
    )
    lines += ["### Defaults and estimates", ""]
    lines += _table(
        ["key", "value", "", "source", "may be set from"],
        [
            [f"`{e.key}`", _text(e.value), e.confidence, e.reference, calibration(e.key, observables)]
            for e in defaults
        ],
    )
    if choices:
        lines += ["### Choices", "", "No measured quantities: what is simulated, and how much.", ""]
        lines += _table(["key", "value"], [[f"`{e.key}`", _text(e.value)] for e in choices])
    return lines


def page() -> str:
    """Text of ``docs/cards.md``."""
    observables = tomllib.loads((HERE / "calibration.toml").read_text("utf-8"))
    lines = [
        "# Numbers of the cards",
        "",
        "Written by `docs/make_cards.py` from the cards of the library; do not edit. Confidence: "
        + ", ".join(f"{tag} {meaning}" for tag, meaning in MEANING.items())
        + ". Values marked m and E are never to be quoted as published. They were frozen before any limit was "
        "compared with a published one; no number is set from a limit. The last column of their tables names the "
        "observable that may set a value, measured outside the search, or `compare only`.",
        "",
        *(f"- **{name}**: {text}" for name, text in observables["observables"].items()),
        "",
    ]
    for folder in ("experiments", "analyses"):
        for path in sorted((LIBRARY / folder).glob("*.toml")):
            card = tomllib.loads(path.read_text("utf-8"))
            lines += _section(f"{folder}/{path.stem}", card, observables)
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
