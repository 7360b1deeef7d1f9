"""Machine code for a first search, made by several processes at once.

After a fresh installation most of the time of a first run is compilation, on one core: kernel after kernel as they are
called. Here this process and copies of it call them beforehand, each on nothing and each another part; they share the
cache on disk (``core.cache``), whose keys and checksums decide what answers later. What cannot be made ahead is made
when called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.loop import new_buffers
from hnlpeak.chain.shards import (
    CalibrationTask,
    Order,
    ShardSpec,
    ShardTask,
    assumed_of,
    calibrate_task,
    selection_of,
    tally_task,
)
from hnlpeak.core.cache import is_compiled
from hnlpeak.core.measured import Measured
from hnlpeak.estimation.flux import KaonFlux
from hnlpeak.estimation.signal import SignalPoint, signal_model
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.side_by_side import begun, side_by_side
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.columns import column_names
from hnlpeak.limits.scan import scan
from hnlpeak.reconstruction.calibration import N_SUMS, BeamCalibration, accumulate
from hnlpeak.reconstruction.candidates import reconstruct
from hnlpeak.selection.tally import fill
from hnlpeak.simulation.buffers import Buffers
from hnlpeak.simulation.foregone import FOLLOW_ALL, Foregone
from hnlpeak.simulation.generation import Total, draw_and_screen, follow, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import ModeTable, mode_sample
from hnlpeak.simulation.streams import decay_stream
from hnlpeak.spectrum.axis import missing_mass_axis
from hnlpeak.spectrum.spectrum import Spectrum

__all__ = ["PARTS", "compiled_ahead"]

_PATIENCE: Final = 900.0
"""Seconds for which a copy may be silent: what a part takes on a machine that does ten other things."""


_MASSES: Final = 40
"""Intervals of fewer go one by one."""


def _block(analysis: Analysis) -> tuple[int, int, NDArray[Any], ModeTable, Foregone, Any, Buffers]:
    """No decay of a block: what the parts of generation are called with."""
    sample = mode_sample("ahead", analysis.card.samples.calibration_mode, 1)
    rng = decay_stream(1, sample.name, 0)
    return 0, 0, analysis.experiment.setup, sample.table, FOLLOW_ALL, rng, new_buffers(1)


def _screen(analysis: Analysis) -> None:
    draw_and_screen(*_block(analysis))


def _events(analysis: Analysis) -> None:
    """Generation one by one and the response: what they share is read once by who makes both."""
    follow(*_block(analysis), np.zeros(Total.WIDTH, dtype=np.int64))
    respond(0, analysis.experiment.setup, FOLLOW_ALL, decay_stream(1, "ahead", 0), new_buffers(1).block)


def _axis(analysis: Analysis) -> BeamCalibration:
    beam = analysis.experiment.card.beam
    momentum, tx, ty, x, y = (
        Measured(value) for value in (beam.momentum, beam.slope_x, beam.slope_y, beam.x, beam.y)
    )
    return BeamCalibration(momentum, tx, ty, x, y, z_reference=beam.z_reference, events=1, source="the card")


def _order(analysis: Analysis) -> Order:
    names = column_names(analysis.experiment.timed_systems)
    return Order(
        ShardSpec(analysis.experiment.setup, mode_sample("ahead", "kmu2", 1), 1, len(names)),
        assumed_of(analysis.card, _axis(analysis)),
        FOLLOW_ALL,
        selection_of(analysis.card, names),
    )


def _reconstruction(analysis: Analysis) -> None:
    """With the sums of the calibration: both fit tracks."""
    order = _order(analysis)
    buffers = new_buffers(order.spec.columns)
    reconstruct(0, order.spec.frozen_setup(), order.assumed, buffers)
    accumulate(0, analysis.experiment.setup[0], new_buffers(1), np.zeros(N_SUMS, dtype=np.int64))


def _selection(analysis: Analysis) -> None:
    order = _order(analysis)
    fill(0, new_buffers(order.spec.columns).candidates, order.selection, order.empty().counts)


def _few_masses(card: AnalysisCard) -> AnalysisCard:
    """The card with a scan of masses that are enough for all ways to intervals."""
    step = (card.scan.mass_max - card.scan.mass_min) / _MASSES or card.scan.step
    return card.model_copy(update={"scan": card.scan.model_copy(update={"step": step})})


def _statistics(analysis: Analysis) -> None:
    card = _few_masses(analysis.card)
    masses, window = card.scan.masses(), card.scan.window
    points = [SignalPoint(mass, Measured(3.0), Measured(0.1, stat=0.001)) for mass in (masses[0], masses[-1])]
    signal = signal_model(
        {s.name: points for s in card.selections if s.hypotheses}, window=window, source="made up"
    )
    axis = missing_mass_axis(card.channel.meson).regular()
    names = [selection.name for selection in card.selections]
    counts = np.ones((len(names), 1, len(axis)), dtype=np.int64)
    # intervals of nothing have kernels of their own, and so have those that do not begin at zero
    some, peak = np.searchsorted(axis.edges, masses[-18::9])
    counts[:, :, :some] = 0
    counts[:, :, peak] += 100
    data = Spectrum.from_counts(
        counts, selections=names, components=["data"], simulated=True, label="made up", axis=axis
    )
    scan(data, card, signal=signal, flux=KaonFlux(Measured(1e8, stat=1e6)), inputs=None, context=RunContext())


PARTS: dict[str, Callable[[Analysis], None]] = {
    "events": _events,
    "statistics": _statistics,
    "screen": _screen,
    "reconstruction": _reconstruction,
    "selection": _selection,
}
"""What is compiled apart, what takes longest first."""


def _sample_loop(analysis: Analysis) -> None:
    tally_task(ShardTask(_order(analysis), (0, 0)))


def _calibration_loop(analysis: Analysis) -> None:
    calibrate_task(CalibrationTask(_order(analysis).spec, (0, 0)))


def _single_blocks(analysis: Analysis) -> None:
    """Generation as Python calls it, for events one wants to look at."""
    generate(*_block(analysis), np.zeros(Total.WIDTH, dtype=np.int64))


LOOPS: dict[str, Callable[[Analysis], None]] = {
    "samples": _sample_loop,
    "calibration": _calibration_loop,
    "blocks": _single_blocks,
}
"""What joins the parts."""


@contextmanager
def compiled_ahead(analysis: Analysis, workers: int) -> Iterator[Callable[[], None]]:
    """Begin to compile on ``workers`` processes, this one among them, what a search with these cards needs.

    Copies of this process begin at once, this process where it calls what is yielded. Nothing is done where all is
    there, or with one worker. An error is for whoever calls the kernels in earnest.
    """
    if workers < 2 or is_compiled("hnlpeak.chain.loop", "sample_loop"):
        yield lambda: None
        return
    with begun(partial(_call, PARTS, analysis), list(PARTS), workers, patience=_PATIENCE) as join:

        def compiled() -> None:
            join()
            side_by_side(partial(_call, LOOPS, analysis), list(LOOPS), workers, patience=_PATIENCE)

        yield compiled


def _call(wave: dict[str, Callable[[Analysis], None]], analysis: Analysis, part: str) -> None:
    with suppress(Exception):
        wave[part](analysis)
