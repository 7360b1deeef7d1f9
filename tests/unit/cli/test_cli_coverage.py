from __future__ import annotations

import csv
import json

import pytest
import typer
from typer.testing import CliRunner

from hnlpeak.cli.coverage import coverage
from hnlpeak.cli.listing import listing
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.statistics import METHODS, Gaussian, Known, coverage_of_limit, rolke_lopez

app = typer.Typer()
app.command()(coverage)
lists = typer.Typer()
lists.command()(listing)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_rows_as_json():
    result = run("--background", "3", "--signal-max", "8", "--steps", "9", "--json")
    record = json.loads(result.stdout)
    rows = {row["signal"]: row for row in record["rows"]}
    assert len(rows) == 9
    assert rows[1.0]["contained"] == pytest.approx(0.949, abs=6e-4)
    assert rows[8.0]["contained"] == pytest.approx(0.865, abs=6e-4)
    assert rows[8.0]["upper_not_below"] == pytest.approx(0.921, abs=6e-4)
    assert "two-sided 90 %" in record["convention"]
    assert record["treatment"] == "bounded"


def test_table_names_the_smallest():
    result = run("--off", "6", "--tau", "2", "--method", "cls", "--steps", "5")
    lines = result.stdout.splitlines()
    assert "one-sided 90 % CLs" in lines[0]
    lowest = min(float(line.split()[2]) for line in lines[3:8])
    assert f"smallest: {lowest:.4f}" in lines[-1]


@pytest.mark.parametrize("backgrounds", [["3"], ["1", "2", "5"]])
def test_figures(tmp_path, backgrounds):
    options = [part for b in backgrounds for part in ("--background", b)]
    path = tmp_path / "coverage.svg"
    result = run(*options, "--background-error", "0.5", "--steps", "8", "-o", str(path))
    assert result.exit_code == 0
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--background", "1", "-o", "figure.txt"], "--output"),
        (["--background", "1", "--efficiency", "0"], "efficiency must be > 0"),
        (["--background", "1", "--signal-max", "-1"], "--signal-max"),
        (["--background", "-1"], "background must be >= 0"),
        ([], "either --background or --off"),
    ],
)
def test_options_that_do_not_fit(arguments, words):
    result = run(*arguments)
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)


def test_table_of_limits(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("n,b,sigma_b,efficiency\n3,2,0.5,0.5\n0,2,0.5,0.5\n")
    result = run("--table", str(rows))
    got = list(csv.DictReader(result.stdout.splitlines()))
    assert len(got) == 2
    truth, half = Gaussian(2.0, 0.5), Known(0.5)
    limit = rolke_lopez(3, background=truth, efficiency=half).upper
    want = coverage_of_limit(limit, background=truth, efficiency=half)
    assert float(got[0]["limit"]) == pytest.approx(limit, rel=1e-12)
    assert float(got[0]["coverage_at_limit"]) == pytest.approx(want.contained, rel=1e-9)
    assert float(got[0]["coverage_min"]) == pytest.approx(want.minimum.contained, rel=1e-9)
    rows.write_text("b\n3\n")
    assert isinstance(run("--table", str(rows)).exception, InputDataError)


def test_list_of_methods():
    result = CliRunner().invoke(lists, ["methods", "--json"])
    assert json.loads(result.stdout) == {name: method.summary for name, method in METHODS.items()}
    assert list(METHODS)[:4] == ["rolke-lopez", "cls", "feldman-cousins", "bayes"]
