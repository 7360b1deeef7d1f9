"""Handing arrays and generators through compiled code without counting references.

Numba counts the references of every array and generator that a kernel receives with atomic additions, and cannot
always prune them where branches and loops meet: some 6 ns each, far more when threads share the object. A kernel
that calls others many times passes ``borrowed`` objects instead.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["borrowed"]


def _borrowed(_typing_context: Any, thing: Any) -> Any:
    if not isinstance(thing, types.Array | types.NumPyRandomGeneratorType):
        return None

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=args[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()

    return thing(thing), generate


borrowed = intrinsic(_borrowed)
"""``borrowed(thing)`` inside a kernel: the same array or ``numpy.random.Generator``, uncounted.

It must not outlive the original: use it only for what the caller of the kernel keeps alive, its arguments.
"""
