"""What numba's typing was asked before, answered at once.

Which function of numba adds two floats is a search through dozens of candidates, tried one after the other for every
``+`` of three hundred kernels: half the time of type inference. The answer depends on nothing but the function and the
types of its arguments, as long as these are numbers and arrays.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

__all__ = ["remember_answers"]

_PLAIN = (types.Number, types.Boolean, types.Array)


def remember_answers(context: Any) -> None:
    """Have the typing ``context`` of numba search once for each function and types of arguments."""
    search, found = context.resolve_function_type, {}

    def answer(function: Any, arguments: Any, by_name: Any) -> Any:
        if by_name or not isinstance(function, types.Function):
            return search(function, arguments, by_name)
        if not all(isinstance(kind, _PLAIN) and kind.is_precise() for kind in arguments):
            return search(function, arguments, by_name)
        asked = function, tuple(arguments)
        if asked not in found:
            found[asked] = search(function, arguments, by_name)
        return found[asked]

    context.resolve_function_type = answer
