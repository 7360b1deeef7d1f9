"""What all cards share: frozen tables without unknown keys, sources, and errors that name the key."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hnlpeak.core.errors import CardError

__all__ = [
    "Card",
    "Confidence",
    "Sourced",
    "card_kind",
    "first_message",
    "library_names",
    "library_title",
    "read_card",
]

Confidence = Literal["V", "C", "M", "m", "E"]
"""V read in the source, C computed from such, M well known, m less certain, E estimate."""

_MAX_BYTES = 1_000_000


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
        known = ", ".join(library_names(folder)) or "none"
        raise CardError(f"no card {name!r}: it is neither a file nor one of the library's {folder} ({known})")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CardError(f"{path}: larger than {_MAX_BYTES} bytes, not a card")
        return path.read_text("utf-8"), str(path), path.parent
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: cannot be read ({error})") from error


def library_title(name: str, folder: str) -> str:
    """The ``title`` of a card of the library."""
    text, _, _ = _text_of(name, folder, None)
    return str(tomllib.loads(text)["title"])


def card_kind(name_or_path: str | Path) -> str:
    """``"experiments"`` or ``"analyses"``: what a card is, by its name or its tables. Raises ``CardError``."""
    if str(name_or_path) in library_names("experiments"):
        return "experiments"
    text, origin, _ = _text_of(name_or_path, "analyses", None)
    return "experiments" if "detectors" in _table(text, origin) else "analyses"


def _table(text: str, origin: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CardError(f"{origin}: not valid TOML: {error}") from error


def first_message(error: ValidationError) -> str:
    """Return one line: the key of the first error, what is wrong there, how many more there are."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    if first["type"] == "extra_forbidden":
        text = "unknown key"
    else:
        text = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] not in ("value_error", "missing"):
            text += f", got {str(first['input'])[:80]!r}"
    more = error.error_count() - 1
    return f"{key}: {text}" + (f" (and {more} more)" if more else "")


def read_card(
    kind: type[C], name_or_path: str | Path, *, folder: str, beside: Path | None = None
) -> tuple[C, str, Path | None]:
    """Read and check a TOML card, by name from ``library/<folder>`` or by path (relative to ``beside``).

    Returns the card, its text (for hashes and manifests) and its folder (None in the library). Raises
    ``CardError`` with the file, the key and what is allowed.
    """
    text, origin, place = _text_of(name_or_path, folder, beside)
    table = _table(text, origin)
    try:
        return kind.model_validate(table), text, place
    except ValidationError as error:
        raise CardError(f"{origin}: {first_message(error)}") from error
