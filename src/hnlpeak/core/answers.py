"""What numba's typing was asked before, answered at once.

Which function of numba adds two floats is a search through dozens of candidates, tried one after the other for every
``+`` of three hundred kernels: half the time of type inference. As long as arguments are numbers and arrays, the answer
depends on nothing but the function, their types, and what a function that numba compiles for it takes over from who
asks: how it divides, and how exact it is. Not only kernels ask: other packages' functions are typed here too.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.targetconfig import ConfigStack

__all__ = ["remember_answers"]

_PLAIN = (types.Number, types.Boolean, types.Array)


def _taken_over() -> tuple[str, ...]:
    """What a function that is compiled for the one that asks has of it; nothing where none asks."""
    stack: Any = ConfigStack  # no types
    flags = stack.top_or_none()
    return () if flags is None else (flags.error_model, repr(flags.fastmath))


def remember_answers(context: Any) -> None:
    """Have the typing ``context`` of numba search once for each function and types of arguments."""
    search, found = context.resolve_function_type, {}

    def answer(function: Any, arguments: Any, by_name: Any) -> Any:
        if by_name or not isinstance(function, types.Function):
            return search(function, arguments, by_name)
        if not all(isinstance(kind, _PLAIN) and kind.is_precise() for kind in arguments):
            return search(function, arguments, by_name)
        asked = function, tuple(arguments), _taken_over()
        if asked not in found:
            found[asked] = search(function, arguments, by_name)
        return found[asked]

    context.resolve_function_type = answer
