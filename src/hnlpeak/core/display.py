"""How records show themselves: a line in a terminal, a small table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["facts_html", "rows_html", "short"]

_CELL = "text-align:left;padding:1px 10px"


def short(name: str, *parts: str) -> str:
    """Return ``<Name: part, part>``; parts that are empty are left out."""
    said = ", ".join(part for part in parts if part)
    return f"<{name}: {said}>" if said else f"<{name}>"


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f'<{tag} style="{_CELL}">{escape(cell)}</{tag}>' for cell in cells) + "</tr>"


def facts_html(title: str, facts: Mapping[str, str]) -> str:
    """Return a table of names and what they are, under a title."""
    rows = "".join(
        f'<tr><th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{escape(fact)}</td></tr>'
        for name, fact in facts.items()
    )
    return f"<table><caption><b>{escape(title)}</b></caption>{rows}</table>"


def rows_html(head: Sequence[str], rows: Sequence[Sequence[str]], *, left_out: int = 0) -> str:
    """Return a table with a head, and how many rows are ``left_out`` of it."""
    body = "".join(_row(row, "td") for row in rows)
    note = f"<caption>{left_out} more rows</caption>" if left_out else ""
    return f"<table>{note}<thead>{_row(head, 'th')}</thead><tbody>{body}</tbody></table>"
