"""One search on threads, processes, Dask, interrupted, and in jobs: SHA-256 of result.json, wall and CPU time.

CPU time is that of all processes, so that it holds on a busy machine too.

Run: python bench/bench_executors.py CARD [KAONS]
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("hnlpeak")
RUNS = {
    "threads, 1": ["--workers", "1"],
    "threads, 2": ["--workers", "2"],
    "threads, 8": ["--workers", "8"],
    "processes, 2": ["--workers", "2", "--scheduler", "processes"],
    "Dask, 2": ["--workers", "2", "--scheduler", "local"],
}
JOBS = 3


def call(*arguments: object) -> None:
    done = subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def interrupted(*arguments: object) -> int:
    """Kill the command again and again until it ends by itself; returns how often."""
    kills = 0
    while True:
        process = subprocess.Popen([SCRIPT, *map(str, arguments)], stderr=subprocess.DEVNULL)
        place, before = Path(str(arguments[-1])) / ".unfinished", 0
        before = len(list(place.glob("[!.]*.part")))
        while process.poll() is None and (kills >= 4 or len(list(place.glob("[!.]*.part"))) < before + 2):
            time.sleep(0.02)
        if process.poll() is not None:
            if process.returncode:
                raise SystemExit(f"ended with {process.returncode}")
            return kills
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1


def killed_workers(*arguments: object) -> int:
    """Kill a worker process every few seconds; returns how many."""
    process = subprocess.Popen(
        [SCRIPT, *map(str, arguments), "--scheduler", "processes", "--workers", "2"],
        stderr=subprocess.DEVNULL,
    )
    kills = 0
    while process.poll() is None:
        time.sleep(3.0)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pids = children.read_text("utf-8").split() if children.exists() else []
        workers = [pid for pid in pids if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text("utf-8")]
        if workers and kills < 2:
            os.kill(int(workers[0]), signal.SIGKILL)
            kills += 1
    if process.returncode:
        raise SystemExit(f"ended with {process.returncode}")
    return kills


def line(what: str, place: Path, begun: float, before: float) -> None:
    digest = hashlib.sha256((place / "result.json").read_bytes()).hexdigest()
    used = sum(os.times()[:4]) - before
    print(f"| {what} | `{digest[:16]}` | {time.monotonic() - begun:.1f} | {used:.1f} |", flush=True)


def main(card: str, kaons: str) -> None:
    given = (card, "--seed", "3", "--kaons", kaons)
    print("| executor, workers | SHA-256 of result.json | wall, s | CPU, s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, options) in enumerate(RUNS.items()):
            place, begun, before = Path(folder) / str(number), time.monotonic(), sum(os.times()[:4])
            call("run", *given, *options, "-o", place)
            line(name, place, begun, before)
        place, begun, before = Path(folder) / "killed", time.monotonic(), sum(os.times()[:4])
        kills = interrupted("run", *given, "-o", place)
        line(f"killed {kills} times and resumed", place, begun, before)
        place, begun, before = Path(folder) / "workers", time.monotonic(), sum(os.times()[:4])
        kills = killed_workers("run", *given, "-o", place)
        line(f"processes, {kills} workers killed", place, begun, before)
        place, begun, before = Path(folder) / "merged", time.monotonic(), sum(os.times()[:4])
        for index in range(JOBS):
            call("shard", "run", *given, "--index", index, "--of", JOBS, "-o", Path(folder) / "jobs")
        call("shard", "merge", Path(folder) / "jobs", "-o", place)
        line(f"{JOBS} jobs, merged", place, begun, before)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "2e6")
