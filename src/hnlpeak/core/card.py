"""What all cards share: frozen tables without unknown keys, sources, and errors that name the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from hnlpeak.core.card_faults import Contradictions, contradictory, faults_of
from hnlpeak.core.errors import CardError
from hnlpeak.core.words import not_parsed

__all__ = [
    "Card",
    "CardReading",
    "Confidence",
    "Sourced",
    "card_kind",
    "card_text",
    "library_names",
    "library_title",
    "look_at_card",
    "read_card",
]

Confidence = Literal["V", "C", "M", "m", "E"]
"""V read in the source, C computed from such, M well known, m less certain, E estimate."""

_STARTS = "starts"
"""Cards of the library that describe nothing real: they are commented line by line, to begin one's own from."""
_MAX_BYTES = 500_000
_MAX_PARTS = 16
_DEEP_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){{{_MAX_PARTS}}}")
_LARGEST = 10**15
_SHOWN_NAMES = ("name", "title", "system")
"""Keys whose text is drawn in figures, where ``$`` would begin a formula."""
_TABLES = {"experiments": "detectors", "analyses": "scan"}
"""A table that tells the kind of a card."""


class Card(BaseModel):
    """A table of a card: frozen, no unknown keys, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    def contradictions(self) -> Iterator[str]:
        """Yield what the table says against itself: all of it, where a validator would stop at the first."""
        return iter(())

    @model_validator(mode="after")
    def _free_of_contradictions(self) -> Self:
        if found := list(self.contradictions()):
            raise Contradictions(found, self)
        return self


class Sourced(Card):
    """A table of numbers with the place they come from and how sure they are.

    ``reference`` says in words where they come from. ``confidence``: V read in the source, C computed from such, M well
    known, m less certain, E estimate. ``sources`` overrides the table's ``confidence`` key by key: ``{ divergence = "E:
    set from the width of the K_l2 peak" }``.
    """

    reference: str
    confidence: Confidence
    sources: dict[str, str] = {}


C = TypeVar("C", bound=Card)


def _library(folder: str) -> dict[str, Traversable]:
    """Files of the cards shipped in ``library/<folder>``, and of those that are there to begin from."""
    library = resources.files("hnlpeak") / "library"
    entries = [*(library / folder).iterdir(), *(library / _STARTS / folder).iterdir()]
    return {
        entry.name.removesuffix(".toml"): entry
        for entry in sorted(entries, key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def library_names(folder: str) -> list[str]:
    """Names of the cards shipped in ``library/<folder>`` and in its ``starts``, sorted."""
    return list(_library(folder))


def _text_of(name_or_path: str | Path, folder: str, beside: Path | None) -> tuple[str, str, Path | None]:
    name = str(name_or_path)
    if (shipped := _library(folder).get(name)) is not None:
        return shipped.read_text("utf-8"), name, None
    path = Path(name)
    if beside is not None and not path.is_absolute():
        path = beside / path
    if not path.is_file():
        raise CardError(_no_card(name, folder, path))
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CardError(f"{path}: larger than {_MAX_BYTES} bytes, not a card")
        return path.read_text("utf-8-sig"), str(path), path.parent
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: cannot be read ({not_parsed(error)})") from error


def _no_card(name: str, folder: str, path: Path) -> str:
    shown, known = repr(name)[:80], ", ".join(library_names(folder)) or "none"
    for other in _TABLES:
        if other != folder and name in library_names(other):
            return (
                f"{shown} is one of the library's {other}, needed is one of its {folder} ({known}) or a file"
            )
    if path.exists():
        return f"{shown} is no plain file, needed is a card or one of the library's {folder} ({known})"
    close = get_close_matches(name[:80], library_names(folder), n=1, cutoff=0.75)
    hint = f", is it {close[0]}?" if close else ""
    return f"no card {shown}: it is neither a file nor one of the library's {folder} ({known}){hint}"


def card_text(name_or_path: str | Path) -> str:
    """Text of a card by its name in the library, of either kind, or by path. Raises ``CardError``."""
    folder = "experiments" if str(name_or_path) in library_names("experiments") else "analyses"
    return _text_of(name_or_path, folder, None)[0]


def library_title(name: str, folder: str) -> str:
    """The ``title`` of a card of the library."""
    text, _, _ = _text_of(name, folder, None)
    return str(tomllib.loads(text)["title"])


def card_kind(name_or_path: str | Path) -> str:
    """``"experiments"`` or ``"analyses"``: what a card is, by its name or its tables. Raises ``CardError``."""
    if str(name_or_path) in library_names("experiments"):
        return "experiments"
    text, origin, _ = _text_of(name_or_path, "analyses", None)
    return "experiments" if _TABLES["experiments"] in _table(text, origin) else "analyses"


def _table(text: str, origin: str) -> dict[str, Any]:
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        raise CardError(f"{origin}: a key of more than {_MAX_PARTS} parts: {deep[0][:40]!r}...")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also integers of thousands of digits
        raise CardError(f"{origin}: not valid TOML: {not_parsed(error)}") from error


def _check_values(table: Mapping[str, Any], origin: str) -> None:
    """Raise ``CardError`` for text that cannot be drawn or written, and for integers without measure."""
    todo: list[tuple[str, str, Any]] = [("", "", table)]
    while todo:
        place, key, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{place}.{k}" if place else k, k, v) for k, v in value.items()]
        elif isinstance(value, list):
            todo += [(f"{place}.{i}", key, v) for i, v in enumerate(value)]
        elif isinstance(value, int) and abs(value) > _LARGEST:
            raise CardError(f"{origin}: {place[:80]}: an integer above {_LARGEST:.0e}, no card needs that")
        elif isinstance(value, str):
            odd = next((c for c in value if not (c.isprintable() or c in "\n\t")), None)
            if odd is None and key in _SHOWN_NAMES and "$" in value:
                odd = "$"
            if odd is not None:
                raise CardError(f"{origin}: {place[:80]}: {value[:40]!r} holds {odd!r}: expected plain text")


def _other_kind(table: Mapping[str, Any], folder: str) -> str | None:
    """The kind of card that this is, where it is another than asked for."""
    kinds = [kind for kind, name in _TABLES.items() if name in table]
    return kinds[0] if kinds and folder not in kinds else None


@dataclass(frozen=True)
class CardReading(Generic[C]):
    """A card as read: where from, its text, its plain ``table``, its folder (None in the library), its ``faults``.

    ``card`` is None where a table or a value cannot be used; where tables only contradict each other it is there.
    """

    origin: str
    text: str
    table: dict[str, Any]
    place: Path | None
    card: C | None
    faults: list[str]


def look_at_card(
    kind: type[C], name_or_path: str | Path, *, folder: str, beside: Path | None = None
) -> CardReading[C]:
    """Read a TOML card, by name from ``library/<folder>`` or by path (relative to ``beside``), and list its faults.

    Raises ``CardError`` for what is no card of this kind at all.
    """
    text, origin, place = _text_of(name_or_path, folder, beside)
    table = _table(text, origin)
    _check_values(table, origin)
    other = _other_kind(table, folder)
    if other is not None:
        raise CardError(
            f"{origin}: is one of {other} (it has a table {_TABLES[other]!r}), needed is one of {folder}"
        )
    try:
        return CardReading(origin, text, table, place, kind.model_validate(table), [])
    except ValidationError as error:
        card = contradictory(error)
        faults = faults_of(error, kind, table)
        return CardReading(origin, text, table, place, card if isinstance(card, kind) else None, faults)


def read_card(
    kind: type[C], name_or_path: str | Path, *, folder: str, beside: Path | None = None
) -> tuple[C, str, Path | None]:
    """Read and check a card as ``look_at_card`` does; return it, its text (for hashes and manifests), its folder.

    Raises ``CardError`` with the file, the key and what is allowed.
    """
    read = look_at_card(kind, name_or_path, folder=folder, beside=beside)
    if read.card is None or read.faults:
        raise CardError.of(read.origin, read.faults)
    return read.card, read.text, read.place
