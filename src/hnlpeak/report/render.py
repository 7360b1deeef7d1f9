"""Figures as files: the same bytes for the same figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.registry import backend_registry
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import UsageError
from hnlpeak.report.style import house_style

__all__ = ["FORMATS", "render", "save"]

# whatever tells the time of drawing is left out
FORMATS: Mapping[str, Mapping[str, Any]] = {
    "png": {"Software": "hnlpeak"},
    "svg": {"Date": None, "Creator": "hnlpeak"},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": "hnlpeak"},
}
"""Formats of figures with the metadata of their files."""

_EFFORT = 3
"""Of compression, of 9."""
_BACKEND: Mapping[str, str] = {"png": "agg", "svg": "svg", "pdf": "pdf"}


def render(figure: Figure, format_: str) -> bytes:
    """Return ``figure`` in one of ``FORMATS``; ``UsageError`` for others."""
    if format_ not in FORMATS:
        raise UsageError(f"figures are written as {', '.join(FORMATS)}, not {format_!r}")
    metadata, out = dict(FORMATS[format_]), io.BytesIO()
    # straight to the canvas: Figure.savefig draws everything twice, for layouts that are settled here
    with house_style():
        # by its name: that of PDF takes a fifth of a second to load
        backends: Any = backend_registry
        kind = backends.load_backend_module(_BACKEND[format_]).FigureCanvas
        # that which the figure was laid out on knows the sizes of its texts
        canvas = figure.canvas if type(figure.canvas) is kind else kind(figure)
        if format_ == "png":
            _write_png(canvas, out, metadata)
        else:
            getattr(canvas, f"print_{format_}")(out, metadata=metadata)
    return out.getvalue()


def _write_png(canvas: Any, out: io.BytesIO, metadata: Mapping[str, Any]) -> None:
    """Figures stand on white: without the transparency of each pixel half the time is as good as before."""
    canvas.draw()
    pixels, words, dpi = np.asarray(canvas.buffer_rgba()), PngInfo(), canvas.figure.dpi
    for key, value in metadata.items():
        words.add_text(key, value)
    image = Image.fromarray(
        np.ascontiguousarray(pixels[:, :, :3]) if pixels[:, :, 3].min() == 255 else pixels
    )
    image.save(out, format="png", pnginfo=words, dpi=(dpi, dpi), compress_level=_EFFORT)


def save(figure: Figure, stem: str | Path, *, formats: Sequence[str] = ("png", "svg")) -> dict[str, Path]:
    """Write ``stem``.png and ``stem``.svg (or other ``formats``), each whole or not at all; returns the paths.

    ``HnlpeakError`` where a file cannot be written, ``UsageError`` for an unknown format.
    """
    paths = {}
    for format_ in formats:
        path = Path(f"{stem}.{format_}")
        content = render(figure, format_)
        with atomic_path(path) as partial:
            partial.write_bytes(content)
        paths[format_] = path
    return paths
