from __future__ import annotations

import numpy as np
import pytest

from hnlpeak.core.sheet import sheet


@pytest.mark.parametrize("shape", [(0, 0, 0), (3, 4), (15, 6, 45_000)])
def test_a_sheet_is_zeros_to_write_to(shape: tuple[int, ...]) -> None:
    one = sheet(shape)
    assert one.shape == shape
    assert one.dtype == np.int64
    assert not one.any()
    one.reshape(-1)[-1:] = 7
    assert one.sum() == (7 if one.size else 0)
    assert not sheet(shape).any()


def test_what_is_not_written_to_takes_no_memory() -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    large = [sheet((200_000_000,)) for _ in range(10)]  # 16 GB
    for one in large:
        one[::10_000_000] = 1
    assert sum(int(one[:50_000_000:1_000_000].sum()) for one in large) == 50
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
