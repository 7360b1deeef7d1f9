"""What the scripts that write one page each do at their end."""

from __future__ import annotations

import sys
from pathlib import Path


def write_or_check(page: Path, text: str) -> int:
    """Write ``text`` as the ``page``. With ``--check`` return 1, with a word, where it is not there already."""
    if "--check" not in sys.argv[1:]:
        page.write_text(text, "utf-8")
        return 0
    if page.read_text("utf-8") == text:
        return 0
    print(f"docs/{page.name} is out of date: run python {sys.argv[0]}")
    return 1
