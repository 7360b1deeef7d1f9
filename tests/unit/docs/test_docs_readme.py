"""README, CONTRIBUTING and CITATION.cff against the project as it is: what they show works, what they name exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

import hnlpeak
from hnlpeak.cli.app import app
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.formats.signal_table import read_signal_table
from hnlpeak.formats.spectrum_table import read_spectrum_table

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = get_command(app).commands


def blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def calls(text):
    """Calls of hnlpeak in code blocks, as lists of words without comments."""
    lines = [line for kind, block in blocks(text) if kind == "sh" for line in block.splitlines()]
    found = [line.partition("#")[0].rpartition("hnlpeak ")[2].split() for line in lines if "hnlpeak " in line]
    return [words for words in found if words]


def test_first_screen():
    """What it is, how it looks, how it is installed and activated, what to type first."""
    screen = "\n".join(README.splitlines()[:34])
    told = [
        "docs/figures/u2.png",
        "activate",
        "pip install -c constraints.txt .",
        "hnlpeak interval",
        "hnlpeak run",
    ]
    places = [screen.index(word) for word in told]
    assert places == sorted(places)


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="the CI script is for bash")
def test_ci_finds_one_command():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    awk = next(line for line in script.splitlines() if line.startswith("test_command="))
    run = subprocess.run(
        ["/bin/bash", "-c", f'{awk}; printf %s "$test_command"'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.rpartition(" -m ")[2].startswith("pytest")
    assert len(run.stdout.splitlines()) == 1


@pytest.mark.parametrize("words", calls(README), ids=" ".join)
def test_shown_commands_and_options_exist(words):
    command = COMMANDS[words[0]]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words[1:] if word.startswith("-")} <= options


def test_all_commands_are_listed():
    table = README.partition("## Commands")[2].partition("\n## ")[0]
    rows = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    assert {name for name in COMMANDS if f"`{name}" not in rows} == set()


def test_example_tables_can_be_read(tmp_path):
    tables = [block for _, block in blocks(README) if re.match(r"\w+,\w+", block)]
    assert len(tables) == 2
    for name, block in zip(("spectrum.csv", "signal.csv"), tables, strict=True):
        (tmp_path / name).write_text(block, "utf-8")
    spectrum = read_spectrum_table(tmp_path / "spectrum.csv")
    assert spectrum.project(spectrum.selections[0]).values.sum() == pytest.approx(34)
    card = load_analysis("na62-2015-ke2").card
    model = read_signal_table(tmp_path / "signal.csv", window=card.scan.window, masses=card.scan.masses())
    assert model.at(300.0, "tight").sigma.value == pytest.approx(4.75)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/index.md", "docs/structure.md"])
def test_named_files_exist(page):
    text = (ROOT / page).read_text("utf-8")
    code = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:md|cff|toml))`", text)
    made = {
        "DIR/export/FORMAT",
        "report.html",
        "first/report.html",
        "figures/",
        "figures/data/",
        "my-card.toml",
        "figures",
    }
    places = (ROOT, ROOT / "src" / "hnlpeak", ROOT / "docs")
    missing = [
        name for name in code if name not in made and not any((place / name).exists() for place in places)
    ]
    assert missing == []


def test_citation_agrees_with_the_project():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    version = hnlpeak.__version__
    assert text.startswith("cff-version: 1.2.0\n")
    for key in ("message", "title", "authors"):
        assert re.search(rf"^{key}:", text, re.MULTILINE), key
    assert re.search(rf"^version: {re.escape(version)}$", text, re.MULTILINE)
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    for work in ("arXiv:1705.07510", "arXiv:1712.00297", "volume: 551"):
        assert work in text
