"""A single interval answers without loading the compiler, and gives the numbers of compiled code."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
from scipy.special import betainc, ndtri_exp

from hnlpeak.statistics import Gaussian, Poisson, p_value, rolke_lopez, significance

_ASK = """
import json, sys
from hnlpeak.cli.interval import _soon
answers = []
for observed, given, efficiency, treatment in json.loads(sys.argv[1]):
    for name in [name for name in sys.modules if name.startswith("hnlpeak.statistics")]:
        del sys.modules[name]
    answers.append(_soon(observed, given, efficiency, 0.9, "rolke-lopez", treatment, None))
print(json.dumps([answers, [name for name in ("numba", "scipy.special") if name in sys.modules]]))
"""


def asked(
    questions: list[tuple[float, tuple[object, ...], tuple[float, float], str]],
) -> tuple[list[dict[str, float]], list[str]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ASK, json.dumps(questions)],
        capture_output=True,
        text=True,
        check=True,
    )
    answers, loaded = json.loads(done.stdout)
    return answers, loaded


USUAL = [
    (n, given, efficiency, treatment)
    for n in (1.0, 5.0, 12.0)
    for given in ((3.0, 0.5, None, None), (3.0, 0.0, None, None), (None, 0.0, 30.0, 10.0))
    for efficiency in ((1.0, 0.0), (0.3, 0.03))
    for treatment in ("bounded", "trolke")
]
ODD = [
    (0.0, (0.0, 0.0, None, None), (1.0, 0.0), "bounded"),
    (0.0, (3.0, 0.5, None, None), (1.0, 0.0), "unbounded"),
    (7.0, (0.0, 0.0, None, None), (1.0, 0.0), "bounded"),
    (3.0, (1.0, 4.0, None, None), (1.0, 0.4), "bounded"),
    (2.0, (None, 0.0, 0.0, 5.0), (1.0, 0.0), "trolke-bounded"),
    (90000.0, (1e-9, 1e-3, None, None), (1e-3, 1e-4), "bounded"),
]


def test_usual_questions_need_no_compiler() -> None:
    assert "numba" not in asked(USUAL)[1]


def test_questions_with_a_measured_background_need_no_special_functions() -> None:
    assert asked([question for question in USUAL if question[1][0] is not None])[1] == []


@pytest.mark.parametrize("questions", [USUAL, ODD], ids=["usual", "odd"])
def test_answers_are_those_of_compiled_code(
    questions: list[tuple[float, tuple[object, ...], tuple[float, float], str]],
) -> None:
    for question, found in zip(questions, asked(questions)[0], strict=True):
        n, (b, sigma, off, tau), efficiency, treatment = question
        background = Gaussian(b, sigma) if off is None else Poisson(off, tau)  # type: ignore[arg-type]
        made = rolke_lopez(n, background=background, efficiency=Gaussian(*efficiency), treatment=treatment)  # type: ignore[arg-type]
        for name in ("lower", "upper", "estimate"):
            value = float(getattr(made, name))
            expected = pytest.approx(value, rel=1e-9, abs=1e-9) if math.isfinite(value) else None
            assert found[name] == expected
        z, p = float(significance(n, background=background)), float(p_value(n, background=background))
        if off is None and n > 0.0 and sigma > 0.0:  # type: ignore[operator]
            # no claim beyond that of one event as the error allows: as a search has it
            share = sigma / (1.0 + sigma)  # type: ignore[operator]
            most = -ndtri_exp(n * math.log(share) + math.log1p(n * (1.0 - share)))
            z, p = min(z, max(most, 0.0)) if z > 0.0 else z, max(p, betainc(n, 2.0, share))
        assert found["significance"] == (pytest.approx(z, rel=1e-9, abs=1e-9) if math.isfinite(z) else None)
        assert found["p_value"] == pytest.approx(p, rel=1e-9)
