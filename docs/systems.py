"""Section of ``docs/validation.md``: for every system of both years what shows that it acts, by command and number.

What its removal does is read from ``docs/ablation.md``, what it sees of known particles from ``docs/detectors.json``,

    {"na62-2015-ke2": ..., "na62-2007-kmu2": ...},    each what `hnlpeak study detectors CARD -o DIR --json` prints.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
SYSTEMS, SEEN, REMOVED = HERE / "systems.toml", HERE / "detectors.json", HERE / "ablation.md"
_HEAD = """## What shows that each system acts

Left what it does and the number that shows it (`hnlpeak study detectors CARD -o DIR --json`: tracks of known e⁺, μ⁺, π⁺
and of the halo without a trigger, signals within 5 ns of the track; `hnlpeak validate`), right what its removal moves
most, without over with (`hnlpeak validate --ablate`; [What each system is for](ablation.md) has all). Simulated.
"""


def removals(analysis: str) -> dict[str, str]:
    """What the removal of each system of an ``analysis`` does, as the page of the ablation says it."""
    text = REMOVED.read_text("utf-8").split(f"## {analysis}")[1].split("\n## ")[0]
    rows = (line.strip("|").split("|") for line in text.splitlines() if line.startswith("|"))
    return {row[0].strip(): row[1].strip() for row in rows}


def _first(words: str) -> str:
    """The largest change alone; all of it where nothing moves."""
    return words if words.startswith("nothing") else re.split("; ", words)[0]


def section(values: Mapping[str, float]) -> Iterator[str]:
    """Lines of the section; ``values`` are those of the rows of ``hnlpeak validate``."""
    seen = json.loads(SEEN.read_text("utf-8"))
    yield _HEAD
    for analysis, systems in tomllib.loads(SYSTEMS.read_text("utf-8")).items():
        removed = removals(analysis)
        yield f"### {analysis}\n"
        yield "| system | acts | shown by | removed |\n|---|---|---|---|"
        for name, (does, shown) in systems.items():
            number = shown.format(d=seen[analysis], v=values).replace("%", " %")
            yield f"| {name} | {does} | {number or '-'} | {_first(removed.get(name, 'no track is left'))} |"
        yield ""
