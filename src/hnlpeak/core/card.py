"""What all cards share: frozen tables without unknown keys, sources, and errors that name the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hnlpeak.core.card_faults import faults_of
from hnlpeak.core.errors import CardError
from hnlpeak.core.words import not_parsed

__all__ = [
    "Card",
    "Confidence",
    "Sourced",
    "card_kind",
    "card_text",
    "library_names",
    "library_title",
    "read_card",
]

Confidence = Literal["V", "C", "M", "m", "E"]
"""V read in the source, C computed from such, M well known, m less certain, E estimate."""

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


class Sourced(Card):
    """A table of numbers with the place they come from and how sure they are.

    ``sources`` overrides the table's ``confidence`` key by key: ``{ divergence = "E: set from the width of the
    K_l2 peak" }``.
    """

    reference: str
    confidence: Confidence
    sources: dict[str, str] = {}


C = TypeVar("C", bound=Card)


def library_names(folder: str) -> list[str]:
    """Names of the cards shipped in ``library/<folder>``, sorted."""
    place = resources.files("hnlpeak") / "library" / folder
    return sorted(
        entry.name.removesuffix(".toml") for entry in place.iterdir() if entry.name.endswith(".toml")
    )


def _text_of(name_or_path: str | Path, folder: str, beside: Path | None) -> tuple[str, str, Path | None]:
    name = str(name_or_path)
    if name in library_names(folder):
        return (
            (resources.files("hnlpeak") / "library" / folder / f"{name}.toml").read_text("utf-8"),
            name,
            None,
        )
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
    return f"no card {shown}: it is neither a file nor one of the library's {folder} ({known})"


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


def read_card(
    kind: type[C], name_or_path: str | Path, *, folder: str, beside: Path | None = None
) -> tuple[C, str, Path | None]:
    """Read and check a TOML card, by name from ``library/<folder>`` or by path (relative to ``beside``).

    Returns the card, its text (for hashes and manifests) and its folder (None in the library). Raises
    ``CardError`` with the file, the key and what is allowed.
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
        return kind.model_validate(table), text, place
    except ValidationError as error:
        raise CardError.of(origin, faults_of(error, kind, table)) from error
