"""Kernels that kernels call: joined with their callers, and whole again when Python calls them."""

from __future__ import annotations

import gc
import math
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from hnlpeak.core import cache
from hnlpeak.core.dispatcher import Kernel, Part
from hnlpeak.core.kernel import kernel

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of one's own for each test."""
    monkeypatch.setenv("HNLPEAK_CACHE_DIR", str(tmp_path))
    for one in (cache.cache_base, cache.cache_directory):
        one.cache_clear()
    yield tmp_path / "hnlpeak"
    for one in (cache.cache_base, cache.cache_directory):
        one.cache_clear()


def _chain() -> tuple[Any, Any, Any]:
    """New kernels, the first calls the second, the second the third."""

    @kernel
    def third(x: float) -> float:
        return x * x + 1

    @kernel
    def second(x: float) -> float:
        return third(x) + third(x + 1)

    @kernel
    def first(x: float) -> float:
        return second(x) / 2

    return first, second, third


def _parts(made: Any) -> list[bool]:
    return [isinstance(result.library, Part) for result in made.overloads.values()]


def _kept(place: Path) -> list[str]:
    return sorted(path.name.split(".")[-2].split("-")[0] for path in place.rglob("*.kernel"))


def test_what_only_kernels_call_has_no_door_and_no_file(place: Path) -> None:
    first, second, third = _chain()
    assert first(2.0) == (5.0 + 10.0) / 2
    assert [_parts(made) for made in (first, second, third)] == [[False], [True], [True]]
    assert _kept(place) == ["first"]


def test_python_calls_what_was_a_part(place: Path) -> None:
    first, second, third = _chain()
    first(2.0)
    assert (second(2.0), third(2.0)) == (15.0, 5.0)
    assert [_parts(made) for made in (first, second, third)] == [[False], [False], [False]]
    assert (first(2.0), second(3.0), third(3.0)) == (7.5, 27.0, 10.0)
    assert _kept(place) == ["first", "second", "third"]


def test_a_kernel_calls_what_python_has_called() -> None:
    first, second, third = _chain()
    assert third(2.0) == 5.0
    assert first(2.0) == 7.5
    assert [_parts(made) for made in (first, second, third)] == [[False], [True], [False]]
    assert third(4.0) == 17.0


def test_each_signature_goes_its_own_way() -> None:
    first, second, third = _chain()
    assert third(np.int64(2)) == 5
    assert isinstance(third(np.int64(2)), int)
    assert first(2.0) == 7.5
    assert _parts(third) == [False, True]
    assert first(np.int64(2)) == 7.5
    assert _parts(second) == [True, True]
    assert (third(0.5), second(np.int64(2)), second(0.5)) == (1.25, 15, 1.25 + 3.25)
    assert isinstance(second(np.int64(2)), int)
    assert _parts(third) == [False, False]


def test_two_wholes_share_a_part() -> None:
    _, second, _ = _chain()

    @kernel
    def other(x: float) -> float:
        return second(x) * 3

    @kernel
    def both(x: float) -> float:
        return other(x) - second(x)

    assert (other(2.0), both(2.0)) == (45.0, 30.0)
    assert second(2.0) == 15.0


def test_code_of_others_calls_kernels_and_the_other_way() -> None:
    """A function of plain numba takes in whole kernels only, also where a part was there before."""
    first, second, third = _chain()
    first(2.0)

    @numba.njit
    def foreign(x: float) -> float:
        return second(x) + third(x)

    @kernel
    def around(x: float) -> float:
        return foreign(x) + third(x)

    assert around(2.0) == 25.0
    assert foreign(2.0) == 20.0
    assert _parts(second) == [False]


@kernel
def strict(x: float, n: int) -> float:
    if x < 0:
        raise ValueError("negative")
    if x > 10:
        raise ValueError("too many", n)
    return float(np.sqrt(x))


@kernel
def outer(x: float, n: int) -> float:
    return 1 + strict(x, n)


@pytest.mark.parametrize("again", [False, True])
def test_errors_of_parts_keep_their_words(again: bool) -> None:
    """Texts and values are made by what a part keeps of Python: that must be known to the whole."""
    made = kernel(outer.py_func) if again else outer
    assert made(4.0, 3) == 3.0
    with pytest.raises(ValueError, match="negative"):
        made(-1.0, 3)
    with pytest.raises(ValueError, match="too many") as caught:
        made(11.0, 3)
    assert caught.value.args == ("too many", 3)


@kernel
def apply(function: Any, x: float) -> float:
    return float(function(x) + 1)


def test_a_kernel_is_an_argument() -> None:
    first, second, _ = _chain()
    assert apply(second, 2.0) == 16.0
    assert apply(first, 2.0) == 8.5
    assert second(2.0) == 15.0


@kernel
def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


@kernel
def binomial(n: int, k: int) -> int:
    return factorial(n) // factorial(k) // factorial(n - k)


def test_a_part_calls_itself() -> None:
    assert binomial(6, 2) == 15
    assert _parts(factorial) == [True]
    assert factorial(5) == 120


def test_a_type_error_in_a_part_is_told_to_who_calls() -> None:
    @kernel
    def inner(x: Any) -> Any:
        return x.nonsense

    @kernel
    def calls(x: Any) -> Any:
        return inner(x)

    for _ in range(2):
        with pytest.raises(numba.TypingError, match="nonsense"):
            calls(1.0)
    with pytest.raises(numba.TypingError, match="nonsense"):
        inner(1.0)


def test_threads_call_part_and_whole_at_once() -> None:
    first, second, third = _chain()
    found: list[tuple[float, float, float]] = []
    start = threading.Barrier(4)

    def ask(order: int) -> None:
        start.wait()
        values: dict[int, float] = {}
        for position in np.roll(np.arange(3), order):
            values[int(position)] = (first, second, third)[position](2.0)
        found.append((values[0], values[1], values[2]))

    threads = [threading.Thread(target=ask, args=(order,)) for order in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [(7.5, 15.0, 5.0)] * 4


def test_kernels_go_to_other_processes() -> None:
    """The function and its settings travel, not the code; here it is the same object."""
    assert pickle.loads(pickle.dumps(outer)) is outer
    code = (
        "import pickle, sys; made = pickle.load(sys.stdin.buffer); print(type(made).__name__, made(4.0, 3))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(outer), env=env, capture_output=True, check=True
    )
    assert done.stdout.decode().split() == [Kernel.__name__, "3.0"]


SOURCE = """
from hnlpeak.core.kernel import kernel
@kernel
def inner(x):
    if x > 10:
        raise ValueError("too many", x)
    return 2.0 * x
@kernel
def whole(x):
    return inner(x) + 1.0
@kernel
def later(x):
    return whole(x) + inner(x)
def hits(made):
    return sum(made.stats.cache_hits.values()), sum(made.stats.cache_misses.values())
"""

ASKED = """
from parted import *
print(whole(3.0), hits(whole), hits(inner))
try:
    whole(11.0)
except ValueError as error:
    print(error.args)
print(later(3.0), hits(later), hits(inner))
print(inner(3.0), hits(inner))
"""


def test_another_process_takes_whole_kernels_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "parted.py").write_text(SOURCE)

    def ask() -> list[str]:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        done = subprocess.run(
            [sys.executable, "-c", ASKED], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    told = "('too many', 11.0)"
    assert ask() == ["7.0 (0, 1) (0, 1)", told, "13.0 (0, 1) (0, 1)", "6.0 (0, 2)"]
    assert ask() == ["7.0 (1, 0) (0, 0)", told, "13.0 (1, 0) (0, 0)", "6.0 (1, 0)"]


def test_the_search_for_garbage_goes_on_after_compilation() -> None:
    first, _, _ = _chain()
    assert gc.isenabled()
    first(2.0)
    assert gc.isenabled()

    @kernel
    def wrong(x: Any) -> Any:
        return x.nonsense

    with pytest.raises(numba.TypingError):
        wrong(1.0)
    assert gc.isenabled()


def test_what_a_whole_kernel_has_inside_is_there_for_parts_too() -> None:
    """A whole kernel brings a part, too large to dissolve, in which ``max`` has: other parts still find ``max``."""

    @kernel
    def shared(x: float) -> float:
        total = x
        for i in range(3):
            total += math.sin(total) * math.cos(i * total) + math.exp(-total) * math.log1p(total * total)
            total += math.atan2(total, i + 1.0) * math.hypot(total, x) - math.tanh(total) * math.sinh(x - i)
            total -= (
                math.asinh(total) * math.erf(total) + math.tan(total) * math.expm1(-x) + math.gamma(1.0 + i)
            )
        return max(total, 1e9)

    @kernel
    def whole(x: float) -> float:
        return shared(x) + shared(x + 1.0)

    @kernel
    def by_part(x: float) -> float:
        return shared(x) * 2.0

    @kernel
    def by_itself(x: float) -> float:
        return max(x, 1.0) * 3.0

    @kernel
    def top(x: float) -> float:
        return whole(x) + by_part(x) + by_itself(x)

    assert whole(2.0) == 2e9
    assert top(2.0) == 4e9 + 6.0
    assert _parts(whole) == [False]
    assert _parts(by_itself) == [True]


def test_a_number_as_it_is_written_is_no_compilation_of_its_own() -> None:
    @kernel
    def shifted(x: float, by: int, back: bool) -> float:
        return x - by if back else x + by

    @kernel
    def moved(x: float, steps: int) -> float:
        at = 0
        while at < steps:
            x = shifted(x, at, False)
            at += 1
        return shifted(shifted(x, 1, True), by=2, back=False)

    assert moved(0.5, 3) == 0.5 + 0 + 1 + 2 - 1 + 2
    assert len(shifted.overloads) == 1
