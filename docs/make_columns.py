"""Write ``docs/columns.md``: every column of the files that a search leaves, and of ntuples.

``python docs/make_columns.py`` writes the page; ``--check`` says whether it is up to date.
"""

from __future__ import annotations

from pathlib import Path

from page_file import write_or_check

from hnlpeak.experiment.columns import COLUMN_MEANING, TIME_COLUMN, TIME_MEANING
from hnlpeak.limits.columns import TABLES

PAGE = Path(__file__).resolve().parent / "columns.md"
INTRODUCTION = """# Columns

Written by `docs/make_columns.py` from the tables in the code, which `hnlpeak list columns` prints; do not edit.

`<method>` stands for a statistical method, `<treatment>` for a treatment of deficits, `<source>` for a decay
mode, with `_` for `-`. A limit that does not exist is an empty cell in CSV, `null` in JSON and NaN in Python; the
column `status` says why.
"""
NOTES = {
    "limits.csv": "One row a mass; `result.to_dataframe()` has these first.",
    "result.json": "Further columns in `result.json` and `result.columns`, of these what a search has.",
    "limits-methods.csv": "Where the card asks for further statistical methods.",
    "limits-checks.csv": "How far each limit can be trusted; without the columns that a search does not have.",
    "signal.csv": "Written by `run`, read by `scan --signal`. The first four are needed.",
    "cutflow.csv": "One row a cut of each selection.",
    "comparison.csv": "Beside published limits, at whole multiples of 10 MeV.",
    "projection.csv": "Written by `project`, one row an exposure and mass.",
    "compare.csv": "Written by `compare`; empty where a search has nothing to quote at a mass.",
    "combine.csv": "Written by `combine -o FILE.csv`, one row a mass that any of the searches has.",
    "systematics.csv": "One row a source and mass of the study, where the card has systematic sources.",
    "composition.csv": "Simulated background by source in each window, at whole multiples of 10 MeV.",
}


def cell(text):
    """Return a text that stands in a cell of a table."""
    return text.replace("|", r"\|").replace("<", r"\<") or " "


def table(rows):
    """Return a table of name, unit and meaning."""
    lines = ["| column | unit | meaning |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {'' if unit == '1' else unit} | {cell(meaning)} |" for name, unit, meaning in rows
    ]
    return "\n".join(lines) + "\n"


def page():
    """Return the text of the page."""
    parts = [INTRODUCTION]
    for file, facts in TABLES.items():
        parts.append(f"## {file}\n\n{NOTES[file]}\n\n{table(facts)}")
    ntuple = [(name, "", meaning) for name, meaning in (COLUMN_MEANING | {TIME_COLUMN: TIME_MEANING}).items()]
    note = "Branches of candidates, and columns that cuts can use."
    parts.append(f"## Ntuples\n\n{note}\n\n{table(ntuple)}")
    return "\n".join(parts)


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
