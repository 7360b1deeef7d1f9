"""Copy the figures of runs into the pages that teach: ``course_*.png``, ``stage_*.png`` and ``projection.png``.

``python docs/make_page_figures.py SMALL FULL FUTURE``: folders of ``hnlpeak run na62-2015-ke2 --kaons 3e6`` (of the
course), of ``hnlpeak run na62-2015-ke2`` (the stages in ``docs/chain.md``) and of ``hnlpeak project`` in
``docs/own_experiment.md``. Colours are put into a palette: the files are a third as large.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

PLACE = Path(__file__).resolve().parent / "figures"
COURSE = ("m_miss", "m2_miss", "composition", "cutflow", "u2")
STAGES = (
    *("event_display", "m2_miss", "cutflow", "acceptance"),
    *("resolution", "m_miss", "composition", "n_signal"),
)
_COLOURS = 128
_WIDTH = 1100


def copy(figure, name):
    """Write a ``figure`` as ``name``."""
    image = Image.open(figure).convert("RGB")
    image = image.resize((_WIDTH, round(image.height * _WIDTH / image.width)), Image.Resampling.LANCZOS)
    image.quantize(_COLOURS).save(PLACE / f"{name}.png", optimize=True)


def main():
    """Copy all."""
    small, full, future = (Path(name) for name in sys.argv[1:4])
    for folder, names, prefix in ((small, COURSE, "course"), (full, STAGES, "stage")):
        for name in names:
            copy(folder / "figures" / f"{name}.png", f"{prefix}_{name}")
    copy(future / "projection.png", "projection")


if __name__ == "__main__":
    main()
