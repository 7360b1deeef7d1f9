"""One signal rate in several experiments: the product of their likelihoods.

Experiment i expects t_i = mu s_i (1 + c_i eta) signal counts at the rate mu. Its own nuisance parameters are profiled
inside it, which leaves q_i(t), -2 ln of its likelihood up to a constant; eta ~ N(0, 1) is what all experiments have in
common (a number of decays that they share, for one), c_i its size. Then

    q(mu) = min_eta [ sum_i q_i(mu s_i (1 + c_i eta)) + eta^2 ]

where eta + 1/2 sum_i q_i'(t_i) mu s_i c_i vanishes, which rises with eta. The reference of the ratio is the least q at
mu >= 0 (treatment ``bounded``). An experiment is whatever can say q_i and its slope (:class:`Profiled`): a count
(:mod:`~hnlpeak.statistics.counted`), or a whole spectrum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.arguments import not_negative, positive
from hnlpeak.statistics.counting_table import confidence_level
from hnlpeak.statistics.falling_root import falling_root
from hnlpeak.statistics.interval import Interval, Status

__all__ = ["SHARED_METHODS", "Profiled", "SharedRate"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

SHARED_METHODS = ("rolke-lopez", "cls", "one-sided")
"""Methods of ``statistics.METHODS`` that a product of likelihoods has; rolke-lopez in the treatment ``bounded``."""

BANDS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
"""Standard deviations at which the median and the bands of a limit are."""

_DOUBLINGS = 60
_GRID = np.array([0.5, 1.0, 2.0, 3.0, 4.5, 7.0, 11.0])
"""Rates in standard deviations between which the least q is looked for where it may have several valleys."""
_MOST_PULL = 1e3
"""No common nuisance parameter is looked for further out than this many standard deviations."""


class Profiled(Protocol):
    """An experiment with ``size`` elements (mass hypotheses, pseudo-experiments), one signal each."""

    @property
    def size(self) -> int:
        """Number of elements."""
        ...

    @property
    def convex(self) -> bool:
        """Whether -2 ln L surely has one valley."""
        ...

    def profile(self, which: Places, t: Floats) -> tuple[Floats, Floats]:
        """-2 ln L up to a constant of each element, and its slope, at ``t`` >= 0 signal counts of ``which``."""
        ...

    def scale(self) -> Floats:
        """About the standard deviation of the signal counts of each element: where searches for roots begin."""
        ...

    def background_only(self) -> Profiled:
        """The same experiment with the average data of the background that fits its data best without a signal."""
        ...

    def expected(self) -> Profiled:
        """The same experiment with the average data of the background as it is measured, whatever was counted."""
        ...


@dataclass(frozen=True, eq=False)
class SharedRate:
    """Experiments of one rate: ``signal[i, element]`` > 0 counts at rate 1, ``common`` c_i of the same shape >= 0.

    ``UsageError`` for other shapes and numbers.
    """

    experiments: tuple[Profiled, ...]
    signal: Floats
    common: Floats

    @classmethod
    def of(
        cls,
        experiments: Sequence[Profiled],
        signal: Sequence[ArrayLike],
        common: Sequence[ArrayLike] | None = None,
    ) -> SharedRate:
        """Return the product of ``experiments``; ``signal`` and ``common`` (none unless given) broadcast."""
        sizes = {one.size for one in experiments}
        if len(sizes) != 1:
            raise UsageError(f"experiments of one rate need one number of elements, got {sorted(sizes)}")
        shape = (len(experiments), sizes.pop())
        columns = []
        for name, given in (
            ("signal", signal),
            ("common", common if common is not None else [0.0] * shape[0]),
        ):
            if len(given) != shape[0]:
                raise UsageError(f"{name}: got {len(given)} for {shape[0]} experiments")
            checked = [(positive if name == "signal" else not_negative)(name, column) for column in given]
            columns.append(np.array([np.broadcast_to(column, shape[1:]) for column in checked]))
        return cls(tuple(experiments), *columns)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.signal.shape[1])

    def background_only(self) -> SharedRate:
        """Return the same experiments with the average data of the backgrounds that fit best without a signal."""
        return SharedRate(tuple(one.background_only() for one in self.experiments), self.signal, self.common)

    def expected(self) -> SharedRate:
        """Return the same experiments with the average data of their measured backgrounds."""
        return SharedRate(tuple(one.expected() for one in self.experiments), self.signal, self.common)

    def profile(self, which: Places, rate: Floats) -> tuple[Floats, Floats]:
        """q of the module's docstring and its slope at ``rate`` >= 0 of the elements ``which``."""
        eta = self._common_pull(which, rate)
        total, slope = eta * eta, np.zeros(which.size)
        for one, signal, common in zip(
            self.experiments, self.signal[:, which], self.common[:, which], strict=True
        ):
            per_rate = signal * np.maximum(1.0 + common * eta, 0.0)
            q, rise = one.profile(which, rate * per_rate)
            total, slope = total + q, slope + rise * per_rate
        return total, slope

    def _common_pull(self, which: Places, rate: Floats) -> Floats:
        common, signal = self.common[:, which], self.signal[:, which]
        largest = common.max(axis=0)
        some = np.flatnonzero(largest > 0.0)
        eta = np.zeros(which.size)
        if some.size == 0:
            return eta
        # below this eta some signal would be negative
        lowest = np.maximum(-1.0 / largest[some], -_MOST_PULL)

        def falling(places: Places, x: Floats) -> Floats:
            at = some[places]
            pull = x + lowest[places]
            total = -pull
            for one, s, c in zip(self.experiments, signal[:, at], common[:, at], strict=True):
                _, rise = one.profile(which[at], rate[at] * s * np.maximum(1.0 + c * pull, 0.0))
                total -= 0.5 * rise * rate[at] * s * c
            return np.asarray(total)

        found = falling_root(falling, np.zeros(some.size), 1.0 - lowest, rtol=1e-10, doublings=_DOUBLINGS)
        eta[some] = np.minimum(found, 2.0 * _MOST_PULL) + lowest
        return eta

    @cached_property
    def guess(self) -> Floats:
        """About the standard deviation of the rate."""
        weights = [
            (signal / one.scale()) ** 2 for one, signal in zip(self.experiments, self.signal, strict=True)
        ]
        return np.asarray(1.0 / np.sqrt(np.sum(weights, axis=0)))

    @cached_property
    def best(self) -> tuple[Floats, Floats, Floats]:
        """Rate >= 0 that fits best, q there, and q without a signal."""
        every = np.arange(self.size)
        zero, slope = self.profile(every, np.zeros(self.size))
        best, least = np.zeros(self.size), zero.copy()
        low, high = np.zeros(self.size), self.guess.copy()
        if not self.convex:
            (best, least), (low, high), slope = self._valley(zero, slope)
        rising = np.flatnonzero(slope < 0.0)
        if rising.size:
            found = falling_root(
                lambda places, rate: -self.profile(rising[places], rate)[1],
                low[rising],
                high[rising],
                doublings=_DOUBLINGS,
            )
            value = self.profile(rising, found)[0]
            less = value < least[rising]
            best[rising[less]], least[rising[less]] = found[less], value[less]
        return best, least, zero

    @property
    def convex(self) -> bool:
        """Whether q surely has one valley: no error in common, and none in any experiment that bends it."""
        return not np.any(self.common > 0.0) and all(one.convex for one in self.experiments)

    def _valley(
        self, zero: Floats, slope: Floats
    ) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Floats]:
        """The least q on a grid from 0 with its rate, the rates between which q is less, and the slope at the lower."""
        every = np.arange(self.size)
        rates = np.concatenate([np.zeros((1, self.size)), _GRID[:, None] * self.guess])
        q, rise = np.empty(rates.shape), np.empty(rates.shape)
        q[0], rise[0] = zero, slope
        for k in range(1, len(rates)):
            q[k], rise[k] = self.profile(every, rates[k])
        top = np.argmin(q, axis=0)
        # the bottom of the valley is on the side to which q falls
        low = np.where((rise[top, every] >= 0.0) & (top > 0), top - 1, top)
        beyond = np.append(rates, 2.0 * rates[-1:], axis=0)[low + 1, every]
        return (rates[top, every], q[top, every]), (rates[low, every], beyond), rise[low, every]

    @property
    def significance(self) -> Floats:
        """Square root of 2 ln [L(best) / L(0)]: 0 where no signal fits best."""
        _, least, zero = self.best
        return np.sqrt(np.maximum(zero - least, 0.0))

    def interval(self, *, cl: float = 0.90, method: str = "rolke-lopez", rtol: float = 1e-12) -> Interval:
        """Return the interval of the rate by one of ``SHARED_METHODS``; ``estimate`` is the best rate >= 0.

        ``rolke-lopez``: rates with q - least q up to the quantile of chi2; ``one-sided``: the same without a lower
        end, at the level 2 cl - 1; ``cls``: asymptotic. Ends are good to ``rtol``. ``UsageError`` for another method.
        """
        best, least, zero = self.best
        lower = np.zeros(self.size)
        if method == "cls":
            upper = self._cls(cl, rtol)
        else:
            level = _level(method, cl)
            upper = self._end(least + level, best, rtol)
            some = (
                np.flatnonzero(zero - least > level)
                if method == "rolke-lopez"
                else np.zeros(0, dtype=np.intp)
            )
            lower[some] = falling_root(
                lambda places, rate: self.profile(some[places], rate)[0] - least[some[places]] - level,
                np.zeros(some.size),
                best[some],
                rtol=rtol,
            )
        status = np.where(np.isinf(upper), Status.UNBOUNDED, Status.OK).astype(np.int8)
        return Interval(lower, upper, best, status)

    def _end(self, target: Floats, low: Floats, rtol: float) -> Floats:
        """Rate above ``low`` where q reaches ``target``, infinite where it never does."""
        return falling_root(
            lambda places, rate: target[places] - self.profile(places, rate)[0],
            low,
            low + 2.0 * self.guess,
            rtol=rtol,
            doublings=_DOUBLINGS,
        )

    def _cls(self, cl: float, rtol: float) -> Floats:
        asimov = self.background_only()
        none = asimov.best[1]
        best, least, _ = self.best

        def excess(places: Places, rate: Floats) -> Floats:
            q = np.maximum(self.profile(places, rate)[0] - least[places], 0.0)
            a = np.maximum(asimov.profile(places, rate)[0] - none[places], 0.0)
            return _log_cls(np.sqrt(np.where(rate > best[places], q, 0.0)), np.sqrt(a)) - math.log1p(-cl)

        confidence_level(cl)
        return falling_root(
            excess, np.zeros(self.size), best + 2.0 * self.guess, rtol=rtol, doublings=_DOUBLINGS
        )

    def bands(self, deviations: Floats = BANDS, *, cl: float = 0.90, method: str = "rolke-lopez") -> Floats:
        """Upper ends that background alone makes at so many standard ``deviations``, shape (deviations, elements).

        Asymptotic (G. Cowan et al., EPJC 71 (2011) 1554): with A(mu) the statistic of the average data of the measured
        backgrounds, sigma = mu / sqrt(A(mu)), the estimate at N sigma and q that of a normal variable.
        """
        asimov = self.expected()
        # functions that do not quite meet the average of several leave a little
        best, least, _ = asimov.best
        roots = _asymptotic_roots(deviations, cl, method)
        return np.array([asimov._end(least + root * root, best, 1e-10) for root in roots])


def _level(method: str, cl: float) -> float:
    """Rise of q at the upper end."""
    confidence_level(cl)
    if method == "rolke-lopez":
        return 2.0 * float(scipy.special.erfinv(cl)) ** 2
    if method == "one-sided":
        if not cl > 0.5:
            raise UsageError(f"cl must lie between 0.5 and 1 for a one-sided limit, got {cl:g}")
        return float(scipy.special.ndtri(cl)) ** 2
    raise UsageError(f"method must be one of {', '.join(SHARED_METHODS)}, got {method!r}")


def _log_cls(root_q: Floats, root_a: Floats) -> Floats:
    """ln CLs from the roots of the one-sided statistic and of that of the average background data."""
    q, a = root_q * root_q, root_a * root_a
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = root_q > root_a
        half = np.where(beyond, 0.5 * (q + a) / root_a, root_q)
        other = np.where(beyond, 0.5 * (a - q) / root_a, root_a - root_q)
    return np.asarray(
        np.where(root_a > 0.0, scipy.special.log_ndtr(-half) - scipy.special.log_ndtr(other), 0.0)
    )


def _asymptotic_roots(bands: Floats, cl: float, method: str) -> Floats:
    """Root of A at the upper end of data whose estimate lies ``bands`` standard deviations off.

    Bounded: q = (mu - N)^2 above an estimate N >= 0, mu^2 - 2 mu N below it, in units of sigma.
    """
    if method == "cls":
        confidence_level(cl)
        return np.asarray(bands + scipy.special.ndtri(1.0 - (1.0 - cl) * scipy.special.ndtr(bands)))
    level = _level(method, cl)
    return np.asarray(np.where(bands >= 0.0, bands + math.sqrt(level), bands + np.sqrt(bands**2 + level)))
