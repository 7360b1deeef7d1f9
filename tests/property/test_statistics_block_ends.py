"""Ends in blocks are the ends of the plain code, element by element, whatever is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.statistics import TREATMENTS, Binomial, Gaussian, Known, Poisson, Status, rolke_lopez

SIZE = 3000


def wide(rng, low, high):
    return np.exp(rng.uniform(np.log(low), np.log(high), SIZE))


def backgrounds(rng):
    b = wide(rng, 1e-3, 1e5)
    tau = wide(rng, 0.1, 100.0)
    some = rng.uniform(size=SIZE) < 0.1
    return {
        "known": Known(np.where(some, 0.0, b)),
        "gaussian": Gaussian(np.where(some, -1.0, b), b * wide(rng, 1e-4, 2.0)),
        "poisson": Poisson(np.where(some, 0.0, np.rint(tau * b)), tau),
    }


def efficiencies(rng):
    m = np.rint(wide(rng, 2.0, 1e6))
    return {
        "known": Known(0.3),
        "gaussian": Gaussian(0.3, 0.3 * wide(rng, 1e-4, 1.0)),
        "binomial": Binomial(np.maximum(np.rint(m * rng.uniform(size=SIZE)), 1.0), m),
    }


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("efficiency", ["known", "gaussian", "binomial"])
@pytest.mark.parametrize("background", ["known", "gaussian", "poisson"])
def test_a_block_is_its_elements(background, efficiency, treatment):
    rng = np.random.Generator(np.random.Philox(len(background) + 10 * len(efficiency)))
    b, e = backgrounds(rng)[background], efficiencies(rng)[efficiency]
    centre = np.maximum(np.asarray(b.y / b.tau if background == "poisson" else b.value), 0.0)
    n = np.where(rng.uniform(size=SIZE) < 0.5, rng.poisson(centre), np.rint(wide(rng, 0.3, 1e5)))
    cl = rng.choice([0.5, 0.9, 0.95, 0.999], SIZE)
    got = rolke_lopez(n, background=b, efficiency=e, cl=cl, treatment=treatment)
    few = 12
    for first in range(0, 240, few):
        part = slice(first, first + few)
        want = rolke_lopez(
            n[part],
            background=type(b)(*(np.broadcast_to(v, SIZE)[part] for v in vars(b).values())),
            efficiency=type(e)(*(np.broadcast_to(v, SIZE)[part] for v in vars(e).values())),
            cl=cl[part],
            treatment=treatment,
        )
        np.testing.assert_array_equal(got.status[part], want.status)
        scale = 1e-13 * (n[part] + centre[part]) / 0.3
        for ours, plain in ((got.upper, want.upper), (got.lower, want.lower)):
            finite = np.isfinite(plain)
            np.testing.assert_array_equal(np.isnan(ours[part]), np.isnan(plain))
            near = np.abs(ours[part][finite] - plain[finite]) <= (scale + 1e-10 * np.abs(plain))[finite]
            assert near.all()


def test_most_of_a_search_is_done_in_blocks():
    """A block that leaves everything to the plain code would pass the other test."""
    from hnlpeak.statistics.block_ends import block_ends

    rng = np.random.Generator(np.random.Philox(5))
    rates = rng.uniform(1.0, 50.0, SIZE)
    n = np.maximum(rng.poisson(rates), 1.0)
    level = np.full(SIZE, 2.7055434540954)
    columns = np.array([n, rates, (0.1 * rates) ** 2, np.ones(SIZE), np.zeros(SIZE), level])
    ends = np.empty((4, SIZE))
    block_ends(columns, None, None, None, True, ends)
    assert ends[3].mean() < 0.02
    assert set(ends[1]) == {float(Status.OK)}
