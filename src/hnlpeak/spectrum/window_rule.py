"""How the width of a search window is stated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hnlpeak.core.card import Card
from hnlpeak.core.quantity import MassSquared, Share

__all__ = ["FractionWindow", "WindowRule"]


class FractionWindow(Card):
    """The window that holds ``fraction`` of the selected signal, in bins of ``bin`` of the squared missing mass.

    It grows from the bin (counted from 0) that holds m_N^2 by one bin on each side until the fraction is inside.
    """

    fraction: Annotated[Share, Field(lt=1.0)]
    bin: MassSquared


WindowRule = float | FractionWindow
"""Half-width of the search window in units of the mass resolution, or the fraction of the signal that it holds."""
