"""Laws of the interval that hold for each of the nine models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnlpeak.statistics import TREATMENTS, Binomial, Gaussian, Known, Poisson, Status, rolke_lopez

counts = st.one_of(st.integers(0, 500), st.floats(0.0, 500.0))
rates = st.floats(0.0, 300.0)
levels = st.floats(0.3, 0.99)
backgrounds = st.one_of(
    rates.map(Known),
    st.builds(lambda b, share: Gaussian(b, share * b), rates, st.floats(0.0, 1.0)),
    st.builds(Poisson, rates, st.floats(0.05, 50.0)),
)
efficiencies = st.one_of(
    st.floats(1e-12, 1.0).map(Known),
    st.builds(lambda e, r: Gaussian(e, r * e), st.floats(1e-12, 1.0), st.floats(0.0, 0.35)),
    st.builds(lambda z, lost: Binomial(z, z + lost), st.floats(1.0, 1e4), st.floats(0.0, 1e6)),
)
models = st.tuples(backgrounds, efficiencies)
laws = settings(deadline=None, max_examples=150)


@laws
@given(model=models, n=counts, cl=levels, physical=st.booleans())
def test_upper_end_rises_with_the_count(model, n, cl, physical):
    background, efficiency = model
    both = rolke_lopez([n, n + 1], background=background, efficiency=efficiency, cl=cl, physical=physical)
    assert both.upper[1] >= both.upper[0] * (1.0 - 1e-9)
    assert both.lower[1] >= both.lower[0] * (1.0 - 1e-9)


@laws
@given(model=models, n=counts, first=levels, second=levels, physical=st.booleans())
def test_a_higher_level_contains_a_lower_one(model, n, first, second, physical):
    background, efficiency = model
    cl = sorted((first, second))
    both = rolke_lopez(n, background=background, efficiency=efficiency, cl=cl, physical=physical)
    assert both.upper[1] >= both.upper[0] * (1.0 - 1e-9)
    assert both.lower[1] <= both.lower[0] * (1.0 + 1e-9)


@laws
@given(model=models, n=counts, cl=levels, physical=st.booleans())
def test_bounded_is_never_empty_and_contains_unbounded_and_the_estimate(model, n, cl, physical):
    background, efficiency = model
    arguments = {"background": background, "efficiency": efficiency, "cl": cl, "physical": physical}
    bounded, unbounded = (rolke_lopez(n, treatment=kind, **arguments) for kind in ("bounded", "unbounded"))
    assert bounded.status != Status.EMPTY
    assert 0.0 <= bounded.lower < bounded.upper
    assert bounded.lower <= max(bounded.estimate, 0.0) < bounded.upper
    if unbounded.status != Status.EMPTY:
        assert unbounded.upper <= bounded.upper * (1.0 + 1e-9)
        assert unbounded.lower == bounded.lower


@laws
@given(model=models, n=counts, cl=levels, kind=st.sampled_from(TREATMENTS))
def test_every_number_has_its_status(model, n, cl, kind):
    background, efficiency = model
    result = rolke_lopez(n, background=background, efficiency=efficiency, cl=cl, treatment=kind)
    assert np.isnan(result.upper) == np.isnan(result.lower) == (result.status == Status.EMPTY)
    assert np.isposinf(result.upper) == (result.status == Status.UNBOUNDED)
    assert kind == "unbounded" or result.status != Status.EMPTY


@laws
@given(
    background=backgrounds,
    n=counts,
    r=st.floats(0.0, 0.35),
    scale=st.floats(-12.0, 12.0),
    kind=st.sampled_from(TREATMENTS),
)
def test_only_the_product_of_rate_and_efficiency_matters(background, n, r, scale, kind):
    e = 10.0**scale
    one = rolke_lopez(n, background=background, efficiency=Gaussian(1.0, r), treatment=kind)
    other = rolke_lopez(n, background=background, efficiency=Gaussian(e, r * e), treatment=kind)
    # r e / e may round: the ends move by as much as r does
    assert other.upper * e == pytest.approx(one.upper, rel=1e-9, nan_ok=True)
    assert other.lower * e == pytest.approx(one.lower, rel=1e-9, abs=1e-9, nan_ok=True)
    assert one.status == other.status


@laws
@given(background=backgrounds, n=counts, z=st.floats(1.0, 1e4), share=st.floats(1e-6, 1.0), cl=levels)
def test_uncertainty_widens(background, n, z, share, cl):
    """The same estimates with an error contain the interval without it (what is profiled fits better)."""
    sure = rolke_lopez(n, background=background, efficiency=Known(share), cl=cl)
    unsure = rolke_lopez(n, background=background, efficiency=Binomial(z, z / share), cl=cl)
    assert unsure.upper >= sure.upper * (1.0 - 1e-9)
    assert unsure.lower <= sure.lower * (1.0 + 1e-9)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(TREATMENTS))
def test_arrays_are_their_elements_in_any_order(seed, kind):
    rng = np.random.Generator(np.random.Philox(seed))
    n, y = rng.poisson(5.0, 12).astype(float), rng.poisson(8.0, 12).astype(float)
    tau, z = rng.uniform(0.5, 3.0, 12), rng.uniform(1.0, 40.0, 12)

    def intervals(order):
        constraints = {
            "background": Poisson(y[order], tau[order]),
            "efficiency": Binomial(z[order], 3.0 * z[order]),
        }
        return rolke_lopez(n[order], treatment=kind, **constraints)

    whole = intervals(np.arange(12))
    order = rng.permutation(12)
    np.testing.assert_array_equal(intervals(order).upper, whole.upper[order])
    alone = intervals(3)
    np.testing.assert_array_equal(
        [alone.lower, alone.upper, alone.status], [whole.lower[3], whole.upper[3], whole.status[3]]
    )
