"""One file a figure; ``FIGURES`` has them all by name."""

from __future__ import annotations

from hnlpeak.report.figures.registry import FIGURES, FigureEntry

__all__ = ["FIGURES", "FigureEntry"]
