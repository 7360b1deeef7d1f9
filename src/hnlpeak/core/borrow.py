"""Handing arrays and generators through compiled code without counting references.

Numba counts references to every array and generator that a kernel receives with atomic additions, and cannot
always prune them where branches and loops meet: some 6 ns each, and more when threads share the object.
Kernels that are called for every particle start with ``borrowed`` arguments instead.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["borrowed"]

T = TypeVar("T")


class _Borrow(Protocol):
    def __call__(self, thing: T, /) -> T: ...


def _borrowed(_typing_context: Any, thing: Any) -> Any:
    if not isinstance(thing, types.Array | types.NumPyRandomGeneratorType):
        return None

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        make: Any = cgutils.create_struct_proxy
        view = make(signature.args[0])(context, builder, value=args[0])
        # A null owner makes every count a no-op that the compiler removes
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()

    return thing(thing), generate


borrowed = cast(_Borrow, intrinsic(_borrowed))
"""``borrowed(thing)`` inside a kernel: the same array or ``numpy.random.Generator``, uncounted.

It must not outlive the original: use it only for what the caller of the kernel keeps alive, its arguments.
"""
