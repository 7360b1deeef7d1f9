"""Results with other numbers in some of their columns, as if a file said so."""

from __future__ import annotations

from typing import Any

from hnlpeak.core.records import plain
from hnlpeak.limits.result import SearchResult


def with_columns(result: SearchResult, **columns: Any) -> SearchResult:
    record = result.to_dict()
    return SearchResult.from_record(
        {**record, "columns": {**record["columns"], **plain(columns)}}, "a changed result"
    )
