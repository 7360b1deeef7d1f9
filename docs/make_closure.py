"""Write ``docs/closure.md``: what pseudo-experiments with a known truth say.

``hnlpeak study closure na62-2015-ke2 -o docs/closure.csv`` makes a table, with ``--scale`` that of varied data;
``python docs/make_closure.py`` writes the page from both. ``--check`` says whether it is up to date.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from page_file import write_or_check

HERE = Path(__file__).resolve().parent
PAGE = HERE / "closure.md"
TABLES = {
    "closure.csv": "Data of the card's own experiment",
    "closure_varied.csv": "Data of another experiment: beam 10 % more divergent, track resolution 10 % worse",
}
HEAD = """# Closure

Written by `docs/make_closure.py` from the tables that `hnlpeak study closure na62-2015-ke2 -o FILE.csv` leaves; do not
edit. Each of 200 pseudo-experiments is a draw of the whole spectrum, at a tenth of the exposure, from what samples of
a seed of their own let expect. It is analysed as data are: N_K from its peak, b from its side bands, and at five masses
again with signals of 1, 3 and 5 times sqrt(b + 1) events added. A row fails beyond four standard deviations of all
pseudo-experiments together.

A width of pulls below 1 means that the stated error is larger than the scatter: that of b holds what the choice of the
function may do, most of all at the ends of the scan (170 MeV), where there is a side band on one side alone and where a
part of the signal is taken for background: intervals cover more than they promise there. Means of b that are off by
some tenths of its error are the statistics of the simulated truth, which all pseudo-experiments share and which is in
the error of the rows, and what a smooth function cannot follow. Few events make p-values steps: a share below 0.1 may
not reach 0.1.

"""


def number(text: str, form: str = ".3g") -> str:
    """A cell of the table as text."""
    return format(float(text), form) if text else "-"


def section(name: str, title: str) -> Iterator[str]:
    """Lines of one table."""
    with (HERE / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    counts = {word: sum(row["verdict"] == word for row in rows) for word in ("pass", "fail", "not measured")}
    yield f"## {title}\n"
    without = counts["not measured"]
    yield f"Of {len(rows)} rows {counts['pass']} pass, {counts['fail']} fail, {without} have no number.\n"
    yield "| quantity | m_N [MeV] | strength | found | expected | σ | verdict |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        found = f"{number(row['value'])} ± {number(row['error'], '.2g')}"
        place = f"{number(row['mass'], 'g')} | {number(row['strength'], 'g')}"
        quantity = row["quantity"].replace("|U|^2", "mixing")
        expected, sigma = number(row["expected"]), number(row["deviation_sigma"], "+.1f")
        yield f"| {quantity} | {place} | {found} | {expected} | {sigma} | {row['verdict']} |"
    yield ""


def page() -> str:
    """Text of the page."""
    there = {name: title for name, title in TABLES.items() if (HERE / name).is_file()}
    lines = [line for name, title in there.items() for line in section(name, title)]
    return HEAD + "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
