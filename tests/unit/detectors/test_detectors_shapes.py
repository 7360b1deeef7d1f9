"""Shapes side by side in columns say what each says alone."""

from __future__ import annotations

import numpy as np
import pytest

import hits
from hnlpeak.detectors.shape import inside, inside_column


@pytest.mark.parametrize("name", ["na62-2015", "na62-2007"])
def test_a_column_of_the_acceptance_says_what_its_plane_says(name: str) -> None:
    setup = hits.setup(name)[0]
    planes, columns = setup["acceptance"], setup["accepted"]
    number = int(planes["n"])
    assert np.array_equal(columns[0, :number], planes["z"][:number])
    verdicts = []
    for n in range(columns.shape[1]):
        for x, y in np.random.default_rng(n).uniform(-1500.0, 1500.0, size=(60, 2)):
            found = inside_column(columns[1:], n, x, y)
            assert found == (inside(planes["params"][n], x, y) if n < number else True)
            verdicts.append(found)
    assert 0 < np.count_nonzero(verdicts[: 60 * number]) < 60 * number
