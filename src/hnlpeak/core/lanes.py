"""Functions of one number without a branch or a call, which compilers run in lanes over a block.

No rule of arithmetic is relaxed: in lanes or not, the numbers are the same to the last bit.
"""

from __future__ import annotations

import math

import numpy as np

from hnlpeak.core.kernel import inlined

__all__ = ["arctangent", "cos_sin_turns", "exponential", "exponential_of", "logarithm", "normal_pair"]

_EXPONENT, _MANTISSA = np.uint64(52), np.uint64(0x000FFFFFFFFFFFFF)
_ONE, _WHOLE = np.uint64(0x3FF0000000000000), np.uint64(0x4330000000000000)
_BIAS = (
    4503599627370496.0 + 1023.0
)  # what a float with the bits of _WHOLE begins at, and the bias of the exponent
_LN2 = 0.6931471805599453
# ln 2 in two parts, the first with a short mantissa, and a number whose last bit is worth 1
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_ROUND = 6755399441055744.0
_EIGHTH = 0.25 * math.pi


@inlined
def logarithm(x: float) -> float:
    """ln of a positive normal float, to 1e-15 relative (series of fdlibm)."""
    bits = np.float64(x).view(np.uint64)
    exponent = np.uint64((bits >> _EXPONENT) | _WHOLE).view(np.float64) - _BIAS
    mantissa = np.uint64((bits & _MANTISSA) | _ONE).view(np.float64)
    upper_half = mantissa > 1.4142135623730951
    mantissa = 0.5 * mantissa if upper_half else mantissa
    exponent = exponent + 1.0 if upper_half else exponent
    s = (mantissa - 1.0) / (mantissa + 1.0)
    w = s * s
    tail = w * (
        0.22222198432149784 + w * (0.1818357216161805 + w * (0.15313837699209373 + w * 0.14798198605116586))
    )
    series = w * (0.6666666666666735 + w * (0.3999999999940942 + w * (0.2857142874366239 + tail)))
    return exponent * _LN2 + s * (2.0 + series)


@inlined
def exponential(x: float) -> float:
    """e to the power of ``x``, to 3e-16 relative, from -700 to 700; beyond, the value there."""
    x = min(max(x, -700.0), 700.0)
    shifted = x * 1.4426950408889634 + _ROUND
    k = shifted - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    high = r * (1.0 / 39916800.0 + r * (1.0 / 479001600.0 + r / 6227020800.0))
    high = r * (1.0 / 40320.0 + r * (1.0 / 362880.0 + r * (1.0 / 3628800.0 + high)))
    series = r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0 + high))))
    series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + series)))
    # the last bits of what was rounded are k: they become an exponent
    power = np.uint64((np.float64(shifted).view(np.uint64) + np.uint64(1023)) << _EXPONENT).view(np.float64)
    return series * power


@inlined
def exponential_of(u: float) -> float:
    """The exponential number of mean 1 that belongs to the uniform ``u`` of [0, 1)."""
    return -logarithm(1.0 - u)


@inlined
def cos_sin_turns(u: float) -> tuple[float, float]:
    """Cosine and sine of 2 pi (``u`` - 1/2), u in [0, 1), to 2e-13 (Taylor series of the half angle)."""
    x = math.pi * (u - 0.5)
    w = x * x
    high = w * (
        -1.0 / 39916800.0 + w * (1.0 / 6227020800.0 + w * (-1.0 / 1307674368000.0 + w / 355687428096000.0))
    )
    low = -1.0 / 6.0 + w * (1.0 / 120.0 + w * (-1.0 / 5040.0 + w * (1.0 / 362880.0 + high)))
    sine = x + x * w * low
    high = w * (-1.0 / 87178291200.0 + w * (1.0 / 20922789888000.0 - w / 6402373705728000.0))
    high = w * (-1.0 / 3628800.0 + w * (1.0 / 479001600.0 + high))
    cosine = 1.0 + w * (-0.5 + w * (1.0 / 24.0 + w * (-1.0 / 720.0 + w * (1.0 / 40320.0 + high))))
    return 1.0 - 2.0 * sine * sine, 2.0 * sine * cosine


@inlined
def arctangent(y: float, x: float) -> float:
    """The angle of (x, y) from -pi to pi, to 4e-16 (rational function of Cephes); 0 at the origin."""
    ay, ax = abs(y), abs(x)
    low, high = min(ay, ax), max(ay, ax)
    t = low / (high if high > 0.0 else 1.0)
    upper = t > 0.41421356237309503
    t = (t - 1.0) / (t + 1.0) if upper else t
    w = t * t
    above = -75.00855792314704667340 + w * (-16.15753718733365076637 - w * 0.8750608600031904122785)
    above = -64.85021904942025371773 + w * (-122.8866684490136173410 + w * above)
    below = 432.8810604912902668951 + w * (165.0270098316988542046 + w * (24.85846490142306297962 + w))
    below = 194.5506571482613964425 + w * (485.3903996359136964868 + w * below)
    angle = t + t * w * above / below + (_EIGHTH if upper else 0.0)
    angle = 2.0 * _EIGHTH - angle if ay > ax else angle
    angle = 4.0 * _EIGHTH - angle if x < 0.0 else angle
    return -angle if y < 0.0 else angle


@inlined
def normal_pair(u: float, v: float) -> tuple[float, float]:
    """Two independent normal numbers from two uniform ones of [0, 1) (Box and Muller)."""
    radius = math.sqrt(2.0 * exponential_of(u))
    cosine, sine = cos_sin_turns(v)
    return radius * cosine, radius * sine
