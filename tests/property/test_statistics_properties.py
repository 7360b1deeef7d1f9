from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hnlpeak.statistics import TREATMENTS, Gaussian, Known, Status, rolke_lopez

counts = st.integers(0, 2000)
backgrounds = st.floats(0.0, 1500.0)
relative = st.floats(0.0, 2.0)
efficiencies = st.floats(0.0, 0.45)
levels = st.floats(0.3, 0.99)


@settings(deadline=None, max_examples=200)
@given(n=counts, b=backgrounds, share=relative, r=st.sampled_from([0.0, 0.05, 0.2]), cl=levels)
def test_upper_end_rises_with_the_count(n, b, share, r, cl):
    both = rolke_lopez(
        [n, n + 1], background=Gaussian(b, share * b), efficiency=Gaussian(0.3, 0.3 * r), cl=cl
    )
    assert both.upper[1] >= both.upper[0] * (1.0 - 1e-9)
    assert both.lower[1] >= both.lower[0]


@settings(deadline=None, max_examples=200)
@given(n=counts, first=relative, second=relative)
def test_upper_end_at_the_background_rises_with_its_error(n, first, second):
    small, large = sorted((first, second))
    assume(large - small > 1e-3)
    both = rolke_lopez(n, background=Gaussian(n, [small * n, large * n]))
    assert both.upper[1] >= both.upper[0] * (1.0 - 1e-12)


@settings(deadline=None, max_examples=200)
@given(
    n=counts,
    b=backgrounds,
    share=relative,
    r=efficiencies,
    scale=st.floats(-12.0, 12.0),
    kind=st.sampled_from(TREATMENTS),
)
def test_only_the_product_of_rate_and_efficiency_matters(n, b, share, r, scale, kind):
    e = 10.0**scale
    background = Gaussian(b, share * b)
    one = rolke_lopez(n, background=background, efficiency=Gaussian(1.0, r), treatment=kind)
    other = rolke_lopez(n, background=background, efficiency=Gaussian(e, r * e), treatment=kind)
    # r e / e may round: the ends move by as much as r does
    assert other.upper * e == pytest.approx(one.upper, rel=1e-10, nan_ok=True)
    assert other.lower * e == pytest.approx(one.lower, rel=1e-9, abs=1e-9, nan_ok=True)
    assert one.status == other.status


@settings(deadline=None, max_examples=200)
@given(n=counts, b=backgrounds, share=relative, r=st.floats(0.0, 1.5), cl=levels)
def test_bounded_is_never_empty_and_contains_unbounded(n, b, share, r, cl):
    arguments = {"background": Gaussian(b, share * b), "efficiency": Gaussian(1.0, r), "cl": cl}
    bounded = rolke_lopez(n, **arguments)
    assert bounded.status != Status.EMPTY
    assert 0.0 <= bounded.lower < bounded.upper
    unbounded = rolke_lopez(n, treatment="unbounded", **arguments)
    if unbounded.status != Status.EMPTY:
        assert unbounded.upper <= bounded.upper * (1.0 + 1e-9)


@settings(deadline=None, max_examples=200)
@given(n=counts, b=backgrounds, share=relative, r=efficiencies, first=levels, second=levels)
def test_a_higher_level_contains_a_lower_one(n, b, share, r, first, second):
    cl = sorted((first, second))
    both = rolke_lopez(n, background=Gaussian(b, share * b), efficiency=Gaussian(1.0, r), cl=cl)
    assert both.upper[1] >= both.upper[0] * (1.0 - 1e-12)
    assert both.lower[1] <= both.lower[0] * (1.0 + 1e-12)


@settings(deadline=None, max_examples=50)
@given(b=backgrounds, cl=levels)
def test_no_event_known_background(b, cl):
    result = rolke_lopez(0, background=Known(b), cl=cl)
    assert result.upper == pytest.approx(rolke_lopez(0, background=Known(0.0), cl=cl).upper, rel=1e-11)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(TREATMENTS))
def test_arrays_are_their_elements_in_any_order(seed, kind):
    rng = np.random.Generator(np.random.Philox(seed))
    n, b, s = rng.poisson(5.0, 12).astype(float), rng.uniform(0.0, 10.0, 12), rng.uniform(0.0, 3.0, 12)
    r = rng.uniform(0.0, 0.5, 12)
    whole = rolke_lopez(n, background=Gaussian(b, s), efficiency=Gaussian(1.0, r), treatment=kind)
    order = rng.permutation(12)
    mixed = rolke_lopez(
        n[order], background=Gaussian(b[order], s[order]), efficiency=Gaussian(1.0, r[order]), treatment=kind
    )
    np.testing.assert_array_equal(mixed.upper, whole.upper[order])
    alone = rolke_lopez(n[3], background=Gaussian(b[3], s[3]), efficiency=Gaussian(1.0, r[3]), treatment=kind)
    np.testing.assert_array_equal([alone.lower, alone.upper], [whole.lower[3], whole.upper[3]])
    assert alone.status == whole.status[3]
