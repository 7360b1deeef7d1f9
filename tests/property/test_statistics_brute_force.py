"""Random intervals of all nine models against the profile likelihood minimised by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from brute_force_profile import Case, profile
from scipy.special import erfinv

from hnlpeak.core.kernel import closure_digest
from hnlpeak.statistics import Binomial, Gaussian, Known, Poisson, Status, rolke_lopez

BACKGROUNDS = ("known", "gaussian", "poisson")
EFFICIENCIES = ("known", "gaussian", "binomial")
BLOCKS, BLOCK = 200, 500


def draw_background(rng, kind, physical):
    b = 0.0 if rng.random() < 0.05 else 10.0 ** rng.uniform(-3.0, 5.0)
    if kind == "known":
        return b, ("gaussian", b, 0.0)
    if kind == "gaussian":
        sigma = (b + 0.01) * 10.0 ** rng.uniform(-3.0, 0.5)
        return b, ("gaussian", b if physical or rng.random() < 0.9 else -0.3 * b, sigma)
    tau = 10.0 ** rng.uniform(-2.0, 2.0)
    y = tau * b if rng.random() < 0.5 else float(rng.poisson(min(tau * b, 1e6)))
    return y / tau, ("poisson", y, tau)


def draw_efficiency(rng, kind):
    e = 10.0 ** rng.uniform(-12.0, 0.0)
    if kind == "known":
        return ("gaussian", e, 0.0)
    if kind == "gaussian":
        return (
            "gaussian",
            e,
            e * (10.0 ** rng.uniform(-4.0, -0.5) if rng.random() < 0.8 else rng.uniform(0, 1)),
        )
    z = float(rng.integers(1, 60)) if rng.random() < 0.7 else 10.0 ** rng.uniform(-0.3, 5.0)
    return (
        "binomial",
        z,
        z if rng.random() < 0.1 else math.ceil(z / min(1.0, 10.0 ** rng.uniform(-6.0, 0.0))),
    )


def draw(rng):
    kinds = BACKGROUNDS[rng.integers(3)], EFFICIENCIES[rng.integers(3)]
    physical = bool(rng.random() < 0.3)
    b, background = draw_background(rng, kinds[0], physical)
    signal = 0.0 if rng.random() < 0.4 else 10.0 ** rng.uniform(-2.0, 4.0)
    n = float(rng.poisson(b + signal)) if rng.random() < 0.8 else 10.0 ** rng.uniform(-3.0, 5.0)
    case = Case(n, background, draw_efficiency(rng, kinds[1]), physical)
    return case, float(rng.uniform(0.3, 0.995)), bool(rng.random() < 0.5)


def constraint(numbers):
    kind, p, q = numbers
    if kind == "gaussian":
        return Gaussian(p, q) if q > 0.0 else Known(p)
    return Poisson(p, q) if kind == "poisson" else Binomial(p, q)


def nominal(numbers):
    kind, p, q = numbers
    return p if kind == "gaussian" else p / q


def check(case, cl, bounded):
    result = rolke_lopez(
        case.n,
        background=constraint(case.background),
        efficiency=constraint(case.efficiency),
        cl=cl,
        treatment="bounded" if bounded else "unbounded",
        physical=case.physical,
    )
    b, e = nominal(case.background), nominal(case.efficiency)
    level = 2.0 * float(erfinv(cl)) ** 2
    q0 = profile(case, 0.0)[0]
    deficit = case.n < b
    target = level + (q0 if deficit and bounded else 0)
    if deficit and not bounded and q0 > level:
        assert result.status == Status.EMPTY
        return
    # a float cannot hold an end better than it holds n - b
    grain = 1e-13 * (case.n + abs(b)) / e
    if result.lower == 0.0:
        # where even no background explains the events, the end may be smaller than a float
        start = profile(case, 1e-140 * case.n / e)[0] if q0 == math.inf else q0
        assert deficit or start <= level * (1 + 1e-12)
    else:
        q, slope = profile(case, result.lower)
        assert slope < 0
        assert abs(q - level) <= -slope * (1e-9 + grain / result.lower)
        assert result.lower < (case.n - b) / e
    if result.status == Status.UNBOUNDED:
        assert result.upper == math.inf
        assert profile(case, 1e4 * (case.n + abs(b) + 10.0) / e)[0] <= target * (1 + 1e-6)
        return
    q, slope = profile(case, result.upper)
    assert slope > 0
    assert abs(q - target) <= slope * (1e-9 + grain / result.upper)
    assert result.upper > (case.n - b) / e
    if case.efficiency[0] == "gaussian" and not case.physical:
        # far beyond the end q stays above, or comes back where the status says so
        if case.efficiency[2] > 0.1 * e:
            far = profile(case, 1e4 * (result.upper + (case.n + abs(b) + 1.0) / e))[0]
            assert (far < target) == (result.status == Status.DISCONNECTED)
    else:
        assert result.status == Status.OK


def run_block(block, size):
    rng = np.random.Generator(np.random.Philox(key=[20551, block]))
    failures = []
    for index in range(size):
        case, cl, bounded = draw(rng)
        try:
            check(case, cl, bounded)
        except (AssertionError, ArithmeticError) as error:
            failures.append(f"block {block}, {index}: {case}, cl = {cl}, bounded = {bounded}: {error}")
    assert not failures, "\n".join(failures)


def test_sample():
    run_block(BLOCKS, 300)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_one_hundred_thousand(block, request):
    """Blocks that passed with these sources are remembered: an interrupted run goes on where it stopped."""
    key = f"hnlpeak/brute-force/{closure_digest('hnlpeak.statistics.rolke_lopez')}"
    done = request.config.cache.get(key, [])
    if block in done:
        pytest.skip("passed before with the same sources")
    run_block(block, BLOCK)
    request.config.cache.set(key, sorted({*done, block}))
