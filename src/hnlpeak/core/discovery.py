"""Records of plug-ins: what each file of a folder says about itself."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TypeVar

__all__ = ["records"]

R = TypeVar("R")


def records(package: str, name: str, kind: type[R]) -> list[R]:
    """Return the attribute ``name``, a ``kind``, of each module of ``package`` that has one, by module name."""
    places = import_module(package).__path__
    modules = [import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(places)]
    return [record for module in modules if isinstance(record := vars(module).get(name), kind)]
