"""Sphinx extension: references written from the code itself, so that they cannot differ from it.

``generated/cards.md``: every key of the cards with what it takes and its default; ``generated/commands.md``: every
command with its options; ``generated/status.md``: every status word.
"""

from __future__ import annotations

import inspect
import re
import types
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel, BeforeValidator
from pydantic_core import PydanticUndefined

from hnlpeak.background.methods import METHODS as BACKGROUND_METHODS
from hnlpeak.cli.app import app
from hnlpeak.core.card import Sourced
from hnlpeak.detectors.registry import KINDS
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.limits.status import status_words

_SHOWN = 60
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def cell(text):
    """Return ``text`` as it may stand in a cell of a table: no markup of pages outside of code."""
    pieces = re.split(r"(`[^`]*`)", " ".join(str(text).split()).replace("|", "\\|"))
    return "".join(piece if piece.startswith("`") else piece.replace("<", "&lt;") for piece in pieces)


def doc(thing):
    """Return the docstring as one paragraph, ``code`` as `code`."""
    return cell(inspect.getdoc(thing) or "").replace("``", "`")


def takes(hint):
    """Return in words what a key with this type takes."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        for part in arguments[1:]:
            wanted = getattr(part.func, "wanted", None) if isinstance(part, BeforeValidator) else None
            if wanted:
                return wanted
        limits = [limit for part in arguments[1:] for limit in (part, *getattr(part, "metadata", ()))]
        bounds = [
            f"{word} {getattr(limit, name)}"
            for limit in limits
            for name, word in _BOUNDS.items()
            if isinstance(getattr(limit, name, None), int | float)
        ]
        return ", ".join(dict.fromkeys([takes(arguments[0]), *bounds]))
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(takes(part) for part in arguments if part is not type(None)))
    if origin in (list, tuple):
        return f"list of {takes(arguments[0])}"
    if origin is dict:
        return f"table of {takes(arguments[1])} by name"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return f"table [{hint.__name__}](#{hint.__name__.lower()})"
    names = {str: "text", bool: "true or false", int: "whole number", float: "number"}
    return names.get(hint, getattr(hint, "__name__", str(hint)))


def default(field):
    """Return the default of a key, or that there is none."""
    if field.is_required():
        return "**needed**"
    value = field.default
    if value is PydanticUndefined:
        value = field.default_factory() if field.default_factory else None
    if value is None:
        return "none"
    if value in ("", [], {}, ()):
        return "none"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    text = cell(value if not isinstance(value, BaseModel) else "as its table")
    return f"`{text}`" if len(text) <= _SHOWN else "see the code"


def models_in(hint):
    """Yield the card tables that a type mentions."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from models_in(part)


def tables(root, more=()):
    """Return ``root`` and all tables below it, each once, parents first."""
    found, todo = [], [root, *more]
    while todo:
        model = todo.pop(0)
        if model in found:
            continue
        found.append(model)
        for hint in get_type_hints(model, include_extras=True).values():
            todo += [child for child in models_in(hint) if child not in found]
    return found


def table(model, level):
    """Return the section of one table of a card."""
    hints = get_type_hints(model, include_extras=True)
    rows = "".join(
        f"| `{field.alias or name}` | {cell(takes(hints[name]))} | {default(field)} |\n"
        for name, field in model.model_fields.items()
        if name not in Sourced.model_fields
    )
    return f"{'#' * level} {model.__name__}\n\n{doc(model)}\n\n| key | takes | default |\n|---|---|---|\n{rows}\n"


def cards():
    """Return the page on the keys of cards."""
    text = (
        "# Keys of cards\n\nWritten from the code. A card is a TOML file; a number with a unit is text, such as "
        '`"75 GeV"`. Keys that are not here are errors, named in one line by `hnlpeak check`. What a table means is '
        "said above it. Tables of numbers also have `reference` (where they come from), `confidence` (`V`, `C`, `M`, "
        "`m` or `E`) and, if wanted, `sources` (the same key by key).\n\n"
    )
    methods = [method.card for method in BACKGROUND_METHODS.values()]
    kinds = [kind.spec for kind in KINDS.values()]
    seen = set()
    for title, root, more in (
        ("Analysis card", AnalysisCard, methods),
        ("Experiment card", ExperimentCard, kinds),
    ):
        text += f"## {title}\n\n"
        for model in tables(root, more):
            if model not in seen:
                seen.add(model)
                text += table(model, 3)
    return text


def commands():
    """Return the page on the commands."""
    text = "# Commands\n\nWritten from the code; `hnlpeak COMMAND --help` says the same.\n\n"

    def section(command, name, level):
        nonlocal text
        usage = " ".join(
            f"{parameter.metavar or parameter.name.upper()}"
            for parameter in command.params
            if parameter.param_type_name == "argument"
        )
        text += f"{'#' * level} hnlpeak {name} {usage}".rstrip() + f"\n\n{doc_text(command.help)}\n\n"
        options = [p for p in command.params if p.param_type_name == "option" and "--help" not in p.opts]
        if options:
            text += "| option | meaning | default |\n|---|---|---|\n"
            for option in options:
                names = ", ".join(f"`{word}`" for word in (*option.opts, *option.secondary_opts))
                shown = (
                    ""
                    if option.default in (None, False, ()) or callable(option.default)
                    else f"`{option.default}`"
                )
                text += f"| {names} | {doc_text(option.help or '')} | {shown} |\n"
            text += "\n"
        for word, child in sorted(getattr(command, "commands", {}).items()):
            section(child, f"{name} {word}".strip(), min(level + 1, 4))

    group = typer.main.get_command(app)
    for word, child in sorted(group.commands.items()):
        section(child, word, 2)
    return text


def doc_text(text):
    """Return help as one line."""
    return cell((text or "").replace("``", "`"))


def status():
    """Return the page on status words."""
    rows = "".join(
        f"| `{name}` | {cell(word.meaning)} | {'yes' if word.sound else '**no**'} |\n"
        for name, word in status_words().items()
    )
    return (
        "# Status words\n\nThe column `status` of `limits.csv` has one or more of these words. Masses with a word that "
        "must not be quoted are gaps in the figures and have no part in the verdict of the page.\n\n"
        f"| word | meaning | may be quoted |\n|---|---|---|\n{rows}"
    )


PAGES = {"cards": cards, "commands": commands, "status": status}


def write(sphinx):
    """Write the pages, touching only those that changed."""
    folder = Path(sphinx.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        path, text = folder / f"{name}.md", make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(sphinx):
    """Write the pages before Sphinx looks for them."""
    sphinx.connect("builder-inited", write, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
