"""Asymptotic CLs, observed and expected, against 200 limits of pyhf (make_statistics_pyhf.py)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.statistics import Gaussian, Known, Poisson, cls, expected_limit
from hnlpeak.statistics.counting_table import counting, counting_table
from hnlpeak.statistics.hypothesis import best_background

PATH = Path(__file__).parent / "statistics_pyhf.csv"
BANDS = ("m2s", "m1s", "median", "p1s", "p2s")


def rows():
    with PATH.open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            yield row["kind"], {key: float(value) for key, value in row.items() if key != "kind"}


def constraints(kind, row):
    b, sigma = row["b"], row["sigma"]
    background = Gaussian(b, sigma) if kind == "gaussian" else Poisson((b / sigma) ** 2, b / sigma**2)
    return background, Gaussian(1.0, row["r"]) if row["r"] else Known(1.0)


def test_the_table_is_whole():
    kinds = [(kind, row["r"] > 0.0, row["cl"]) for kind, row in rows()]
    assert len(kinds) == 200
    assert set(kinds) >= {("gaussian", True, 0.9), ("gaussian", False, 0.95), ("poisson", False, 0.9)}


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_observed(kind):
    for found, row in rows():
        if found == kind:
            background, efficiency = constraints(kind, row)
            limit = cls(row["n"], background=background, efficiency=efficiency, cl=row["cl"])
            assert limit.upper == pytest.approx(row["observed"], rel=1e-6), row


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_expected(kind):
    """pyhf's bands belong to the background that fits the data best: as if that had been measured."""
    for found, row in rows():
        if found != kind:
            continue
        background, efficiency = constraints(kind, row)
        fitted = fitted_background(row["n"], background)
        measured = (
            Gaussian(fitted, background.sigma)
            if kind == "gaussian"
            else Poisson(fitted * background.tau, background.tau)
        )
        expected = expected_limit(
            background=measured, efficiency=efficiency, cl=row["cl"], method="cls", definition="asymptotic"
        )
        got = [getattr(expected, band) for band in BANDS]
        np.testing.assert_allclose(got, [row[band] for band in BANDS], rtol=1e-6, err_msg=str(row))


def fitted_background(n, background):
    data = counting_table(n, background, Known(1.0), 0.9)
    return best_background(counting(data.columns, data.tau, data.trials, 0), 0.0)
