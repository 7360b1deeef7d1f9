"""Limits for any invisible X: the rate of another model, and how long X must live."""

from __future__ import annotations

import math

import numpy as np
import pytest

from comb import comb_result
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.rate_table import read_rate_table
from hnlpeak.limits.invisible import Rate, recast_rate
from hnlpeak.limits.recast import recast
from hnlpeak.limits.result import SearchResult
from hnlpeak.theory.lifetime import lifetime
from hnlpeak.theory.production import branching_fraction

BEAM, LENGTH = 75e3, 165e3


@pytest.fixture(scope="module")
def result() -> SearchResult:
    return comb_result()


def flat(fraction=1.0, *, low=100.0, high=460.0, **more):
    return Rate(np.array([low, high]), np.full(2, fraction), **more)


def test_a_mixing_neutrino_as_x_has_the_limits_of_the_search(result):
    """The rate and the lifetime of N as a table of a model give what the recast for flavour e gives."""
    mass = result.number("m_n_mev")
    rate = Rate(
        mass,
        branching_fraction(meson="K+", lepton="e", mass=mass, u2=1.0),
        power=1.0,
        lifetime=lifetime(mass=mass, u2={"e": 1.0}, nature="dirac"),
    )
    x = recast_rate(result, rate, momentum=BEAM, length=LENGTH)
    n = recast(result, {"e": 1.0}, nature="dirac", momentum=BEAM, length=LENGTH)
    np.testing.assert_allclose(x.observed, result.number("u2_ul_observed"), rtol=1e-9)
    np.testing.assert_allclose(x.expected, n.expected, rtol=1e-9)
    np.testing.assert_allclose(x.lifetime, n.lifetime, rtol=1e-9)
    np.testing.assert_allclose(x.lost, n.lost, rtol=1e-6, atol=1e-15)
    np.testing.assert_array_equal(x.holds, n.holds)


def test_the_coupling_is_the_root_that_its_power_says(result):
    limit = result.number("branching_fraction_ul_observed")
    for power in (1.0, 2.0, 4.0):
        made = recast_rate(result, flat(1e-3, power=power), momentum=BEAM, length=LENGTH)
        np.testing.assert_allclose(1e-3 * made.observed**power, limit, rtol=1e-12)


def test_a_rate_is_log_linear_between_its_masses_and_nothing_beyond(result):
    rate = Rate(np.array([200.0, 400.0]), np.array([1e-2, 1e-4]), power=1.0)
    made = recast_rate(result, rate, momentum=BEAM, length=LENGTH)
    at = {float(m): i for i, m in enumerate(made.mass)}
    limit = result.number("branching_fraction_ul_observed")
    assert made.observed[at[300.0]] == pytest.approx(limit[at[300.0]] / 1e-3)
    assert made.observed[at[200.0]] == pytest.approx(limit[at[200.0]] / 1e-2)
    assert made.status[at[199.0]] == "beyond-table"
    assert math.isnan(made.observed[at[199.0]])
    assert made.status[at[401.0]] == "beyond-table"


def test_x_must_outlive_the_apparatus(result):
    """At the needed lifetime one X in a hundred decays: 165 m at 40 GeV of momentum are tens of ns for 200 MeV."""
    free = recast_rate(result, flat(), momentum=BEAM, length=LENGTH)
    assert np.all(free.holds)
    assert np.all(np.isinf(free.lifetime))
    i = 30
    coupling = free.observed_fraction[i] / 1e-6
    short = flat(1e-6, power=1.0, lifetime=np.full(2, 0.99 * free.needed[i] * coupling))
    made = recast_rate(result, short, momentum=BEAM, length=LENGTH)
    assert made.lifetime[i] == pytest.approx(0.99 * free.needed[i])
    assert made.lost[i] == pytest.approx(-math.expm1(math.log(0.99) / 0.99))
    assert made.status[i] == "decays-inside"
    momentum = 0.5 * BEAM  # of the order
    assert free.needed[i] == pytest.approx(LENGTH * free.mass[i] / (momentum * 299.792458) / 0.01, rel=0.5)


def test_masses_that_must_not_be_quoted_have_no_limit(result):
    made = recast_rate(result, flat(), momentum=BEAM, length=LENGTH)
    np.testing.assert_array_equal(np.isfinite(made.observed), result.sound)
    assert {word for word, sound in zip(made.status, result.sound, strict=True) if not sound} <= {"no-limit"}


def test_a_table_beside_the_search_is_refused(result):
    with pytest.raises(UsageError, match="never extrapolated"):
        recast_rate(result, flat(low=10.0, high=90.0), momentum=BEAM, length=LENGTH)


@pytest.mark.parametrize(
    "text",
    [
        "m_x_mev,branching_fraction\n200,1\n",
        "m_x_mev,branching_fraction\n200,1\n200,2\n",
        "m_x_mev,branching_fraction\n300,1\n200,2\n",
        "m_x_mev,branching_fraction\n200,1\n300,0\n",
        "m_x_mev,branching_fraction\n-1,1\n300,1\n",
        "m_x_mev,branching_fraction\n200,1\n300,nan\n",
        "m_x_mev,branching_fraction,lifetime_ns\n200,1,5\n300,1,-5\n",
        "mass,branching_fraction\n200,1\n300,1\n",
        "",
    ],
)
def test_tables_that_are_no_rates_are_refused(tmp_path, text):
    table = tmp_path / "rate.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(InputDataError, match=r"rate\.csv"):
        read_rate_table(table)


@pytest.mark.parametrize("power", [0.0, -1.0, math.nan, math.inf])
def test_powers_that_are_none_are_refused(tmp_path, power):
    table = tmp_path / "rate.csv"
    table.write_text("M_X_MEV;branching_fraction\n200;1,5\n300;2,5\n", "utf-8")
    assert read_rate_table(table).fraction.tolist() == [1.5, 2.5]
    with pytest.raises(UsageError, match="power"):
        read_rate_table(table, power=power)
