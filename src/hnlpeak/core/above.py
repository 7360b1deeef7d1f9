"""Attributes that a room further up provides: ``result.plot`` draws, and drawing is not the business of results."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["above"]


def above(module: str) -> Any:
    """Return the module of that name, loaded when it is asked for: the one way to a room above one's own."""
    return import_module(module)
