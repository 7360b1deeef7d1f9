"""Where tasks run, by the name that a user gives: threads, processes, or a cluster of Dask."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

from hnlpeak.core.errors import HnlpeakError, UsageError
from hnlpeak.execution.renewable import processes

__all__ = ["scheduler"]

_SCHEMES = ("tcp://", "tls://", "ucx://", "inproc://")
_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
}
"""What a cluster of our own leaves out: every 10 to 20 ms each of its processes looks at itself, and nobody reads it.

That takes CPU time in proportion to the time that passes, whatever the tasks do.
"""


@contextlib.contextmanager
def scheduler(name: str, workers: int) -> Iterator[Executor | None]:
    """Yield the executor ``name`` with ``workers`` workers: ``threads`` (None), ``processes``, ``local`` or an address.

    ``local`` starts a Dask cluster on this machine, an address (tcp://host:port) takes one that is there. Raises
    ``UsageError`` for another name or where Dask is not installed, ``HnlpeakError`` where nothing answers.
    """
    if name == "threads":
        yield None
    elif name == "processes":
        pool = processes(workers)
        done = False
        try:
            yield pool
            done = True
        finally:
            pool.shutdown(wait=done, cancel_futures=True)
    elif name == "local" or name.startswith(_SCHEMES):
        with _client(name, workers) as client:
            yield client.get_executor(pure=False)
    else:
        raise UsageError(
            f"--scheduler: got {name!r}, allowed are threads, processes, local and the address of a Dask scheduler"
        )


def _client(name: str, workers: int) -> Any:
    try:
        import distributed
    except ImportError:
        raise UsageError(
            f"--scheduler {name}: needs Dask; install it with: pip install 'hnlpeak[dask]'"
        ) from None
    client: Any = distributed.Client  # without types in some versions
    try:
        if name == "local":
            import dask

            with dask.config.set(_QUIET):  # workers take the settings along
                return client(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        return client(name, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise HnlpeakError(f"--scheduler {name}: no Dask scheduler answers ({error})") from error
