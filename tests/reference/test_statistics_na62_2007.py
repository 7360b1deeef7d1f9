"""Counts and limits of NA62's search in 2007 data, as its public tables have them, by ``hnlpeak interval``.

Columns of ``limits/data/2016-02-23/tgt_lim_unitrig.txt`` of the repository francisnewson/hnuplots (facts; masses
from 250 MeV in steps of 5): observed count, background and its error, TRolke's limit (Gaussian background, known
efficiency, bounded, 90 %), and the same at n = b and n = b +- k sqrt(b + sigma_b^2), every n cut to a whole number.
Printed to four to six digits; TRolke stops at 1e-5.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hnlpeak.cli.interval import interval

ROWS = list(csv.DictReader((Path(__file__).parent / "na62_2007_counts.csv").read_text().splitlines()))
app = typer.Typer()
app.command()(interval)


def test_limits_expected_limits_and_bands(tmp_path):
    source, answer = tmp_path / "rows.csv", tmp_path / "limits.csv"
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["mass_mev", "n", "b", "sigma_b"])
        writer.writerows([row["mass_mev"], row["n_obs"], row["b"], row["sigma_b"]] for row in ROWS)
    arguments = ["--table", str(source), "-o", str(answer), "--expected", "asimov-whole"]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    got = list(csv.DictReader(answer.read_text().splitlines()))
    assert len(got) == len(ROWS) == 26
    names = {
        "upper": "ul_ns_90",
        "expected_median": "exp_ul_ns",
        "expected_m1s": "exp_ul_ns_m1",
        "expected_p1s": "exp_ul_ns_p1",
        "expected_m2s": "exp_ul_ns_m2",
        "expected_p2s": "exp_ul_ns_p2",
    }
    for found, row in zip(got, ROWS, strict=True):
        assert found["status"] == "ok"
        for ours, theirs in names.items():
            assert float(found[ours]) == pytest.approx(float(row[theirs]), rel=1e-4), (row["mass_mev"], ours)
