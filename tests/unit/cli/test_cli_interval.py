from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from hnlpeak.cli.interval import interval
from hnlpeak.core.errors import UsageError

app = typer.Typer()
app.command()(interval)


def run(*arguments):
    return CliRunner().invoke(app, ["--observed", "0", *arguments], catch_exceptions=True)


def refuse(token):
    raise AssertionError(f"{token} is not JSON")


@pytest.mark.parametrize(
    ("arguments", "lower", "upper", "status"),
    [
        (["--background", "0"], 0.0, 1.3527717270477, "ok"),
        (["--background", "0", "--efficiency", "0.1", "--cl", "0.95"], 0.0, 19.20729410347, "ok"),
        (["--background", "5", "--treatment", "unbounded"], None, None, "empty"),
        (["--background", "0", "--efficiency-error", "2"], 0.0, None, "unbounded"),
        (
            ["--background", "5", "--background-error", "1", "--treatment", "trolke"],
            0.0,
            0.6089,
            "substituted",
        ),
    ],
)
def test_json(arguments, lower, upper, status):
    result = run(*arguments, "--json")
    assert result.exit_code == 0
    record = json.loads(result.stdout, parse_constant=refuse)
    assert record["status"] == status
    assert record["lower"] == (None if lower is None else pytest.approx(lower))
    assert record["upper"] == (None if upper is None else pytest.approx(upper, rel=1e-4))
    assert record["method"] == "rolke-lopez"
    assert "two-sided" in record["convention"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--background", "0"], "signal between 0 and 1.35277 events"),
        (["--background", "5", "--treatment", "unbounded"], "interval is empty"),
        (["--background", "0", "--efficiency-error", "2"], "without upper end"),
    ],
)
def test_sentence(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 0
    assert words in result.stdout
    assert "two-sided 90 % interval" in result.stdout
    assert "one-sided 95 % limit" in result.stdout


def test_unknown_method_lists_the_known_ones():
    result = run("--background", "1", "--method", "magic")
    assert isinstance(result.exception, UsageError)
    assert "rolke-lopez" in str(result.exception)
