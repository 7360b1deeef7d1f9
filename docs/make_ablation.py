"""Write ``docs/ablation.md``: what moves when a system is removed, and why nothing does where nothing does.

``hnlpeak validate --ablate --json > FILE; python docs/make_ablation.py FILE``
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE, REASONS = HERE / "ablation.md", HERE / "ablation.toml"
_SHOWN = 6
_HEAD = """# What each system is for

`hnlpeak validate --ablate` removes each system of both searches, one at a time: its signals, its matter, its place in
the acceptance and in the trigger, and the cuts on what it measures. The table says what moved by more than four
standard deviations of the two simulations (seed 1), the largest first, with the ratio of what is found without the
system to what is found with it. Backgrounds are for the exposure of the cards; all numbers are simulated. The
spectrometer is not removed: without it there is no track.
"""


def pages(rows: list[dict[str, object]]) -> Iterator[str]:
    """Yield the lines of the page."""
    reasons = tomllib.loads(REASONS.read_text("utf-8"))
    yield _HEAD
    for analysis, group in groupby(rows, key=lambda row: row["analysis"]):
        yield f"## {analysis}\n"
        yield "| removed | what moved |"
        yield "|---|---|"
        for system, made in groupby(group, key=lambda row: row["system"]):
            moved = [row for row in made if row["moved"]]
            if moved:
                words = "; ".join(_words(row) for row in moved[:_SHOWN])
                more = f"; and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
                yield f"| {system} | {words}{more} |"
            else:
                yield f"| {system} | nothing: {reasons[str(analysis)][str(system)]} |"
        yield ""


def _words(row: dict[str, object]) -> str:
    before, after, pull = (float(str(row[key])) for key in ("value", "without", "pull"))
    change = f"from {before:.3g} to {after:.3g}" if before == 0.0 else f"× {after / before:.3g}"
    return f"{row['quantity']} {change} ({pull:+.0f} σ)"


if __name__ == "__main__":
    found = json.loads(Path(sys.argv[1]).read_text("utf-8"))["rows"]
    PAGE.write_text("\n".join(pages(found)), "utf-8")
