"""Limits for other mixtures of flavours, and how long N then lives."""

from __future__ import annotations

import numpy as np
import pytest

from comb import comb_result
from hnlpeak.core.errors import UsageError
from hnlpeak.limits.recast import parse_mixture, recast
from hnlpeak.limits.result import SearchResult
from hnlpeak.theory.lifetime import lifetime

BEAM, LENGTH = 75e3, 165e3


@pytest.fixture(scope="module")
def result() -> SearchResult:
    return comb_result()


def test_one_flavour_changes_nothing(result):
    made = recast(result, {"e": 1.0}, nature="dirac", momentum=BEAM, length=LENGTH)
    np.testing.assert_array_equal(made.observed, result.number("u2_ul_observed"))
    np.testing.assert_array_equal(made.expected, result.number("u2_ul_expected"))


def test_shares_divide_the_limit_and_lengthen_nothing_else(result):
    half = recast(result, {"e": 0.5, "mu": 0.5}, nature="dirac", momentum=BEAM, length=LENGTH)
    np.testing.assert_allclose(half.observed, 2.0 * result.number("u2_ul_observed"), rtol=1e-12)
    columns = half.columns()
    np.testing.assert_allclose(columns["u2_e_ul_observed"], result.number("u2_ul_observed"), rtol=1e-12)
    i = 100
    u2 = {"e": 0.5 * float(half.observed[i]), "mu": 0.5 * float(half.observed[i])}
    assert half.lifetime[i] == pytest.approx(lifetime(mass=float(half.mass[i]), u2=u2, nature="dirac"))


def test_a_majorana_neutrino_lives_half_as_long(result):
    dirac, majorana = (
        recast(result, {"e": 0.2, "tau": 0.8}, nature=nature, momentum=BEAM, length=LENGTH)
        for nature in ("dirac", "majorana")
    )
    np.testing.assert_allclose(dirac.lifetime, 2.0 * majorana.lifetime, rtol=1e-9)
    np.testing.assert_array_equal(dirac.observed, majorana.observed)


def test_a_limit_holds_where_n_leaves_the_apparatus(result):
    """At these limits every N does; with a length of many mean free paths none."""
    near = recast(result, {"e": 1.0}, nature="majorana", momentum=BEAM, length=LENGTH)
    assert np.all(near.holds)
    far = recast(result, {"e": 1.0}, nature="majorana", momentum=BEAM, length=1e14)
    assert not np.any(far.holds)
    np.testing.assert_allclose(far.lost, -np.expm1(-1e14 / far.path), rtol=1e-9)


@pytest.mark.parametrize(
    "text", ["e", "e:0.5", "e:0.5,e:0.5", "x:1", "e:nan", "e:-1,mu:2", "e:0.5,mu:0.6", "", "e:1e400"]
)
def test_senseless_mixtures_are_refused(text):
    with pytest.raises(UsageError, match="mixture"):
        parse_mixture(text)


def test_mixture_is_read():
    assert parse_mixture("e:0.5,mu:0.25,tau:0.25") == {"e": 0.5, "mu": 0.25, "tau": 0.25}


def test_a_mixture_without_the_flavour_of_the_search_is_refused(result):
    with pytest.raises(UsageError, match="U_e4"):
        recast(result, {"mu": 1.0}, nature="dirac", momentum=BEAM, length=LENGTH)
