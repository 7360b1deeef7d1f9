"""Figures as files: the same bytes for the same figure."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from hnlpeak.core.atomic import atomic_path
from hnlpeak.report.style import house_style

__all__ = ["png_bytes", "save", "svg_bytes"]


def svg_bytes(figure: Figure) -> bytes:
    """Return ``figure`` as SVG without a date."""
    out = io.BytesIO()
    with house_style():
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "hnlpeak"})
    return out.getvalue()


def png_bytes(figure: Figure) -> bytes:
    """Return ``figure`` as PNG."""
    out = io.BytesIO()
    with house_style():
        figure.savefig(out, format="png", metadata={"Software": "hnlpeak"})
    return out.getvalue()


def save(figure: Figure, stem: str | Path) -> list[Path]:
    """Write ``stem``.png and ``stem``.svg, each whole or not at all; returns their paths.

    ``HnlpeakError`` where they cannot be written.
    """
    paths = []
    for suffix, content in ((".png", png_bytes(figure)), (".svg", svg_bytes(figure))):
        path = Path(f"{stem}{suffix}")
        with atomic_path(path) as partial:
            partial.write_bytes(content)
        paths.append(path)
    return paths
