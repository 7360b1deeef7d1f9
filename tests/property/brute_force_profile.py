"""Profile likelihood by brute force: minus its logarithm, minimised over background and efficiency.

Nothing of the package is used, and none of its formulae: Newton's rule with a line search, first in floats,
then in 40 decimal digits. The function is convex in both parameters, so that the
place where the gradient vanishes, or points out of the allowed region, is the one minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mpmath

DIGITS = 40


@dataclass(frozen=True)
class Case:
    """n ~ Poisson(e mu + b); constraints: (v, 0.0) with kind "gaussian" for known, (y, tau), (z, m)."""

    n: float
    background: tuple[str, float, float]
    efficiency: tuple[str, float, float]
    physical: bool


class Arithmetic:
    """Floats, or numbers of many digits."""

    def __init__(self, number, log, small):
        self.number, self.log, self.small = number, log, small


FLOATS = Arithmetic(float, math.log, 1e-9)
DECIMALS = Arithmetic(mpmath.mpf, mpmath.log, mpmath.mpf(10) ** -26)


class Parameter:
    """One nuisance parameter: its constraint's minus log-likelihood, with derivatives, and its range."""

    def __init__(self, constraint, physical, arithmetic):
        kind, *numbers = constraint
        self.kind, (self.p, self.q), self.log = kind, map(arithmetic.number, numbers), arithmetic.log
        self.low, self.high = -math.inf, math.inf
        self.best = self.p if kind == "gaussian" else self.p / self.q
        if kind == "gaussian" and self.q == 0:
            self.low = self.high = self.p
        elif kind == "poisson" or (kind == "gaussian" and physical):
            self.low = 0
        elif kind == "binomial":
            self.low, self.high = 0, 1
        # the logarithms are finite only inside
        self.open_low = kind != "gaussian" and self.p > 0
        self.open_high = kind == "binomial" and self.p < self.q

    def contains(self, x):
        low = x > self.low if self.open_low else x >= self.low
        return low and (x < self.high if self.open_high else x <= self.high)

    def clip(self, x):
        """On an end that belongs to the range."""
        if x < self.low and not self.open_low:
            return self.low + 0 * x
        if x > self.high and not self.open_high:
            return self.high + 0 * x
        return x

    def pinned(self, x, gradient):
        return self.low == self.high or (x == self.low and gradient > 0) or (x == self.high and gradient < 0)

    def value(self, x):
        p, q, log = self.p, self.q, self.log
        if self.kind == "gaussian":
            return ((x - p) / q) ** 2 / 2 if q > 0 else 0 * x
        if self.kind == "poisson":
            return q * x - p + (p * log(p / (q * x)) if p > 0 else 0)
        return p * log(p / (q * x)) + ((q - p) * log((q - p) / (q * (1 - x))) if q > p else 0)

    def derivatives(self, x):
        p, q = self.p, self.q
        if self.kind == "gaussian":
            return ((x - p) / q**2, 1 / q**2) if q > 0 else (0 * x, 0 * x)
        if self.kind == "poisson":
            return (q - p / x, p / x**2) if p > 0 else (q, 0 * q)
        lost = ((q - p) / (1 - x), (q - p) / (1 - x) ** 2) if q > p else (0, 0)
        return lost[0] - p / x, lost[1] + p / x**2


class Objective:
    """Half of q, and its derivatives; ``tied``: along b = -mu e, where no event is expected at all."""

    def __init__(self, case, mu, arithmetic, tied):
        self.n, self.mu, self.log = arithmetic.number(case.n), arithmetic.number(mu), arithmetic.log
        self.parameters = [
            Parameter(c, case.physical, arithmetic) for c in (case.background, case.efficiency)
        ]
        self.tied = tied

    def total(self, x):
        return 0 * x[0] if self.tied else self.mu * x[1] + x[0]

    def allows(self, x):
        inside = all(p.contains(v) for p, v in zip(self.parameters, x, strict=True))
        return inside and (self.n == 0 or self.total(x) > 0)

    def value(self, x):
        s, n = self.total(x), self.n
        q = s - n + (n * self.log(n / s) if n > 0 else 0)
        return q + sum(p.value(v) for p, v in zip(self.parameters, x, strict=True))

    def step(self, x):
        """Newton's step in the parameters that are free to move, and its decrement."""
        (g0, h0), (g1, h1) = (p.derivatives(v) for p, v in zip(self.parameters, x, strict=True))
        if self.tied:
            gradient, curve = g1 - self.mu * g0, h1 + self.mu**2 * h0
            fixed = self.parameters[0].low == self.parameters[0].high
            move = 0 * x[1] if fixed or self.parameters[1].pinned(x[1], gradient) else -gradient / curve
            if self.parameters[0].pinned(x[0], self.mu * move):
                move = 0 * x[1]
            return [-self.mu * move, move], math.sqrt(max(float(-gradient * move), 0.0))
        s, n = self.total(x), self.n
        first, second = (1 - n / s, n / s**2) if n > 0 else (1 + 0 * s, 0 * s)
        gradient = [first + g0, first * self.mu + g1]
        a, b, d = second + h0, second * self.mu, second * self.mu**2 + h1
        free = [i for i in (0, 1) if not self.parameters[i].pinned(x[i], gradient[i])]
        step = [0 * x[0], 0 * x[1]]
        if len(free) == 2:
            step[0] = (b * gradient[1] - d * gradient[0]) / (a * d - b * b)
            step[1] = (b * gradient[0] - a * gradient[1]) / (a * d - b * b)
            free = [i for i in (0, 1) if not self.parameters[i].pinned(x[i], -step[i])]
        if len(free) == 1:
            step = [0 * x[0], 0 * x[1]]
            step[free[0]] = -gradient[free[0]] / (a, d)[free[0]]
        decrement = -sum(move * g for move, g in zip(step, gradient, strict=True))
        return step, math.sqrt(max(float(decrement), 0.0))

    def minimum(self, x, small):
        for _ in range(100):
            step, decrement = self.step(x)
            if decrement < small:
                return x
            share, before = 1.0, self.value(x) if decrement > 0.2 else None
            while True:
                new = [p.clip(v + share * d) for p, v, d in zip(self.parameters, x, step, strict=True)]
                if self.tied and self.mu > 0:
                    new[1] = -new[0] / self.mu
                if self.allows(new) and (before is None or self.value(new) < before):
                    break
                share /= 2
                if share < 1e-30:
                    raise ArithmeticError("no descent")
            x = new
        if isinstance(x[0], float):
            return x  # rounding: the decimals go on from here
        raise ArithmeticError("no minimum")


def _start(parameters, n, mu):
    x = [max(p.best, 0.0) for p in parameters]
    background = parameters[0]
    if background.low < background.high and (background.open_low or n > 0) and mu * x[1] + x[0] <= 0.01 * n:
        # something must explain the events
        x[0] = background.q if background.kind == "gaussian" else max(n, 1.0) / (1.0 + background.q)
    if parameters[1].low == -math.inf and mu * x[1] > 100.0 * (n + 1.0):
        x[1] = (n + 1.0) / mu
    if background.open_low and x[0] == 0.0:
        x[0] = 1.0 / background.q
    return x


def _minimum(case, mu, tied):
    floats = Objective(case, mu, FLOATS, tied)
    start = _start(floats.parameters, case.n, mu)
    if tied and floats.parameters[0].kind == "gaussian" and floats.parameters[0].q > 0.0:
        start[0] = -mu * start[1]
    elif tied and mu > 0:
        start[1] = -start[0] / mu
    x = floats.minimum(start, FLOATS.small)
    decimals = Objective(case, mu, DECIMALS, tied)
    # known parameters exactly as they are given
    x = [p.low if p.low == p.high else mpmath.mpf(v) for p, v in zip(decimals.parameters, x, strict=True)]
    if tied and mu > 0:
        x[1] = -x[0] / decimals.mu
    return decimals, decimals.minimum(x, DECIMALS.small)


def profile(case: Case, mu: float):
    """(q, mu dq/dmu) with 40 digits, q = 0 where every term is at its best; mu >= 0."""
    if case.n > 0 and mu == 0 and case.background[1:] == (0.0, 0.0):
        return mpmath.inf, 0
    with mpmath.workdps(DIGITS):
        objective, x = _minimum(case, mu, tied=False)
        if objective.total(x) < 0:
            objective, x = _minimum(case, mu, tied=True)
            slope = -objective.parameters[0].derivatives(x[0])[0]
            return 2 * objective.value(x), 2 * objective.mu * x[1] * slope
        ratio = objective.n / objective.total(x) if objective.n > 0 else 0
        return 2 * objective.value(x), 2 * objective.mu * x[1] * (1 - ratio)
