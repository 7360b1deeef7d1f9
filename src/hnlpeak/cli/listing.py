"""``hnlpeak list``: what the library holds."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from typing import Annotated, Any

import typer

from hnlpeak.cli.options import JsonOption

__all__ = ["listing"]

KINDS = (
    "experiments",
    "analyses",
    "modes",
    "detectors",
    "backgrounds",
    "methods",
    "formats",
    "published",
    "columns",
)


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def listing(
    what: Annotated[
        str | None,
        typer.Argument(metavar="|".join(KINDS), help="What to list (default: all).", autocompletion=_kinds),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List what comes along: cards, decay modes, kinds of detectors, methods, formats, published limits.

    ``detectors`` are the kinds that a card can name, ``backgrounds`` and ``methods`` those of background estimates and
    of limits, ``formats`` those of spectra and of exports. ``columns`` are those of the files that a search leaves, and
    of ntuples, with their units and meanings.
    """
    from hnlpeak.core.errors import UsageError
    from hnlpeak.core.words import meant

    if what is not None and what not in KINDS:
        close = meant(what, KINDS)
        hint = close if close.startswith(", is it") else ""
        raise UsageError(f"list: got {what[:40]!r}{hint or ', allowed are ' + ', '.join(KINDS)}")
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
    """Names and what they are."""
    if what in ("experiments", "analyses"):
        from hnlpeak.core.card import library_names, library_title

        return {name: library_title(name, what) for name in library_names(what)}
    return _ROWS[what]()


def _modes() -> dict[str, str]:
    from hnlpeak.theory.modes import MODES

    return {
        name: mode.label
        if mode.branching_fraction is None
        else f"{mode.label}  B = {mode.branching_fraction.value:.4g} ± {mode.branching_fraction.error:.2g}"
        for name, mode in MODES.items()
    }


def _detectors() -> dict[str, str]:
    from hnlpeak.detectors.registry import KINDS as kinds

    return {name: _first_sentence(kind.spec) for name, kind in kinds.items()}


def _backgrounds() -> dict[str, str]:
    from hnlpeak.background.methods import METHODS

    return {name: _first_sentence(method.card) for name, method in METHODS.items()}


def _methods() -> dict[str, str]:
    from hnlpeak.statistics import METHODS

    return {name: method.summary for name, method in METHODS.items()}


def _formats() -> dict[str, str]:
    """Spectra by the ends of their names, exports by the name that ``hnlpeak export`` takes."""
    from hnlpeak.formats.export.registry import EXPORTS
    from hnlpeak.formats.spectrum_file import FORMATS

    spectra = {
        ", ".join(kind.suffixes): f"{kind.name}, a spectrum as {kind.example}: "
        + ("read" if kind.write is None else "read and written")
        for kind in FORMATS
    }
    return spectra | {name: f"export: {export.summary}" for name, export in EXPORTS.items()}


def _published() -> dict[str, str]:
    from hnlpeak.limits.published import list_published, published

    return {name: f"{published(name).label}  ({published(name).reference})" for name in list_published()}


def _columns() -> dict[str, str]:
    from hnlpeak.limits.columns import TABLES

    return {file: f"{len(facts)} columns, see hnlpeak list columns" for file, facts in TABLES.items()}


_ROWS: dict[str, Callable[[], dict[str, str]]] = {
    "modes": _modes,
    "detectors": _detectors,
    "backgrounds": _backgrounds,
    "methods": _methods,
    "formats": _formats,
    "published": _published,
    "columns": _columns,
}


def _first_sentence(table: type) -> str:
    """What the docstring of a card's table says first."""
    return " ".join((table.__doc__ or "").replace("``", "").split()).partition(". ")[0].rstrip(".")


def _list_columns(*, as_json: bool) -> None:
    """Columns by file, with unit and meaning."""
    from hnlpeak.experiment.columns import COLUMN_MEANING, TIME_COLUMN, TIME_MEANING
    from hnlpeak.limits.columns import TABLES

    tables = {file: [fact._asdict() for fact in facts] for file, facts in TABLES.items()}
    tables["ntuples"] = [
        {"name": name, "unit": "", "meaning": meaning}
        for name, meaning in (COLUMN_MEANING | {TIME_COLUMN: TIME_MEANING}).items()
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
