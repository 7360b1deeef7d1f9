"""The one place where Python becomes machine code.

``kernel`` is ``numba.njit`` with the package's settings (free of the GIL, IEEE division), joined with the kernels it
calls before machine code is made (``core.dispatcher``), and a cache on disk that
cannot lie: its keys cover all that a kernel depends on (``core.stamp``), its files are checked (``core.cache``).
Numba alone would answer a change in a callee of another file, or of a mass, with stale machine code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from hnlpeak.core.alone import is_alone
from hnlpeak.core.stamp import closure_digest, source_digest

__all__ = ["apart", "closure_digest", "in_lanes", "inlined", "interpret", "kernel", "plain", "source_digest"]

F = TypeVar("F", bound=Callable[..., object])
_state = {"interpreted": False}


def interpret(on: bool = True) -> None:
    """Leave the kernels of modules that are imported from now on as they are: Python, the same numbers, no start-up.

    Loading the compiler and machine code takes a second, longer than the answer to a single question. Python raises
    where compiled code goes on with an infinity or a NaN: who asks must be ready to ask again, compiled.
    """
    _state["interpreted"] = on


def _compiled(function: F, *, forceinline: bool = False, apart: bool = False, disjoint: bool = False) -> F:
    if _state["interpreted"]:
        return function
    import numba.core.entrypoints

    from hnlpeak.core.cache import KernelCache
    from hnlpeak.core.dispatcher import Kernel

    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "forceinline": forceinline}
    settings: Any = numba.config  # no types
    if settings.DISABLE_JIT:
        return function
    if is_alone():
        extensions: Any = numba.core.entrypoints
        extensions._already_initialized = True
    made: Any = Kernel(function, targetoptions={"nopython": True, "boundscheck": None, **options})
    if apart:
        made.stand_apart()
    if disjoint:
        made.take_disjoint()
    made._cache = KernelCache(function, repr((sorted(options.items()), apart, disjoint)))
    return cast(F, made)


def kernel(function: F) -> F:
    """Compile ``function`` to machine code on first call; the result is cached on disk between processes."""
    return _compiled(function)


def in_lanes(function: F) -> F:
    """A ``kernel`` that is one loop over columns, and whose arrays do not overlap.

    The compiler believes the latter. Else it has to compare what is written with all that is read before it lays the
    loop out in lanes, and gives up where that is much, for one kernel or another as the others around it change.
    Such a kernel makes no array and hands none out: references to its views are not counted.
    """
    return _compiled(function, disjoint=True)


def plain(function: F) -> Callable[..., Any]:
    """The Python function behind a kernel: plain arithmetic takes columns too, with the same last digits."""
    made: Any = function
    return getattr(made, "py_func", made)  # type: ignore[no-any-return]


def apart(function: F) -> F:
    """A ``kernel`` with machine code of its own also for kernels that call it.

    For the few large ones that several loops call, once per block of decays: each is compiled and optimised once, by
    itself. No use for what is called per particle, which gains from being joined with its caller.
    """
    return _compiled(function, apart=True)


def inlined(function: F) -> F:
    """A ``kernel`` that becomes part of every kernel that calls it.

    For what is called per particle from one or two places: LLVM keeps kernels of several modules apart, and a
    call with records and a generator costs about 10 ns. No use for large kernels with many callers.
    """
    return _compiled(function, forceinline=True)
