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


@pytest.mark.parametrize(
    ("method", "words", "upper"),
    [
        ("cls", "one-sided 90 % CLs", 1.9472),
        ("bayes", "one-sided 90 % credible", 2.302585),
        ("feldman-cousins", "two-sided 90 % unified", 0.976),
        ("cls-exact", "one-sided 90 % CLs", 2.302585),
    ],
)
def test_other_methods_say_what_90_per_cent_means(method, words, upper):
    result = run("--background", "3", "--background-error", "0.6", "--method", method, "--json")
    record = json.loads(result.stdout, parse_constant=refuse)
    assert {"lower", "upper", "estimate", "status", "method", "cl"} <= set(record)
    assert record["method"] == method
    assert words in record["convention"]
    assert "treatment" not in record
    assert record["upper"] == pytest.approx(upper, rel=1e-3)


def test_control_region_is_a_background():
    result = run("--off", "27", "--tau", "9", "--method", "cls-exact", "--json")
    assert json.loads(result.stdout)["upper"] == pytest.approx(2.302585, rel=1e-6)


def test_expected_limits_are_labelled():
    result = run(
        "--background", "5", "--background-error", "1", "--method", "cls", "--expected", "asymptotic"
    )
    assert "asymptotic median and bands of CLs" in result.stdout
    assert "4.86719" in result.stdout
    result = run("--background", "5", "--expected", "fixed", "--json")
    record = json.loads(result.stdout)["expected"]
    assert record["definition"] == "fixed"
    assert record["m2s"] < record["m1s"] < record["median"] < record["p1s"] < record["p2s"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either --background or --off"),
        (["--background", "1", "--off", "3", "--tau", "2"], "either --background or --off"),
        (["--off", "3"], "--off and --tau go together"),
        (["--off", "3", "--tau", "2", "--background-error", "1"], "--background-error"),
        (["--background", "1", "--method", "cls", "--treatment", "trolke"], "rolke-lopez only"),
        (["--background", "1", "--expected", "magic"], "definition must be one of"),
    ],
)
def test_options_that_do_not_fit(arguments, words):
    result = run(*arguments)
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)
