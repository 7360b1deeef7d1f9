"""Windows that do not overlap, with a background whose errors they share: an experiment of ``SharedRate``.

For a mass the windows k are its own and, to both sides, the next of the search that leave it free. With b_k the sum of
the templates, sigma_k its statistical error and p_ka the parts of its error that move all windows together,

    n_k ~ Poisson(b_k + sum_a p_ka eta_a + sigma_k zeta_k + u g_k),    eta, zeta ~ N(0, 1),

u g_k being the share of a peak of u events in the own window. Each zeta_k is profiled in closed form, eta by Newton's
rule: the likelihood is concave. Neighbouring windows thus say how large the shared errors are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.cholesky import factorise, solve_lower, solve_upper
from hnlpeak.core.kernel import kernel
from hnlpeak.spectrum.window import gaussian_fraction
from hnlpeak.statistics.profile import profile

__all__ = ["Windowed", "disjoint", "windowed"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Places = NDArray[np.intp]

_STEPS = 100
_TOLERANCE = 1e-13
_LEAST_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Windowed:
    """Padded arrays over (mass, window): counts, background, its own variance, the peak's shares.

    ``parts[mass, window, a]`` are the errors that windows share, ``windows[mass]`` is how many windows there are, the
    own one first.
    """

    counts: Matrix
    background: Matrix
    variance: Matrix
    peak: Matrix
    parts: NDArray[np.float64]
    windows: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of masses."""
        return int(self.windows.size)

    @property
    def convex(self) -> bool:
        """All expectations are linear in signal and errors."""
        return True

    def __getitem__(self, which: Places) -> Windowed:
        """The masses ``which``."""
        return Windowed(
            *(np.ascontiguousarray(getattr(self, name)[which]) for name in self.__dataclass_fields__)
        )

    def profile(self, which: Places, t: Vector) -> tuple[Vector, Vector]:
        """-2 ln L up to a constant, and its slope, at ``t`` >= 0 signal events in the own window."""
        q, slope, _ = self._profiled(which, t)
        return q, slope

    def _profiled(self, which: Places, t: Vector) -> tuple[Vector, Vector, Matrix]:
        """-2 ln L, its slope and the shared errors eta[mass, a] that fit best."""
        q, slope = np.empty(which.size), np.empty(which.size)
        pulls = np.empty((which.size, self.parts.shape[2]))
        _profiles(
            self.counts,
            self.background,
            self.variance,
            self.peak,
            self.parts,
            self.windows,
            which.astype(np.int64),
            np.ascontiguousarray(t),
            q,
            slope,
            pulls,
        )
        return q, slope, pulls

    def scale(self) -> Vector:
        """About the standard deviation of the signal events."""
        own = self.counts[:, 0] + self.variance[:, 0] + np.sum(self.parts[:, 0] ** 2, axis=1)
        return np.asarray(np.sqrt(own + np.maximum(self.background[:, 0], 0.0)) + 0.5)

    def background_only(self) -> Windowed:
        """The average counts of the background that fits best without a signal; its measurements are moved there."""
        _, _, pulls = self._profiled(np.arange(self.size), np.zeros(self.size))
        moved = self.background + np.einsum("mka,ma->mk", self.parts, pulls)
        best = np.zeros_like(moved)
        _best(self.counts, moved, self.variance, self.windows, best)
        return replace(self, counts=best, background=best)

    def expected(self) -> Windowed:
        """The average counts of the background as it is estimated."""
        return replace(self, counts=np.maximum(self.background, 0.0))


def disjoint(low: Vector, high: Vector, i: int) -> list[int]:
    """Window ``i`` first, then the next free ones to the right and to the left; all rise with their number."""
    found, slack = [i], 1e-9 * (high[-1] - low[0])
    for k in range(i + 1, low.size):
        if low[k] >= max(high[j] for j in found) - slack:
            found.append(k)
    for k in range(i - 1, -1, -1):
        if high[k] <= min(low[j] for j in found) + slack:
            found.append(k)
    return found


def windowed(
    low: Vector,
    high: Vector,
    mass: Vector,
    sigma: Vector,
    counts: Vector,
    background: Vector,
    own: Vector,
    shared: Mapping[str, Vector],
    groups: Sequence[str],
) -> Windowed:
    """Return the experiment of the windows ``low`` to ``high`` (MeV) of each mass; a peak is a Gaussian of ``sigma``.

    ``own`` is the error of b that each window has for itself, ``shared`` are parts that move all together. Windows of
    different selections (``groups``) are not put beside each other.
    """
    chosen = [[k for k in disjoint(low, high, i) if groups[k] == groups[i]] for i in range(mass.size)]
    most = max(len(one) for one in chosen)
    shape = (mass.size, most)
    arrays = {name: np.zeros(shape) for name in ("counts", "background", "variance", "peak")}
    parts = np.zeros((*shape, max(len(shared), 1)))
    for i, one in enumerate(chosen):
        m = len(one)
        arrays["counts"][i, :m], arrays["background"][i, :m] = counts[one], background[one]
        arrays["variance"][i, :m] = np.maximum(own[one], _LEAST_ERROR) ** 2
        share = [gaussian_fraction(low[k], high[k], mean=mass[i], sigma=sigma[i]) for k in one]
        arrays["peak"][i, :m] = np.array(share) / share[0]
        for a, part in enumerate(shared.values()):
            parts[i, :m, a] = part[one]
    return Windowed(**arrays, parts=parts, windows=np.array([len(one) for one in chosen], dtype=np.int64))


@kernel
def _sums(
    n: Vector, b: Vector, w: Vector, parts: Matrix, windows: int, eta: Vector, down: Vector, matrix: Matrix
) -> float:
    """q at ``eta``; fill minus half its gradient and half its Hessian."""
    size = eta.size
    q = 0.0
    for a in range(size):
        q += eta[a] * eta[a]
        down[a] = -eta[a]
        for c in range(size):
            matrix[a, c] = 1.0 if a == c else 0.0
    for k in range(windows):
        s0 = b[k]
        for a in range(size):
            s0 += parts[k, a] * eta[a]
        one, pull = profile(n[k], n[k] - s0, s0, w[k])
        q += one
        # dk/ds0 = -1 / (w + s^2 / n), s = n / (1 + k)
        bend = 0.0
        if n[k] > 0.0:
            s = n[k] / (1.0 + pull)
            bend = 1.0 / (w[k] + s * s / n[k])
        elif s0 < w[k]:
            bend = 1.0 / w[k]
        for a in range(size):
            down[a] += pull * parts[k, a]
            for c in range(size):
                matrix[a, c] += bend * parts[k, a] * parts[k, c]
    return q


@kernel
def _profiles(
    counts: Matrix,
    background: Matrix,
    variance: Matrix,
    peak: Matrix,
    parts: NDArray[np.float64],
    windows: NDArray[np.int64],
    which: NDArray[np.int64],
    t: Vector,
    q: Vector,
    slope: Vector,
    pulls: Matrix,
) -> None:
    size, most = parts.shape[2], counts.shape[1]
    down, step, trial = np.empty(size), np.empty(size), np.empty(size)
    matrix, b = np.empty((size, size)), np.empty(most)
    for m in range(which.size):
        i = which[m]
        for k in range(windows[i]):
            b[k] = background[i, k] + t[m] * peak[i, k]
        eta = pulls[m]
        eta[:] = 0.0
        now = _sums(counts[i], b, variance[i], parts[i], windows[i], eta, down, matrix)
        for _ in range(_STEPS):
            if not factorise(matrix, size):
                break
            step[:] = down
            solve_lower(matrix, size, step)
            solve_upper(matrix, size, step)
            promise = 0.0
            for a in range(size):
                promise += 2.0 * down[a] * step[a]
            if not promise > _TOLERANCE * max(1.0, now):
                break
            length = 1.0
            while length > 1e-9:
                for a in range(size):
                    trial[a] = eta[a] + length * step[a]
                then = _sums(counts[i], b, variance[i], parts[i], windows[i], trial, down, matrix)
                if then <= now - 1e-4 * length * promise + 1e-13 * abs(now):
                    break
                length *= 0.5
            eta[:] = trial
            now = then
        q[m], slope[m] = now, 0.0
        for k in range(windows[i]):
            s0 = b[k]
            for a in range(size):
                s0 += parts[i, k, a] * eta[a]
            _, pull = profile(counts[i, k], counts[i, k] - s0, s0, variance[i, k])
            slope[m] -= 2.0 * pull * peak[i, k]


@kernel
def _best(counts: Matrix, moved: Matrix, variance: Matrix, windows: NDArray[np.int64], out: Matrix) -> None:
    """The background of each window that fits best, at the shared errors in ``moved``."""
    for i in range(windows.size):
        for k in range(windows[i]):
            s0 = moved[i, k]
            _, pull = profile(counts[i, k], counts[i, k] - s0, s0, variance[i, k])
            out[i, k] = max(s0 + variance[i, k] * pull, 0.0)
