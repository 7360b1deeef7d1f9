"""A few thousand decays through the whole chain: does anything that the search needs survive the cuts?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hnlpeak.chain.sample_run import SampleResult
from hnlpeak.core.errors import CardError
from hnlpeak.execution.context import Progress, RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.searches.plan import plan
from hnlpeak.searches.samples import calibrated
from hnlpeak.simulation.sample import Sample, mode_sample, signal_sample

__all__ = ["trial"]

_DECAYS = 3000
_CALIBRATION = 20_000


def trial(analysis: Analysis, *, seed: int = 1, progress: Progress | None = None) -> Iterator[str]:
    """Yield a line on each sample that a search needs most: normalisation, lightest and heaviest signal.

    ``progress`` hears of the decays.

    ``CardError`` for one of which nothing is selected, with the cut after which nothing is left.
    """
    card = analysis.card
    calibration = mode_sample("calibration", card.samples.calibration_mode, _CALIBRATION)
    samples = calibrated(
        analysis,
        replace(plan(analysis, kaons=1e4), calibration=calibration),
        RunContext(seed=seed, progress=progress),
    )
    masses = card.scan.masses()
    asked = [
        (card.normalisation.selection, mode_sample("try/normalisation", card.normalisation.mode, _DECAYS))
    ]
    for mass in (masses[0], masses[-1]):
        meson, lepton = card.channel.meson, card.channel.lepton
        signal = signal_sample(f"try/signal/{mass:.6g}", meson, lepton, mass, _DECAYS)
        asked.append((card.selection_of(mass), signal))
    for selection, sample in asked:
        yield _line(samples.run(sample), selection, sample, analysis)


def _line(made: SampleResult, selection: str, sample: Sample, analysis: Analysis) -> str:
    flow = next(flow for flow in made.cutflows if flow.selection == selection)
    passed = flow.passed.sum(axis=0)
    name = sample.name.removeprefix("try/")
    what = f"{name}: {passed[-1]:g} of {made.decays_in_fiducial} decays selected ({selection})"
    if passed[-1] > 0.0:
        return what
    dead = next(
        (cut for cut, left in zip(flow.cuts, passed[1:], strict=True) if left == 0.0), "trigger or track"
    )
    raise CardError(f"{analysis.card.name}: {what}; none is left after {dead!r}")
