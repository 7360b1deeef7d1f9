"""``hnlpeak list``: what the library holds."""

from __future__ import annotations

import json as json_format
from typing import Annotated, Any

import typer

__all__ = ["listing"]

KINDS = ("experiments", "analyses", "modes", "methods", "published", "columns")


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def listing(
    what: Annotated[
        str | None,
        typer.Argument(metavar="|".join(KINDS), help="What to list (default: all).", autocompletion=_kinds),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
) -> None:
    """List the experiments, analyses, decay modes, statistical methods or published limits that come along.

    ``columns`` are those of the files that a search leaves, and of ntuples, with their units and meanings.
    """
    from hnlpeak.core.errors import UsageError

    if what is not None and what not in KINDS:
        raise UsageError(f"list: got {what!r}, allowed are {', '.join(KINDS)}")
    if what == "columns":
        _list_columns(as_json=json)
        return
    if json:
        rows: Any = {kind: _rows(kind) for kind in KINDS} if what is None else _rows(what)
        typer.echo(json_format.dumps(rows, indent=2, ensure_ascii=False))
        return
    for kind in KINDS if what is None else (what,):
        if what is None:
            typer.echo(f"{kind}:")
        rows = _rows(kind)
        width = max(len(name) for name in rows)
        indent = "" if what is not None else "  "
        for name, text in rows.items():
            typer.echo(f"{indent}{name:<{width}}  {text}")


def _rows(what: str) -> dict[str, str]:
    if what in ("experiments", "analyses"):
        from hnlpeak.core.card import library_names, library_title

        return {name: library_title(name, what) for name in library_names(what)}
    if what == "modes":
        from hnlpeak.theory.modes import MODES

        return {
            name: mode.label
            if mode.branching_fraction is None
            else f"{mode.label}  B = {mode.branching_fraction.value:.4g} ± {mode.branching_fraction.error:.2g}"
            for name, mode in MODES.items()
        }
    if what == "methods":
        from hnlpeak.statistics import METHODS

        return {name: method.summary for name, method in METHODS.items()}
    if what == "columns":
        from hnlpeak.limits.columns import TABLES

        return {file: f"{len(facts)} columns, see hnlpeak list columns" for file, facts in TABLES.items()}
    from hnlpeak.limits.published import list_published, published

    return {name: f"{published(name).label}  ({published(name).reference})" for name in list_published()}


def _list_columns(*, as_json: bool) -> None:
    """Columns by file, with unit and meaning."""
    from hnlpeak.limits.columns import TABLES
    from hnlpeak.reconstruction.columns import COLUMN_MEANING

    tables = {file: [fact._asdict() for fact in facts] for file, facts in TABLES.items()}
    tables["ntuples"] = [
        {"name": name, "unit": "", "meaning": meaning} for name, meaning in COLUMN_MEANING.items()
    ]
    if as_json:
        typer.echo(json_format.dumps(tables, indent=2, ensure_ascii=False))
        return
    for file, rows in tables.items():
        typer.echo(f"{file}:")
        width = max(len(row["name"]) for row in rows)
        for row in rows:
            unit = "" if row["unit"] in ("", "1") else f" [{row['unit']}]"
            typer.echo(f"  {row['name']:<{width}}  {row['meaning']}{unit}")
