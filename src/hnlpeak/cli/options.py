"""Options that several commands share."""

from __future__ import annotations

__all__ = ["worker_count"]


def worker_count(given: int | None) -> int:
    """Number of workers; the usable CPUs unless given. Raises ``UsageError`` outside 1 to 1024."""
    from hnlpeak.core.errors import UsageError
    from hnlpeak.execution.run import usable_cpus

    if given is None:
        return usable_cpus()
    if not 1 <= given <= 1024:
        raise UsageError(f"--workers: got {given}, allowed are 1 to 1024")
    return given
