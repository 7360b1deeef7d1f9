"""Says what the numbers of a page were made with, and when the pages are built, what has changed since.

A page that was written from data holds the words of ``made``. As a Sphinx extension this adds those of ``since``,
which compares with the code and cards that the pages are built from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = {"validation": Path(__file__).resolve().parent / "validation.json"}
"""Pages and the data with their record ``made_with``."""


def made(record: Mapping[str, Any]) -> str:
    """A sentence on what the numbers were made with."""
    cards = ",\n".join(f"`{name}` {digest}" for name, digest in record["cards"].items())
    sources = f"sources that make events {record['events']}"
    return f"Made with hnlpeak {record['version']}. Digests: {sources}, cards\n{cards}."


def since(record: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A sentence on what has changed since."""
    changed = ["the sources that make events"] if record["events"] != now["events"] else []
    changed += [
        f"the card `{name}`" for name, digest in now["cards"].items() if record["cards"].get(name) != digest
    ]
    if not changed:
        return "Sources and cards are the same today."
    return f"Changed since then: {', '.join(changed)}; the numbers are those of before."


def _add(_app: Any, name: str, source: list[str]) -> None:
    from hnlpeak.studies.validation.made_with import made_with

    if name in DATA:
        record = json.loads(DATA[name].read_text("utf-8"))["made_with"]
        words = made(record)
        source[0] = source[0].replace(words, f"{words} {since(record, made_with())}", 1)


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", _add)
    return {"parallel_read_safe": True}
