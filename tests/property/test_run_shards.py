"""A sample does not depend on workers, parts or interruptions; here with small shards, so that there are many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hnlpeak.chain import parts
from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import SampleResult, run_sample
from hnlpeak.execution.context import Part, RunContext, Shards
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.simulation import streams
from hnlpeak.simulation.sample import background_sample, mode_sample

pytestmark = pytest.mark.faults


class Memory:
    """Keeps parts, forgets those in ``lost`` and stops after ``most`` new ones."""

    def __init__(self, most: int) -> None:
        self.kept: dict[Part, dict[str, NDArray[np.int64]]] = {}
        self.most = most

    def parts(self, sample: str, shards: Shards) -> Iterator[tuple[Part, Shards]]:
        return parts.in_parts(sample, shards)

    def load(self, part: Part) -> Mapping[str, NDArray[np.int64]] | None:
        return self.kept.get(part)

    def save(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        self.kept[part] = dict(arrays)
        self.most -= 1
        if self.most == 0:
            raise KeyboardInterrupt


def same(a: SampleResult, b: SampleResult) -> bool:
    spectra = [np.asarray(r.spectrum.histogram.view()).tobytes() for r in (a, b)]
    flows = [b"".join(f.passed.tobytes() + f.only_failed.tobytes() for f in r.cutflows) for r in (a, b)]
    numbers = [(r.decays, r.decays_in_fiducial, r.triggered) for r in (a, b)]
    return spectra[0] == spectra[1] and flows[0] == flows[1] and numbers[0] == numbers[1]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return load_analysis("na62-2015-ke2")


@pytest.fixture(scope="module")
def beam(analysis: Analysis) -> BeamCalibration:
    return calibrate(mode_sample("calibration", "pi3", 20_000), analysis.experiment, RunContext(seed=1))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**64 - 1),
    decays=st.integers(2_500, 6_000),
    workers=st.integers(2, 5),
    stop=st.integers(1, 3),
    weighted=st.booleans(),
)
def test_the_sum_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
    analysis: Analysis,
    beam: BeamCalibration,
    seed: int,
    decays: int,
    workers: int,
    stop: int,
    weighted: bool,
) -> None:
    monkeypatch.setattr(streams, "SHARD_DECAYS", 1_000)
    monkeypatch.setattr(parts, "PART_SHARDS", 1)
    if weighted:
        sample = mode_sample("template/ke3", "ke3", decays, forced_loss=0.3)
    else:
        sample = background_sample("data", analysis.card.samples.background_modes, decays)

    def result(**options: object) -> SampleResult:
        return run_sample(sample, analysis.experiment, analysis.card, beam, RunContext(seed=seed, **options))  # type: ignore[arg-type]

    straight = result()
    assert straight.decays == decays
    assert same(result(workers=workers), straight)
    memory = Memory(stop)
    if stop < len(streams.shard_sizes(decays)):
        with pytest.raises(KeyboardInterrupt):
            result(store=memory, workers=workers)
        assert len(memory.kept) == stop
    memory.most = -1
    assert same(result(store=memory, workers=workers), straight)
