"""Fields of records are attributes in kernels, and in plain Python as well: none is one of NumPy's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hnlpeak.detectors.event import EVENT
from hnlpeak.experiment.setup import SETUP
from hnlpeak.reconstruction.track import TRACK, new_scratch

RECORDS = {"event": EVENT, "set-up": SETUP, "track": TRACK, "scratch": new_scratch().dtype}


def names(dtype: np.dtype[Any]) -> Iterator[str]:
    """Names of fields at all levels."""
    for name, field in (dtype.fields or {}).items():
        yield name
        yield from names(field[0].base)


@pytest.mark.parametrize("record", RECORDS)
def test_no_field_hides_behind_an_attribute_of_numpy(record: str) -> None:
    found = set(names(RECORDS[record]))
    assert found
    assert not found & {*dir(np.record), *dir(np.recarray)}
