"""What typing was asked before is answered from memory, and with what a search would find."""

from __future__ import annotations

import operator
from typing import Any, cast

import numba
import numpy as np
import pytest
from numba.core import types
from numba.core.registry import CPUDispatcher

from hnlpeak.core.answers import remember_answers
from hnlpeak.core.kernel import kernel

_CONTEXT: Any = CPUDispatcher.targetdescr.typing_context
_CONTEXT.refresh()  # numba loads what it knows when it is first needed
_ROW = types.Array(types.float64, 1, "C")


class _Counted:
    """A typing context that counts its searches."""

    def __init__(self) -> None:
        self.asked = 0

    def resolve_function_type(self, function: Any, arguments: Any, by_name: Any) -> Any:
        self.asked += 1
        return _CONTEXT.resolve_function_type(function, arguments, by_name)


@pytest.mark.parametrize(
    ("operation", "kinds", "answer"),
    [
        (operator.add, (types.float64, types.float64), types.float64),
        (operator.add, (types.int64, types.float64), types.float64),
        (operator.lt, (types.float64, types.float64), types.boolean),
        (operator.getitem, (_ROW, types.intp), types.float64),
    ],
)
def test_a_second_question_needs_no_search(operation: Any, kinds: tuple[Any, ...], answer: Any) -> None:
    context = _Counted()
    search = context.resolve_function_type
    remember_answers(context)
    function = _CONTEXT.resolve_value_type(operation)
    found = [context.resolve_function_type(function, kinds, {}) for _ in range(3)]
    assert context.asked == 1
    assert {one.return_type for one in found} == {answer}
    assert found[0] == search(function, kinds, {})


def test_what_depends_on_more_than_types_is_searched_for_each_time() -> None:
    context = _Counted()
    remember_answers(context)
    function = _CONTEXT.resolve_value_type(len)
    for _ in range(2):
        context.resolve_function_type(function, (types.UniTuple(types.float64, 2),), {})
    assert context.asked == 2


def _total(row: Any) -> Any:
    return np.nansum(row)


def test_kernels_know_what_is_no_number_though_others_have_asked_for_fast_mathematics() -> None:
    """What numba compiles for a function of another package, that takes all for numbers, is nothing for a kernel."""
    row, others = np.array([np.nan, 1.0, 2.0] * 8), cast(Any, numba)
    made = kernel(_total)
    others.njit(fastmath=True)(_total)(row)
    assert made(row) == 24.0
