"""Write ``docs/published.md``: every published limit that comes along, with its source and second readings.

``python docs/make_published.py`` writes the page; ``--check`` says whether it is up to date.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from textwrap import fill

import numpy as np
from page_file import write_or_check

from hnlpeak.limits.curve_checks import distance
from hnlpeak.limits.published import PublishedLimit, list_published, published

HERE = Path(__file__).resolve().parent
SECOND = HERE.parent / "tests" / "reference" / "published_second.csv"
PAGE = HERE / "published.md"
MESONS = {"K+": "K⁺", "pi+": "π⁺"}
LEPTONS = {"e": "e⁺", "mu": "μ⁺"}
METHODS = {"rolke-lopez": "Rolke–López, two-sided", "cls": "CLs", "unknown": "method not known to us"}
INTRODUCTION = (
    "Written by `docs/make_published.py` from `src/hnlpeak/library/published/`; do not edit.",
    "Upper limits on |U|² from searches for a peak in M⁺ → ℓ⁺N, as facts with their sources. They hold for Dirac "
    "and Majorana HNLs alike, since only production counts, and for HNLs that leave the apparatus before they decay. "
    "`tests/reference/make_published.py` wrote the points. Each curve is checked when it is read: masses in MeV and "
    "increasing, below the end point of the decay, limits below 1, no step of a factor 8 between neighbours. Curves "
    "read off a figure are good to about 5 to 20 % in |U|² and 1 MeV in mass.",
    '"90 %" is not one thing: the upper end of a two-sided interval is asymptotically a one-sided 95 % limit '
    "([Statistics](statistics.md)).",
)
READINGS = (
    "Ratio of the curve to another reading of the same figure, in the median over the mass; at nine masses of ten the "
    "ratio lies within the factor `spread` of it. Large spreads belong to ragged curves."
)
SEARCH_OF_2007 = (
    "The one digitisation of the published 2007 curve lies at {ratio:.2f} times the tables of the public analysis "
    "code, all along, and below the range that the abstract states: its ordinate is wrong, and it must not be quoted. "
    "The tables give limits on the branching fraction; the two `tables` curves are these divided by B(K⁺ → μ⁺ν) ρ(m) "
    "of this package. They are no result of NA62: which version of the tables the paper used is not known.",
    "Beside KEK (1982) they say that the 2007 search does not improve the limit up to 325 MeV, is about level with it "
    "at 330 MeV, and has no predecessor above 332 MeV: it extends the range of masses.",
)

OTHERS = (
    "Any file of two columns, masses and |U|², is drawn beside finished searches with `--curve`; its unit stands in "
    "its first lines, behind the masses (`150 MeV`) or is said. Columns end at a semicolon, a tab, a comma or spaces; "
    "with the first two, numbers may have decimal commas. Lines that begin with `#`, `%` or `!` are remarks, `-` or "
    "`None` stands where there is no value, and any other line that is no point is refused by its number.",
    "Where the package [HNLimits](https://arxiv.org/abs/2304.06772) is installed "
    "(`pip install 'hnlpeak[literature]'`), so are its files:",
    "These files say neither which search set a limit, nor at which level, nor for which kind of HNL. Their curves are "
    "drawn as approximate, and take no part in what is shaded as excluded or counted as improved. Areas that are "
    "closed on both sides are no curves and are refused. In Python, `hnlpeak.formats.curve_file.read_curve` reads "
    "them.",
)
OTHERS_COMMAND = """<!-- test: not run, needs HNLimits and a finished search -->
```sh
hnlpeak report limits -o together --curve 'hnlimits:ue4/BEBC_1985.dat' --curve 'e=mine.csv [GeV]'
```
"""


def paragraphs(texts):
    """Return paragraphs in lines of up to 140 letters."""
    return (
        "\n\n".join(fill(text, 140, break_long_words=False, break_on_hyphens=False) for text in texts) + "\n"
    )


def table(rows):
    """Return a table in Markdown; the first row is its head."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def row_of(curve: PublishedLimit):
    """Return the cells of a curve."""
    origin = {"digitised": "read off a figure", "tabulated": "given by the authors"}[curve.kind]
    if curve.standing == "recomputed":
        origin = "recomputed from tables, no published result"
    what = [METHODS[curve.method], origin]
    if curve.quantity == "expected" or curve.standing == "preliminary":
        what.insert(0, "expected" if curve.quantity == "expected" else "preliminary")
    if curve.min_lifetime is not None:
        what.append(f"lifetime above {curve.min_lifetime:g} ns")
    if curve.confidence == "m":
        what.append("**not to be quoted**")
    return (
        f"`{curve.name}`",
        f"{MESONS[curve.meson]} → {LEPTONS[curve.flavour]}N",
        f"{curve.mass[0]:.0f} to {curve.mass[-1]:.0f}",
        str(curve.mass.size),
        f"{100 * curve.cl:g} % CL, {', '.join(what)}",
        f"{curve.reference}. Points: {curve.data_file}" + (f". {curve.note}" if curve.note else ""),
    )


def second_rows():
    """Return the cells of each comparison with a second reading."""
    points = defaultdict(list)
    with SECOND.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            points[row["curve"], row["file"]].append((float(row["m_n_mev"]), float(row["u2"])))
    for (name, file), values in sorted(points.items()):
        found = distance(published(name), *np.array(values).T)
        yield (
            f"`{name}`",
            file,
            f"{found.low:.0f} to {found.high:.0f}",
            f"{found.median:.2f}",
            f"{found.spread:.2f}",
        )


def page():
    """Return the text of the page."""
    names = ("name", "decay", "MeV", "points", "what", "source")
    curves = [names, *map(row_of, map(published, list_published()))]
    seconds = [("curve", "second reading", "MeV", "ratio", "spread"), *second_rows()]
    tables = published("na62-2007-mu-tables")
    found = distance(published("na62-2007-mu"), tables.mass, tables.u2)
    texts = [text.format(ratio=found.median) for text in SEARCH_OF_2007]
    return "\n".join(
        [
            f"# Published limits\n\n{paragraphs(INTRODUCTION)}\n{table(curves)}",
            f"## Two readings of one curve\n\n{paragraphs([READINGS])}\n{table(seconds)}",
            f"## The 2007 search\n\n{paragraphs(texts)}",
            f"## Further curves\n\n{paragraphs(OTHERS[:2])}\n{OTHERS_COMMAND}\n{paragraphs(OTHERS[2:])}",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
