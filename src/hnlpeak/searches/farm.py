"""Descriptions of arrays of jobs for batch systems."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from hnlpeak.core.errors import UsageError

__all__ = ["SYSTEMS", "farm_text"]

_HTCONDOR = """\
# {of} jobs of one search. Submit with: mkdir -p {place} && condor_submit FILE
# On a file system that the farm does not share, add: transfer_output_files = {place}
# Compile once before: HNLPEAK_CACHE_DIR on a shared disk saves each job two minutes of CPU time.
executable = /usr/bin/env
arguments = "{command}"
request_cpus = {cpus}
request_memory = 1GB
request_disk = 1GB
should_transfer_files = IF_NEEDED
on_exit_remove = ExitCode == 0
max_retries = 3
log = {place}/htcondor.log
error = {place}/job-$(Process).err
queue {of}
"""

_SLURM = """\
#!/bin/sh
# {of} jobs of one search. Submit with: sbatch FILE
# Compile once before: HNLPEAK_CACHE_DIR on a shared disk saves each job two minutes of CPU time.
#SBATCH --job-name=hnlpeak
#SBATCH --array=0-{last}
#SBATCH --cpus-per-task={cpus}
#SBATCH --mem=1G
#SBATCH --requeue
exec {command}
"""

SYSTEMS = {"htcondor": _HTCONDOR, "slurm": _SLURM}
"""Text of the description for each batch system."""
_INDEX = {"htcondor": "$(Process)", "slurm": '"$SLURM_ARRAY_TASK_ID"'}
_CPUS = 2


def farm_text(system: str, analysis: str, *, of: int, place: Path, options: Sequence[str]) -> str:
    """Return the description of ``of`` jobs of ``analysis`` that leave their files in ``place``.

    ``options`` are further words of ``hnlpeak shard run``. ``UsageError`` for a system that is not known and for names
    that its description cannot hold.
    """
    if system not in SYSTEMS:
        raise UsageError(f"batch system: got {system[:40]!r}, allowed are {', '.join(SYSTEMS)}")
    fixed = ["--of", str(of), "-o", str(place), "--workers", str(_CPUS), *options]
    words = ["hnlpeak", "shard", "run", analysis, "--index", "\0", *fixed]
    if system == "htcondor":
        odd = [word for word in words if any(c in word for c in "\"'$ \n\t")]
        if odd:
            raise UsageError(f"{odd[0][:80]!r}: HTCondor takes no quotes, spaces and $ in names")
    quoted = [_INDEX[system] if word == "\0" else shlex.quote(word) for word in words]
    return SYSTEMS[system].format(
        of=of,
        last=of - 1,
        cpus=_CPUS,
        place=place,
        command=" ".join(quoted),
    )
