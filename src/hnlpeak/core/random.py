"""Random numbers for kernels: a stream that begins anew at each decay, drawn without a call.

``numpy.random.Generator`` answers through a pointer to a C function, some 4 ns a number, and its place in the sequence
depends on all that was drawn before. A ``Stream`` is xoshiro256++ (Blackman, Vigna, arXiv:1805.01407) in line with the
kernel that draws, and ``begin`` sets its 256 bits to a hash of (key, number, stage): what is drawn for a decay depends
on nothing but its place in the shard. Normal and exponential numbers come from ziggurats of 256 layers (Marsaglia,
Tsang, J. Stat. Softw. 5 (2000) 8).
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
from numba import extending
from numba.core import cgutils, types
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined, kernel

__all__ = ["State", "Stream", "StreamType", "begin", "beginning", "either", "key_of", "numbered", "uniform"]

State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
"""The 256 bits of a stream."""

_KEYS = 4  # words 0 to 3 are the state, then come the two words of the key
_STAGES, _ROUNDS = (
    np.uint64(4),
    np.uint64(58),
)  # four stages side by side, further ones in the bits above all numbers
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_11, _17, _19, _23, _27, _30 = (np.uint64(bits) for bits in (11, 17, 19, 23, 27, 30))
_31, _41, _45 = (np.uint64(bits) for bits in (31, 41, 45))
_ONE, _8, _LAYER = np.uint64(1), np.uint64(8), np.uint64(255)
_UNIT = 2.0**-53


class Stream:
    """The stream of the 128-bit ``key`` (two words); at the beginning of decay 0 until ``begin`` says otherwise.

    In kernels it draws like a ``numpy.random.Generator``, in whose place it is handed in: ``random()``,
    ``standard_normal()``, ``exponential()``, ``poisson(mean)``.
    """

    def __init__(self, first: int, second: int) -> None:
        self.words = np.array([0, 0, 0, 0, first, second], dtype=np.uint64)
        self.address = int(self.words.ctypes.data)
        begin(self, 0, 0)

    def random(self) -> float:
        """A number from [0, 1)."""
        with np.errstate(over="ignore"):
            return float(_uniform(self))

    def standard_normal(self) -> float:
        """A normal number of mean 0 and standard deviation 1."""
        with np.errstate(over="ignore"):
            return float(_normal(self))

    def exponential(self) -> float:
        """An exponential number of mean 1."""
        with np.errstate(over="ignore"):
            return float(_exponential(self))

    def poisson(self, mean: float) -> int:
        """A Poisson number; the time it takes grows with the ``mean``."""
        with np.errstate(over="ignore"):
            return int(_poisson(self, mean))


class StreamType(types.Type):
    """The type of a ``Stream`` in compiled code; its name, part of each signature, tells one source from another."""

    def __init__(self) -> None:
        source = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
        super().__init__(name=f"Stream({source})")


_STREAM = StreamType()
_numba: Any = extending  # has no types
_llvm: Any = cgutils
_types: Any = types


def _typeof(_value: Stream, _context: Any) -> StreamType:
    return _STREAM


class _Model(_numba.models.StructModel):  # type: ignore[misc]
    """One pointer: to the words, which the caller keeps alive; nothing to count."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("words", _types.CPointer(_types.uint64))])


def _unbox(kind: Any, thing: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(thing, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    proxy = _llvm.create_struct_proxy(kind)(c.context, c.builder)
    proxy.words = c.builder.bitcast(pointer, proxy.words.type)
    failed = _llvm.is_not_null(c.builder, c.pyapi.err_occurred())
    return _numba.NativeValue(proxy._getvalue(), is_error=failed)


_numba.typeof_impl.register(Stream)(_typeof)
_numba.register_model(StreamType)(_Model)
_numba.make_attribute_wrapper(StreamType, "words", "words")
_numba.unbox(StreamType)(_unbox)


@inlined
def _mixed(z: np.uint64) -> np.uint64:
    """A bijection of 64 bits that leaves nothing of the order of its arguments (SplitMix64)."""
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@inlined
def beginning(first: np.uint64, second: np.uint64, number: int, stage: int) -> State:
    """The state at the beginning of a ``stage`` of decay ``number`` (below 2^56) in the stream of a key."""
    place = np.uint64(number) * _STAGES + np.uint64(stage & 3) + (np.uint64(stage >> 2) << _ROUNDS)
    a = _mixed(first ^ _mixed(place * _GOLDEN))
    b = _mixed(second + a)
    return a, b, _mixed(a + _GOLDEN), _mixed(b ^ _GOLDEN)


@inlined
def _step(state: State) -> tuple[np.uint64, State]:
    """64 bits and the state after them (xoshiro256++)."""
    a, b, c, d = state
    total = a + d
    c ^= a
    d ^= b
    return ((total << _23) | (total >> _41)) + a, (a ^ d, b ^ c, c ^ (b << _17), (d << _45) | (d >> _19))


@inlined
def uniform(state: State) -> tuple[float, State]:
    """What ``random()`` draws in this state, and the state after it."""
    bits, state = _step(state)
    return np.int64(bits >> _11) * _UNIT, state


@inlined
def either(first: bool, one: State, other: State) -> State:
    """The ``one`` state where the ``first`` is asked for, else the ``other``; without a branch, for lanes."""
    return (
        one[0] if first else other[0],
        one[1] if first else other[1],
        one[2] if first else other[2],
        one[3] if first else other[3],
    )


@inlined
def numbered(luck: float, place: int) -> float:
    """The uniform number at a ``place`` (0, 1, ...) of a sequence that belongs to the uniform number ``luck``."""
    bits = np.float64(luck).view(np.uint64)
    return np.int64(_mixed(bits + np.uint64(place + 1) * _GOLDEN) >> _11) * _UNIT


@inlined
def _begin(rng: Any, number: int, stage: int) -> None:
    words = rng.words
    words[0], words[1], words[2], words[3] = beginning(words[_KEYS], words[_KEYS + 1], number, stage)


@inlined
def key_of(rng: Any) -> tuple[np.uint64, np.uint64]:
    """The key of a ``Stream``."""
    return rng.words[_KEYS], rng.words[_KEYS + 1]


@inlined
def _next(rng: Any) -> np.uint64:
    words = rng.words
    found, state = _step((words[0], words[1], words[2], words[3]))
    words[0], words[1], words[2], words[3] = state
    return found


@inlined
def _uniform(rng: Any) -> float:
    return np.int64(_next(rng) >> _11) * _UNIT


def _ziggurat(last: float, area: float, density: Any, inverse: Any, scale: float) -> NDArray[np.float64]:
    """Rows: width of each layer over ``scale``, integers below which a point is inside, densities at its end."""
    x = np.empty(257)
    x[0], x[1] = area / density(last), last
    for i in range(2, 256):
        x[i] = inverse(area / x[i - 1] + density(x[i - 1]))
    x[256] = 0.0
    return np.array([x[:256] / scale, x[1:] / x[:256] * scale, [density(v) for v in x[:256]]])


def _bell(x: float) -> float:
    return math.exp(-0.5 * x * x)


_NORMAL_END, _EXPONENTIAL_END = 3.6541528853610088, 7.69711747013104972
_NORMAL_BITS, _EXPONENTIAL_BITS = 2.0**52, 2.0**53
_NORMAL = _ziggurat(
    _NORMAL_END, 0.00492867323399, _bell, lambda y: math.sqrt(-2.0 * math.log(y)), _NORMAL_BITS
)
_EXPONENTIAL = _ziggurat(
    _EXPONENTIAL_END,
    0.0039496598225815571993,
    lambda x: math.exp(-x),
    lambda y: -math.log(y),
    _EXPONENTIAL_BITS,
)


@kernel
def _normal_edge(rng: Any, layer: int, x: float) -> float:
    """What becomes of a point beyond the rectangle of its layer: a number, or NaN for another try."""
    if layer == 0:
        while True:
            beyond = -math.log1p(-_uniform(rng)) / _NORMAL_END
            height = -math.log1p(-_uniform(rng))
            if 2.0 * height > beyond * beyond:
                return math.copysign(_NORMAL_END + beyond, x)
    low, high = _NORMAL[2, layer], _NORMAL[2, layer + 1] if layer < 255 else 1.0
    if low + (high - low) * _uniform(rng) < math.exp(-0.5 * x * x):
        return x
    return math.nan


@inlined
def _normal(rng: Any) -> float:
    while True:
        bits = _next(rng)
        layer = np.int64(bits & _LAYER)
        size = np.int64((bits >> _8) >> np.uint64(4))
        x = size * _NORMAL[0, layer]
        if (bits >> _8) & _ONE:
            x = -x
        if size < _NORMAL[1, layer]:
            return float(x)
        x = _normal_edge(rng, int(layer), x)
        if not math.isnan(x):
            return x


@kernel
def _exponential_edge(rng: Any, layer: int, x: float) -> float:
    if layer == 0:
        return _EXPONENTIAL_END - math.log1p(-_uniform(rng))
    low, high = _EXPONENTIAL[2, layer], _EXPONENTIAL[2, layer + 1] if layer < 255 else 1.0
    if low + (high - low) * _uniform(rng) < math.exp(-x):
        return x
    return math.nan


@inlined
def _exponential(rng: Any) -> float:
    while True:
        bits = _next(rng)
        layer = np.int64(bits & _LAYER)
        size = np.int64(bits >> _11)
        x = size * _EXPONENTIAL[0, layer]
        if size < _EXPONENTIAL[1, layer]:
            return float(x)
        x = _exponential_edge(rng, int(layer), x)
        if not math.isnan(x):
            return x


@inlined
def _poisson(rng: Any, mean: float) -> int:
    count = -1
    left = mean
    while left >= 0.0:
        left -= _exponential(rng)
        count += 1
    return count


def begin(rng: Any, number: int, stage: int) -> None:
    """Set a ``Stream`` to the beginning of a ``stage`` (0 to 255) of decay ``number``; a NumPy generator goes on."""
    if isinstance(rng, Stream):
        with np.errstate(over="ignore"):
            _begin(rng, number, stage)


def _begin_in_kernels(rng: Any, number: Any, stage: Any) -> Any:  # noqa: ARG001  # numba matches the names
    if isinstance(rng, StreamType):
        return lambda rng, number, stage: _begin(rng, number, stage)  # noqa: PLW0108
    return lambda rng, number, stage: None  # noqa: ARG005


_numba.overload(begin, strict=False)(_begin_in_kernels)


def _drawn(rng: Any) -> Any:  # noqa: ARG001
    return lambda rng: _uniform(rng)  # noqa: PLW0108


def _drawn_normal(rng: Any) -> Any:  # noqa: ARG001
    return lambda rng: _normal(rng)  # noqa: PLW0108


def _drawn_exponential(rng: Any) -> Any:  # noqa: ARG001
    return lambda rng: _exponential(rng)  # noqa: PLW0108


def _drawn_poisson(rng: Any, mean: Any) -> Any:  # noqa: ARG001
    return lambda rng, mean: _poisson(rng, mean)  # noqa: PLW0108


for _name, _made in (
    ("random", _drawn),
    ("standard_normal", _drawn_normal),
    ("exponential", _drawn_exponential),
    ("poisson", _drawn_poisson),
):
    _numba.overload_method(StreamType, _name, strict=False)(_made)
