"""Words of messages."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable

import pytest

from hnlpeak.core.words import listed, meant, not_parsed, shortened


def test_lists_end_with_a_whole_name_and_say_what_is_left_out() -> None:
    names = [f"column_{i}" for i in range(40)]
    said = listed(names, room=60)
    shown, more = said.split(" and ")
    assert shown.split(", ") == names[: len(shown.split(", "))]
    assert len(shown) <= 60
    assert more == f"{40 - len(shown.split(', '))} more"
    assert listed(names[:3]) == "column_0, column_1, column_2"
    assert listed([]) == ""
    assert len(listed(["x" * 500])) == 120


def test_a_slip_is_named_and_else_what_there_is() -> None:
    assert meant("divergenc", ["divergence_x", "momentum"]) == ", is it divergence_x?"
    assert meant("q", ["divergence_x", "momentum"]) == "; there are divergence_x, momentum"


@pytest.mark.parametrize("read", [json.loads, lambda text: tomllib.loads(f"a = {text}")])
def test_integers_without_measure_are_named_as_such(read: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="digits") as error:
        read("9" * 5001)
    assert not_parsed(error.value) == "an integer of more than 4300 digits"


def test_shortened_texts_end_with_a_whole_word() -> None:
    text = "energies distributed as exponentials, of other particles"
    assert shortened(text, 100) == text
    assert shortened(text, 41) == "energies distributed as exponentials, ..."
    assert shortened(text, 40) == "energies distributed as ..."
    assert all(len(shortened(text, room)) <= room for room in range(12, 60))
