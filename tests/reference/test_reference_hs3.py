"""Our HS3 documents as an independent reader evaluates them (``make_hs3_pyhs3.py``, pyhs3 0.4.2)."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from make_hs3_pyhs3 import COUNTS, DOCUMENTS, VALUES, documents
from scipy.special import gammaln, xlogy


def poisson(n: float, mean: float) -> float:
    return float(xlogy(n, mean) - mean - gammaln(n + 1.0))


def test_documents_are_those_that_were_read() -> None:
    stored, made = json.loads(DOCUMENTS.read_text("utf-8")), documents()
    for document in (*stored, *made):
        del document["metadata"]["packages"]
    assert made == stored


@pytest.mark.parametrize("row", COUNTS, ids=[row[0] for row in COUNTS])
def test_an_independent_reader_has_our_likelihood(row: tuple[str, float, float, float, str]) -> None:
    name, n, b, sigma, constraint = row
    values = [v for v in csv.DictReader(VALUES.read_text("utf-8").splitlines()) if v["name"] == name]
    assert len(values) >= 4
    for value in values:
        signal, nuisance = float(value["n_signal"]), float(value["background"])
        if sigma == 0.0:
            expected = poisson(n, signal + b)
        elif constraint == "gaussian":
            expected = (
                poisson(n, signal + b + sigma * nuisance) - 0.5 * nuisance**2 - 0.5 * np.log(2.0 * np.pi)
            )
        else:
            tau = b / sigma**2 if b else 1.0 / sigma
            expected = poisson(n, signal + nuisance) + poisson((b / sigma) ** 2, tau * nuisance)
        assert float(value["log_likelihood"]) == pytest.approx(expected, rel=1e-12), value
