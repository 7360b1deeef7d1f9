"""A search in jobs for a batch farm: each does some shards of every sample and leaves one file.

Shard s of the S of a sample belongs to job (s N // S + crc32(sample)) mod N: the shards of a job follow one another,
and samples of few shards are spread over the jobs.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.parts import add_arrays
from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.execution.context import Part, RunContext, Shards, Store
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.formats.job_file import read_job, write_job
from hnlpeak.searches.identity import Identity, difference, identity
from hnlpeak.searches.lock import locked
from hnlpeak.searches.periods import shared_out
from hnlpeak.searches.places import check_place
from hnlpeak.searches.plan import Injection, Plan, plan
from hnlpeak.searches.samples import calibrated
from hnlpeak.searches.store import FolderStore
from hnlpeak.simulation.streams import shard_sizes

__all__ = ["MAX_JOBS", "Job", "JobStore", "campaign_identity", "job_decays", "job_shards", "run_job"]

MAX_JOBS = 100_000


@dataclass(frozen=True)
class Job:
    """Job ``index`` of ``of`` (from 0)."""

    index: int
    of: int

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"job-{self.index}-of-{self.of}.npz"

    def check(self) -> None:
        """Raise ``UsageError`` for a job that cannot be."""
        if not 1 <= self.of <= MAX_JOBS:
            raise UsageError(f"--of: got {self.of}, allowed are 1 to {MAX_JOBS} jobs")
        if not 0 <= self.index < self.of:
            raise UsageError(f"--index: got {self.index}, jobs of {self.of} are numbered 0 to {self.of - 1}")


def job_shards(job: Job, sample: str, shards: Shards) -> Shards:
    """Return those ``shards`` (all of a sample) that belong to ``job``."""
    total = len(shards)
    turn = (job.index - zlib.crc32(sample.encode())) % job.of
    return shards[-(-turn * total // job.of) : -(-(turn + 1) * total // job.of)]


def job_decays(job: Job, todo: Plan, analysis: Analysis) -> int:
    """Decays that ``job`` has to simulate, with the two samples of the calibration that each job needs."""
    total = 2 * todo.calibration.decays
    for sample in todo.samples:
        for part in shared_out(sample, analysis.experiment):
            shards = list(enumerate(shard_sizes(part.decays)))
            total += sum(decays for _, decays in job_shards(job, part.name, shards))
    return total


def campaign_identity(
    analysis: Analysis, seed: int, kaons: float | None, inject: Injection | None
) -> Identity:
    """Return what all jobs of one campaign share."""
    settings = {"kaons": kaons, "inject": None if inject is None else [inject.mass, inject.u2]}
    return identity(analysis, seed, {}, settings)


class JobStore:
    """The ``Store`` of one job: its shards alone; parts are kept in another one.

    ``sums`` are all shards of each sample that were done, as one part.
    """

    def __init__(self, job: Job, parts: Store) -> None:
        self._job, self._parts = job, parts
        self.sums: dict[str, tuple[Part, Mapping[str, NDArray[np.int64]]]] = {}

    def parts(self, sample: str, shards: Shards) -> Iterable[tuple[Part, Shards]]:
        """The parts of those shards that are this job's."""
        return self._parts.parts(sample, job_shards(self._job, sample, shards))

    def load(self, part: Part) -> Mapping[str, NDArray[np.int64]] | None:
        """The arrays of a part that was done before."""
        arrays = self._parts.load(part)
        if arrays is not None:
            self._add(part, arrays)
        return arrays

    def save(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        """Keep the arrays of a part."""
        self._parts.save(part, arrays)
        self._add(part, arrays)

    def _add(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        before = self.sums.get(part.sample)
        if before is not None:
            done, total = before
            arrays = add_arrays(total, arrays)
            part = Part(
                part.sample,
                min(done.first, part.first),
                done.shards + part.shards,
                done.decays + part.decays,
            )
        self.sums[part.sample] = part, arrays


def run_job(
    place: Path,
    analysis: Analysis,
    job: Job,
    *,
    kaons: float | None,
    inject: Injection | None,
    context: RunContext,
    overwrite: bool = False,
) -> Path:
    """Do ``job`` and leave its file in the folder ``place``; returns its path.

    A job whose file is there is not done again; one that was interrupted goes on from its finished parts. Raises
    ``UsageError`` for a job that cannot be and for the file of another campaign, ``HnlpeakError`` where the folder
    cannot be written.
    """
    job.check()
    check_place(place)
    belongs = campaign_identity(analysis, context.seed, kaons, inject)
    path, work = place / job.file, place / f".{job.file.removesuffix('.npz')}"
    if not overwrite and _is_done(path, job, belongs):
        return path
    todo = plan(analysis, kaons=kaons, inject=inject)
    try:
        with locked(work):
            store = JobStore(job, FolderStore(work, belongs))
            beam = _simulate(analysis, todo, replace(context, store=store))
            sums = dict(sorted(store.sums.items()))  # samples are done in no order of their own
            record = {
                "schema": 1,
                "job": asdict(job),
                "run": belongs,
                "cards": [analysis.text, analysis.experiment.text],
                "beam": beam,
                "parts": [part._asdict() for part, _ in sums.values()],
            }
            arrays = {(s, name): a for s, (_, kept) in sums.items() for name, a in kept.items()}
            write_job(path, record, arrays)
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise HnlpeakError(f"{place}: cannot be used for results ({error.strerror or error})") from error
    except BaseException as error:
        if any(work.glob("[!.]*.part")):
            error.add_note(f"finished parts are kept in {work}; the same command resumes from them")
        raise
    return path


def _simulate(analysis: Analysis, todo: Plan, context: RunContext) -> list[list[float]]:
    """Do all samples as far as the store asks for them; returns the mean beam of each period."""
    samples = calibrated(analysis, todo, context)
    samples.together(todo.samples)
    return [calibration.packed().tolist() for calibration in samples.calibrations]


def _is_done(path: Path, job: Job, belongs: Identity) -> bool:
    """Whether the file of this very job is there. ``UsageError`` where it is that of another campaign."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    try:
        found = read_job(path)
    except InputDataError:
        return False  # damaged: it is made again
    if found.record.get("job") != asdict(job) or found.record.get("run") != belongs:
        run: Any = found.record.get("run")
        why = difference(run, belongs) if isinstance(run, dict) else "not a job of this version"
        raise UsageError(
            f"{path}: is a job of another campaign ({why or 'another job'}); give another folder or --overwrite"
        )
    return True
