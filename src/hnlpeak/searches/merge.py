"""The job files of a campaign: looked through, joined to the search that one run would have made."""

from __future__ import annotations

import json
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.card import read_card
from hnlpeak.core.errors import HnlpeakError, InputDataError
from hnlpeak.execution.context import Part, Shards, Store
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.formats.job_file import JobFile, read_job
from hnlpeak.limits.search import Search
from hnlpeak.limits.settings import Lost
from hnlpeak.searches.identity import difference
from hnlpeak.searches.jobs import MAX_JOBS, Job, campaign_identity, job_shards
from hnlpeak.searches.plan import Injection

__all__ = ["Campaign", "JobsStore", "Survey", "campaign", "survey"]

_log = logging.getLogger("hnlpeak")
_DATA = "data"
"""The sample that an exposure is lost of; all others have a fixed size."""


@dataclass(frozen=True)
class Survey:
    """What a folder of job files holds: usable ``jobs`` by index, ``of`` how many, and ``faults`` in words."""

    place: Path
    jobs: Mapping[int, JobFile]
    of: int
    faults: tuple[str, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Indices without a usable file."""
        return tuple(index for index in range(self.of) if index not in self.jobs)


def survey(place: Path) -> Survey:
    """Look through the job files of a folder. ``InputDataError`` where there is no folder or none of them.

    Of several campaigns, that of most files counts, and the other files are faults.
    """
    if not place.is_dir():
        raise InputDataError(f"{place}: no such folder")
    faults: list[str] = []
    found: list[tuple[JobFile, Job]] = []
    for path in sorted(place.glob("job-*.npz"), key=lambda path: (len(path.name), path.name)):
        try:
            file = read_job(path)
            found.append((file, _job(file)))
        except InputDataError as error:
            faults.append(str(error))
    if not found:
        why = f" that can be used: {faults[0]}" if faults else " (job-0-of-N.npz, ...)"
        raise InputDataError(f"{place}: no job file{why}")
    keys = [json.dumps([file.record.get("run"), job.of], sort_keys=True) for file, job in found]
    most = Counter(keys).most_common(1)[0][0]
    first = found[keys.index(most)]
    jobs: dict[int, JobFile] = {}
    for (file, job), key in zip(found, keys, strict=True):
        if key != most:
            faults.append(_foreign(file, job, first))
        elif job.index in jobs:
            faults.append(
                f"{file.path}: holds job {job.index} once more, as {jobs[job.index].path.name} does"
            )
        elif file.path.name != job.file:
            faults.append(f"{file.path}: holds job {job.index} of {job.of}, whose name would be {job.file}")
        else:
            jobs[job.index] = file
    return Survey(place, jobs, first[1].of, tuple(faults))


def _job(file: JobFile) -> Job:
    record = file.record.get("job")
    run = file.record.get("run")
    try:
        job = Job(**record)  # type: ignore[arg-type]
        good = isinstance(run, dict) and 0 <= job.index < job.of <= MAX_JOBS
    except (TypeError, ValueError):
        good = False
    if not good or file.record.get("schema") != 1:
        raise InputDataError(f"{file.path}: no job file of this version")
    return job


def _foreign(file: JobFile, job: Job, first: tuple[JobFile, Job]) -> str:
    why = difference(file.record["run"], first[0].record["run"]).replace(", now ", ", there ")
    parts = [f"one of {job.of} jobs, not of {first[1].of}"] if job.of != first[1].of else []
    words = "; ".join([*parts, *([why] if why else [])])
    return f"{file.path}: of another campaign than {first[0].path.name} ({words})"


@dataclass(frozen=True)
class Campaign:
    """Jobs that belong together, and the analysis, seed and exposure that they are of."""

    survey: Survey
    analysis: Analysis
    seed: int
    kaons: float | None
    inject: Injection | None

    @property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of the job files by name."""
        return {file.path.name: file.seal for _, file in sorted(self.survey.jobs.items())}

    def store(self, inner: Store) -> JobsStore:
        """Return a ``Store`` that has what the jobs have done; ``inner`` keeps what is made anew."""
        return JobsStore(self.survey, inner)

    def marked(self, search: Search) -> Search:
        """Return ``search`` with what is lost of it in its result."""
        exposure = search.result.exposure
        if not self.survey.missing or exposure is None or exposure.decays is None:
            return search
        wanted = self.kaons or self.analysis.card.exposure.decays
        lost = Lost(self.survey.missing, self.survey.of, 1.0 - exposure.decays / wanted)
        return replace(search, result=replace(search.result, exposure=replace(exposure, lost=lost)))


def campaign(place: Path, *, allow_missing: bool) -> Campaign:
    """Return the campaign whose job files are in ``place``.

    ``InputDataError`` for a file that cannot be used, jobs that are missing (unless allowed), and jobs made by another
    version than this one.
    """
    found = survey(place)
    if found.faults:
        more = f" (and {len(found.faults) - 1} more: hnlpeak shard status lists them)"
        raise InputDataError(found.faults[0] + (more if len(found.faults) > 1 else ""))
    if found.missing and not allow_missing:
        some = ", ".join(str(index) for index in found.missing[:20]) + (
            ", ..." if len(found.missing) > 20 else ""
        )
        raise InputDataError(
            f"{place}: {len(found.missing)} of {found.of} jobs are missing ({some}): do them, or --allow-missing "
            "gives a partial result"
        )
    record = next(iter(found.jobs.values())).record
    made = _campaign(found, record)
    here = campaign_identity(made.analysis, made.seed, made.kaons, made.inject)
    other = difference(record["run"], here)
    if other:
        raise InputDataError(f"{place}: its jobs were done by another version than this one ({other})")
    if len({json.dumps(file.record.get("beam")) for file in found.jobs.values()}) > 1:
        _log.warning(
            "the jobs in %s were done on machines that round differently: the result is good, "
            "but the same jobs elsewhere may differ from it by a few events",
            place,
        )
    return made


def _campaign(found: Survey, record: Mapping[str, Any]) -> Campaign:
    run = record["run"]
    try:
        inject = None if run["inject"] is None else Injection(*run["inject"])
        return Campaign(found, _analysis(*record["cards"]), int(run["seed"]), run["kaons"], inject)
    except (KeyError, TypeError, ValueError, HnlpeakError) as error:
        raise InputDataError(f"{found.place}: its jobs hold no campaign of this version ({error})") from error


def _analysis(text: str, experiment: str) -> Analysis:
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "analysis.toml", Path(folder) / "experiment.toml"
        for file, content in zip(files, (text, experiment), strict=True):
            file.write_bytes(content.encode())
        card, _, _ = read_card(AnalysisCard, files[0], folder="analyses")
        return Analysis(card, load_experiment(files[1]), text)


class JobsStore:
    """A ``Store`` over the job files of a campaign.

    Shards of the data whose job is missing are left out; those of other samples, which have a fixed size, are made
    anew, as ``inner`` cuts them.
    """

    def __init__(self, found: Survey, inner: Store) -> None:
        self._survey, self._inner = found, inner
        self._files: dict[Part, JobFile] = {}

    def parts(self, sample: str, shards: Shards) -> Iterator[tuple[Part, Shards]]:
        """The shards of each job that is there, then those that are to be made anew."""
        for index in range(self._survey.of):
            mine = job_shards(Job(index, self._survey.of), sample, shards)
            if not mine:
                continue
            file = self._survey.jobs.get(index)
            if file is not None:
                part = Part(sample, mine[0][0], len(mine), sum(decays for _, decays in mine))
                if part._asdict() not in file.record["parts"]:
                    raise InputDataError(f"{file.path}: lacks shards of the sample {sample!r}")
                self._files[part] = file
                yield part, mine
            elif sample.split("/", maxsplit=1)[0] != _DATA:
                yield from self._inner.parts(sample, mine)

    def load(self, part: Part) -> Mapping[str, NDArray[np.int64]] | None:
        """The arrays of a part from its job file, or from the inner store."""
        file = self._files.get(part)
        return self._inner.load(part) if file is None else file.arrays(part.sample)

    def save(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        """Keep what was made anew."""
        if part in self._files:
            raise InputDataError(f"{self._files[part].path}: has other arrays for the sample {part.sample!r}")
        self._inner.save(part, arrays)
