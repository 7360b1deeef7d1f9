from __future__ import annotations

import csv
import io
import json

import pytest
import typer
from typer.testing import CliRunner

from hnlpeak.cli.interval import interval
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.statistics import Binomial, Gaussian, Known, Poisson, cls, rolke_lopez, significance

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
        ("cls-marginal", "averaged over its prior", 2.302585),
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


def test_significance_and_p_value():
    result = CliRunner().invoke(app, ["--observed", "8", "--background", "3", "--json"])
    record = json.loads(result.stdout)
    assert record["significance"] == pytest.approx(2.386, abs=1e-3)
    assert record["p_value"] == pytest.approx(0.011905, abs=1e-5)
    assert record["mid_p_value"] < record["p_value"]
    assert (
        "Local significance 2.39" in CliRunner().invoke(app, ["--observed", "8", "--background", "3"]).stdout
    )


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "1e400", " 3", "0x10", "٣", "3 events", ""])
def test_what_is_not_a_number_is_not_read_as_one(text):
    result = CliRunner().invoke(app, ["--observed", text, "--background", "1"], terminal_width=200)
    assert result.exit_code == 2
    assert "--observed" in result.stderr
    assert "got" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--background", "1e16", "--treatment", "trolke"], "at most 1e+14, got 1e+16"),
        (["--background", "1e16", "--background-error", "1e9"], "at most 1e+14, got 1e+16"),
        (["--background", "1", "--efficiency", "1e-320"], "efficiency must lie between 1e-100 and 1e100"),
        (["--off", "1", "--tau", "1e300"], "tau must lie between"),
        (["--background", "1e6", "--background-error", "1e3", "--method", "feldman-cousins"], "minutes"),
    ],
)
def test_what_would_be_wrong_or_never_end(arguments, words):
    result = run(*arguments)
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)


TABLE = """n,b,sigma_b,efficiency,cl,method,treatment
3,2,0.5,0.5,0.9,rolke-lopez,unbounded
3,2,0.5,0.5,0.95,cls,
0,2,0.5,0.5,0.9,,
"""


def test_table_of_experiments(tmp_path):
    rows, answer = tmp_path / "rows.csv", tmp_path / "answer.csv"
    rows.write_text(TABLE)
    result = CliRunner().invoke(app, ["--table", str(rows), "-o", str(answer)])
    assert result.exit_code == 0, result.exception
    got = list(csv.DictReader(answer.read_text().splitlines()))
    truth, half = Gaussian(2.0, 0.5), Known(0.5)
    one = rolke_lopez(3, background=truth, efficiency=half, treatment="unbounded")
    assert float(got[0]["upper"]) == pytest.approx(one.upper, rel=1e-12)
    assert float(got[0]["lower"]) == pytest.approx(one.lower, rel=1e-12)
    assert float(got[1]["upper"]) == cls(3, background=truth, efficiency=half, cl=0.95).upper
    assert (got[2]["method"], got[2]["treatment"]) == ("rolke-lopez", "bounded")
    assert float(got[0]["significance"]) == pytest.approx(significance(3, background=truth))
    # without a file it is printed
    assert CliRunner().invoke(app, ["--table", str(rows)]).stdout == answer.read_text()


def test_table_of_control_regions_and_trials(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("n,off,tau,successes,trials\n8,9,3,20,40\n2,9,3,20,40\n")
    result = CliRunner().invoke(app, ["--table", str(rows), "--method", "cls", "--expected", "asimov"])
    got = list(csv.DictReader(io.StringIO(result.stdout)))
    want = cls([8, 2], background=Poisson(9, 3.0), efficiency=Binomial(20, 40)).upper
    assert [float(row["upper"]) for row in got] == pytest.approx(list(want))
    assert float(got[0]["expected_median"]) > 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n,sigma_b\n1,2\n", "column 'b'"),
        ("b\n1\n", "no column 'n'"),
        ("n,b\n1,1_000\n", "line 2, b: expected a finite number"),
        ("n,b\n-1,2\n", "rows.csv: n must be >= 0"),
        ("n,b,sigma_b\n1,2,-1\n", "rows.csv: sigma must be >= 0"),
        ("n,b,method\n1,2,magic\n", "rows.csv: method must be one of"),
        ("n,off\n1,2\n", "'off' and 'tau'"),
    ],
)
def test_table_that_is_wrong(tmp_path, text, words):
    (tmp_path / "rows.csv").write_text(text)
    result = CliRunner().invoke(app, ["--table", str(tmp_path / "rows.csv")])
    assert isinstance(result.exception, InputDataError)
    assert words in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--table", "x.csv"], "--table has its own n"),
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
