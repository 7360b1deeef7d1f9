"""Handing arrays and generators through compiled code without counting references.

Numba counts references to every array and generator that a kernel receives with atomic additions, and cannot
always prune them where branches and loops meet: some 6 ns each, and more when threads share the object.
Kernels that are called for every particle start with ``borrowed`` arguments instead.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

from numba.core import cgutils, types
from numba.extending import intrinsic

from hnlpeak.core.random import StreamType

__all__ = ["borrowed"]

T = TypeVar("T")
_COUNTED = (types.Array, types.NumPyRandomGeneratorType)


class _Borrow(Protocol):
    def __call__(self, thing: T, /) -> T: ...


def _uncounted(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """The value without owner; tuples item by item. A null owner makes every count a no-op."""
    if isinstance(kind, types.BaseTuple):
        items: list[Any] = [
            _uncounted(context, builder, item, builder.extract_value(value, position))
            for position, item in enumerate(cast(Any, kind))
        ]
        return context.make_tuple(builder, kind, items)
    if not isinstance(kind, _COUNTED):
        return value
    make: Any = cgutils.create_struct_proxy  # untyped in numba
    view = make(kind)(context, builder, value=value)
    view.meminfo = view.meminfo.type(None)
    view.parent = view.parent.type(None)
    return view._getvalue()


def _borrowed(_typing_context: Any, thing: Any) -> Any:
    if not isinstance(thing, (*_COUNTED, types.BaseTuple, StreamType)):
        return None

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _uncounted(context, builder, signature.args[0], args[0])

    return thing(thing), generate


borrowed = cast(_Borrow, intrinsic(_borrowed))
"""``borrowed(thing)`` inside a kernel: the same array, generator, stream or tuple, uncounted.

It must not outlive the original: use it only for what the caller of the kernel keeps alive, its arguments.
"""
