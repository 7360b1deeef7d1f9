"""Sphinx extension: the Python reference, one page for each room of the package, written from its docstrings."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import hnlpeak

LEFT_OUT = {"cli"}  # commands: `hnlpeak COMMAND --help`


def heading(text, mark):
    """Return a heading in reStructuredText."""
    return f"{text}\n{mark * len(text)}\n\n"


def rooms():
    """Return the packages of hnlpeak, subpackages behind their parents."""
    walk = pkgutil.walk_packages(hnlpeak.__path__, "hnlpeak.")
    return [m.name for m in walk if m.ispkg and m.name.split(".")[1] not in LEFT_OUT]


def modules(room):
    """Return the modules of a room, without subpackages."""
    found = pkgutil.iter_modules(import_module(room).__path__, f"{room}.")
    return [module.name for module in found if not module.ispkg]


def page(room):
    """Return the page of a room."""
    parts = [heading(room, "="), f".. automodule:: {room}\n   :no-members:\n\n"]
    for name in modules(room):
        parts.append(heading(name.removeprefix(f"{room}."), "-") + f".. automodule:: {name}\n\n")
    return "".join(parts)


def home(name):
    """Return where the public name ``hnlpeak.name`` is described."""
    found = getattr(hnlpeak, name)
    return found.__name__ if isinstance(found, ModuleType) else f"{found.__module__}.{found.__qualname__}"


def front(names):
    """Return the front page: the names of ``hnlpeak`` itself, then the rooms."""
    public = "".join(f"   ~{home(name)}\n" for name in hnlpeak.__all__)
    pages = "".join(f"   {name}\n" for name in names)
    text = (
        "Written from the docstrings. What a script needs is in ``hnlpeak`` itself; the rooms below it are\n"
        "for those who change or extend the package, and may change between versions.\n\n"
    )
    return (
        heading("Python reference", "=")
        + text
        + heading("hnlpeak", "-")
        + f".. autosummary::\n\n{public}\n"
        + heading("Rooms", "-")
        + f".. toctree::\n   :maxdepth: 1\n\n{pages}"
    )


def write(app):
    """Write the pages, touching only those that changed."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    names = rooms()
    pages = {"index": front(names)} | {name: page(name) for name in names}
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()


def escape_bars(_app, _what, _name, _object, _options, lines):
    """Let ``|U|`` in a docstring be read as it stands: substitutions are not used in docstrings."""
    for i, line in enumerate(lines):
        pieces = re.split(r"(``.*?``)", line)
        lines[i] = "".join(p if p.startswith("``") else p.replace("|", r"\|") for p in pieces)


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", write, priority=100)
    app.connect("autodoc-process-docstring", escape_bars)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
