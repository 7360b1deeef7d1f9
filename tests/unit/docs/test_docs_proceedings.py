"""The table of ``docs/proceedings.md``: each cell names something that exists."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from maker import maker

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "hnlpeak"
PAGE = (ROOT / "docs" / "proceedings.md").read_text("utf-8")
COLUMNS = ("id", "period", "says", "card", "module", "test", "figure")
FIGURES_OF_THE_TEXT = {"Fig. 1", "Fig. 2a", "Fig. 2b", "Fig. 3a", "Fig. 3b", "Fig. 4", "Fig. 5"}


def parse(text):
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|"))] for row in rows]
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells[2:]]


ROWS = parse(PAGE)


@cache
def card_keys(card):
    """Keys of values in a card, from its text alone."""
    tables = tomllib.loads((PACKAGE / "library" / f"{card}.toml").read_text("utf-8"))
    keys = set()

    def walk(value, key):
        if isinstance(value, dict):
            for name, item in value.items():
                walk(item, f"{key}.{name}" if key else name)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                walk(item, f"{key}[{item.get('system') or item.get('name') or item.get('mode')}]")
        else:
            keys.add(key)

    walk(tables, "")
    return keys


def faults_of_cards(names):
    for name in names:
        card, _, key = name.partition(": ")
        if not (PACKAGE / "library" / f"{card}.toml").is_file() or key not in card_keys(card):
            yield f"no card key {name!r}"


def faults_of_modules(names):
    yield from (f"no module {name!r}" for name in names if not (PACKAGE / name).is_file())


def faults_of_tests(names):
    for name in names:
        file, _, function = name.partition("::")
        found = list((ROOT / "tests").rglob(file))
        if len(found) != 1:
            yield f"{len(found)} files {file!r}"
        elif not re.search(rf"^\s*def {re.escape(function)}\(", found[0].read_text("utf-8"), re.MULTILINE):
            yield f"no test {name!r}"


def faults_of_figures(names):
    registry = (PACKAGE / "report" / "figures" / "registry.py").read_text("utf-8")
    known = set(re.findall(r'^    "(\w+)": FigureEntry\(', registry, re.MULTILINE))
    yield from (f"no figure {name!r}" for name in names if name not in known)


CHECKS = {
    "card": faults_of_cards,
    "module": faults_of_modules,
    "test": faults_of_tests,
    "figure": faults_of_figures,
}


def faults(row):
    """What is wrong with a row, in words."""
    if row["period"] not in ("2007", "2015", "both"):
        yield f"period {row['period']!r}"
    for column, check in CHECKS.items():
        cell = row[column]
        names = re.findall(r"`([^`]+)`", cell)
        if cell.startswith("- ") and column in ("card", "figure"):
            if len(cell) < 10:
                yield f"{column}: a dash without a reason"
            continue
        if not names or re.sub(r"`[^`]+`|,|\s", "", cell):
            yield f"{column}: {cell!r} is not a list of names"
        yield from check(names)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_row(row):
    assert row["says"]
    assert list(faults(row)) == []


def test_the_table_is_whole():
    names = [row["id"] for row in ROWS]
    assert len(set(names)) == len(names)
    assert set(names) >= FIGURES_OF_THE_TEXT
    for section, least in (("I.", 9), ("1.1.", 8), ("1.2.", 14), ("1.3.", 19), ("1.4.", 9), ("2.", 6)):
        assert sum(name.startswith(section) for name in names) >= least, section


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("period", "2016"),
        ("card", ""),
        ("card", "-"),
        ("card", "next"),
        ("card", "`experiments/na62-2015: beam.colour`"),
        ("card", "`experiments/na62-2015: detectors[STAW].tail_scale`"),
        ("card", "`experiments/na62-1915: beam.momentum`"),
        ("module", ""),
        ("module", "- none"),
        ("module", "`theory/magic.py`"),
        ("test", "`test_theory_widths.py::test_seesaw`"),
        ("test", "next"),
        ("figure", "`u3`"),
        ("figure", "some day"),
    ],
)
def test_a_wrong_cell_is_noticed(column, cell):
    row = next(row for row in ROWS if row["period"] == "2015")
    assert list(faults({**row, column: cell}))


@pytest.fixture(scope="module")
def make_cards():
    return maker("make_cards")


def test_page_of_the_published_limits_is_up_to_date():
    made = maker("make_published")
    assert made.PAGE.read_text("utf-8") == made.page(), "run python docs/make_published.py"


def test_page_of_the_columns_is_up_to_date():
    made = maker("make_columns")
    assert made.PAGE.read_text("utf-8") == made.page(), "run python docs/make_columns.py"


def test_page_of_the_cards_is_up_to_date(make_cards):
    assert make_cards.PAGE.read_text("utf-8") == make_cards.page(), "run python docs/make_cards.py"


@pytest.mark.parametrize("path", sorted((PACKAGE / "library").glob("[ae][nx]*/*.toml")), ids=lambda p: p.stem)
def test_every_number_of_a_card_is_on_its_page(make_cards, path):
    text = (
        make_cards.PAGE.read_text("utf-8")
        .partition(f"## {path.parent.name}/{path.stem}\n")[2]
        .split("\n## ")[0]
    )
    listed = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    card = tomllib.loads(path.read_text("utf-8"))
    assert sorted(listed) == sorted(key for key, _ in make_cards.leaves(card))


def test_confidence_comes_from_the_nearest_source(make_cards):
    card = tomllib.loads((PACKAGE / "library" / "experiments" / "na62-2015.toml").read_text("utf-8"))
    found = {entry.key: entry.confidence for entry in make_cards.entries(card)}
    assert found["beam.momentum"] == "V"  # the table's
    assert found["beam.size_x"] == "m"  # its own
    assert found["detectors[STRAW].chambers[STRAW1].z"] == "V"  # the clause "geometry"
    assert found["detectors[LKr].stochastic"] == "M"  # the clause "resolution"
    assert found["detectors[LAV].inefficiency.values"] == "m"


def test_uncertain_values_without_an_observable_are_refused(make_cards):
    table = {
        "observables": {"K_l2 peak": "width"},
        "values": [{"keys": ["beam.*"], "from": "K_l2 peak", "how": "so"}],
    }
    assert make_cards.calibration("beam.size_x", table) == "K_l2 peak: so"
    with pytest.raises(LookupError, match=r"scan\.step"):
        make_cards.calibration("scan.step", table)
    table["values"][0]["from"] = "limit"
    with pytest.raises(LookupError, match="no observable"):
        make_cards.calibration("beam.size_x", table)
