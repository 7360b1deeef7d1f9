"""Rows of a cut-flow, as users read them."""

from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.selection.cutflow import Cutflow

FLOW = Cutflow(
    selection="tight",
    cuts=("momentum", "vertex", "E/p"),
    components=("ke2", "kmu2"),
    passed=np.array([[100.0, 80.0, 60.0, 45.0], [300.0, 20.0, 0.0, 0.0]]),
    only_failed=np.array([[7.0, 5.0, 3.0], [1.0, 0.0, 2.0]]),
    decays=1e4,
)


def test_rows_sum_the_sources() -> None:
    rows = FLOW.rows()
    assert [row["cut"] for row in rows] == ["candidates", "momentum", "vertex", "E/p"]
    assert {row["selection"] for row in rows} == {"tight"}
    assert [row["passed"] for row in rows] == [400.0, 100.0, 60.0, 45.0]
    assert [row["fraction"] for row in rows] == pytest.approx([1.0, 0.25, 0.6, 0.75])
    assert [row["n_minus_one"] for row in rows] == [45.0, 53.0, 50.0, 50.0]


def test_without_a_cut() -> None:
    assert [FLOW.without(cut) for cut in FLOW.cuts] == [53.0, 50.0, 50.0]


def test_a_cut_behind_which_nothing_is_left() -> None:
    empty = Cutflow("none", ("a", "b"), ("x",), np.array([[4.0, 0.0, 0.0]]), np.zeros((1, 2)))
    assert [row["fraction"] for row in empty.rows()] == [1.0, 0.0, 0.0]


def test_share_of_vetoed_decays_that_stands_for_all_of_them() -> None:
    """One in four followed, the first two rows are estimates; all others are complete."""
    partly = Cutflow("tight", FLOW.cuts, FLOW.components, FLOW.passed, FLOW.only_failed, every=4, estimated=2)
    assert [row["share"] for row in partly.rows()] == [0.25, 0.25, 1.0, 1.0]
    assert [partly.share(step) for step in range(4)] == [0.25, 0.25, 1.0, 1.0]
    assert [row["share"] for row in FLOW.rows()] == [1.0] * 4  # nothing is said: all were followed
    assert (FLOW.every, FLOW.estimated) == (1, 0)
    first = Cutflow("tight", FLOW.cuts, FLOW.components, FLOW.passed, FLOW.only_failed, every=4, estimated=1)
    assert [row["share"] for row in first.rows()] == [0.25, 1.0, 1.0, 1.0]


def test_a_step_that_keeps_less_than_one_event_of_weights() -> None:
    weighted = Cutflow("w", ("a", "b"), ("x",), np.array([[0.5, 0.25, 0.05]]), np.array([[0.1, 0.02]]))
    assert [row["fraction"] for row in weighted.rows()] == pytest.approx([1.0, 0.5, 0.2])
    assert [row["n_minus_one"] for row in weighted.rows()] == pytest.approx([0.05, 0.15, 0.07])
