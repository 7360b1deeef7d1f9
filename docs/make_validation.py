"""Write ``docs/validation.md``: every target of ``hnlpeak validate`` and what became of it.

``hnlpeak validate --json > docs/validation.json; python docs/make_validation.py`` writes the page from that data file,
with the reasons of ``docs/validation.toml`` beside rows that are off. ``--check`` says whether the page is up to date.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from made_with import made
from page_file import write_or_check
from systems import section

HERE = Path(__file__).resolve().parent
DATA, REASONS, PAGE = (HERE / f"validation.{ending}" for ending in ("json", "toml", "md"))
LIBRARY = HERE.parent / "src" / "hnlpeak" / "library" / "validation"
MEANING = {
    "exact": "formulae: another calculation",
    "calibration": "numbers that cards may be set from, so that agreement proves nothing",
    "validation": "numbers that nothing is set from",
    "published": "limits of others on their counts, by the methods of this package",
    "report": "compared without a verdict",
}
HEAD = """# Validation

Written by `docs/make_validation.py` from `docs/validation.json`, which `hnlpeak validate --json` prints; do not edit.
Targets and tolerances were fixed before, and not by those who wrote the code; a row that is off says so. Ours are
simulated; errors are those of the simulation's statistics and widen no tolerance. `hnlpeak validate --quick` makes the
rows that need no whole search in a minute or two of a free machine; `hnlpeak validate --search DIR` takes finished runs
for the others.

"""


def cell(row: Mapping[str, Any], name: str) -> str:
    """A number of a row as text."""
    value = row[name]
    return "-" if value is None else f"{value:.4g}"


def spread(row: Mapping[str, Any]) -> str:
    """The tolerance of a row."""
    relative = row["tolerance_kind"] == "relative"
    return f"{100.0 * row['tolerance']:.3g} %" if relative else f"{row['tolerance']:g}"


def ours(row: Mapping[str, Any]) -> str:
    """Our value with its error."""
    error = f" ± {row['error']:.2g}" if row["error"] else ""
    return cell(row, "value") + error


def reason(key: str, reasons: Mapping[str, str]) -> str:
    """Why a row is off, as far as it is known: the longest beginning of its key that has a reason."""
    known = [name for name in reasons if key.startswith(name)]
    return reasons[max(known, key=len)] if known else "not known"


def lines(rows: list[dict[str, Any]], reasons: Mapping[str, str], origin: str) -> Iterator[str]:
    """Lines of the page; ``origin`` says what the rows were made with."""
    counts = {word: sum(row["status"] == word for row in rows) for word in ("ok", "off", "not measured")}
    judged = counts["ok"] + counts["off"]
    yield f"{HEAD}Of {judged} numbers {counts['ok']} agree; {counts['not measured']} are not measured.\n{origin}\n"
    off = [row for row in rows if row["status"] == "off"]
    if off:
        yield "## Rows that are off\n\n| key | ours | target | tolerance |\n|---|---|---|---|"
        for row in off:
            yield f"| `{row['key']}` | {ours(row)} | {cell(row, 'target')} | {spread(row)} |"
        yield ""
        for why in dict.fromkeys(reason(row["key"], reasons) for row in off):
            keys = ", ".join(f"`{row['key']}`" for row in off if reason(row["key"], reasons) == why)
            yield f"- {keys}: {why}."
        yield ""
    for kind, meaning in MEANING.items():
        chosen = [row for row in rows if row["kind"] == kind]
        yield f"## {kind.capitalize()}: {meaning}\n"
        yield "| key | ours | target | tolerance | verdict | source |\n|---|---|---|---|---|---|"
        for row in chosen:
            numbers = f"{ours(row)} | {cell(row, 'target')} | {spread(row)}"
            yield f"| `{row['key']}` | {numbers} | {row['status']} | {row['source']} |"
        yield ""
    yield from section({row["key"]: row["value"] for row in rows})


def page() -> str:
    """Text of the page. ``ValueError`` where the data lack a target of the library or have another one."""
    data = json.loads(DATA.read_text("utf-8"))
    rows = data["rows"]
    wanted = {}
    for table in ("targets.csv", "intervals.csv"):
        with (LIBRARY / table).open(encoding="utf-8") as file:
            wanted.update({row["key"]: row for row in csv.DictReader(file)})
    if [row["key"] for row in rows] != list(wanted):
        raise ValueError(f"{DATA.name} has other rows than the library's targets")
    for row in rows:
        target = wanted[row["key"]]
        if (row["target"], row["tolerance"]) != (float(target["target"]), float(target["tolerance"])):
            raise ValueError(f"{DATA.name}: {row['key']} has another target than the library")
    reasons = tomllib.loads(REASONS.read_text("utf-8"))["reasons"]
    return "\n".join(lines(rows, reasons, made(data["made_with"]))).rstrip() + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
