"""A sample: what decays, how many, with which random key and which weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from particle import Particle

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.modes import MODES, cocktail
from hnlpeak.theory.species import Species

__all__ = [
    "LEPTONS",
    "ModeTable",
    "Sample",
    "background_sample",
    "enriched_sample",
    "injected_sample",
    "mode_sample",
    "signal_sample",
]

LEPTONS = {"e": Species.POSITRON, "mu": Species.MUON_PLUS}


class ModeTable(NamedTuple):
    """What kernels read: code, cumulative probability and parameters of each mode; source index; forcing."""

    kinds: NDArray[np.int64]
    cumulative: NDArray[np.float64]
    parameters: NDArray[np.float64]
    sources: NDArray[np.int64]
    forced: NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """``decays`` meson decays between ``z_first`` and ``z_last`` of an experiment, under the random key ``name``.

    ``sources`` names the possible sources; each mode of ``table`` points to one. ``forced_decay`` is the share
    of muons made to decay in flight, ``forced_loss`` the share of photons made to go unnoticed; the events
    carry weights that undo both. Zero means natural.
    """

    name: str
    decays: int
    sources: tuple[str, ...]
    table: ModeTable

    @property
    def weighted(self) -> bool:
        """True where events carry weights."""
        return bool(np.any(self.table.forced > 0.0))


def _table(
    kinds: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    parameters: NDArray[np.float64],
    sources: Sequence[int],
    forced: tuple[float, float] = (0.0, 0.0),
) -> ModeTable:
    # the likeliest first: the draw walks through the cumulative sums
    order = np.argsort(-probabilities, kind="stable")
    cumulative = np.cumsum(probabilities[order])
    cumulative[-1] = 1.0
    return ModeTable(
        kinds=kinds[order].astype(np.int64),
        cumulative=cumulative,
        parameters=np.ascontiguousarray(parameters[order]),
        sources=np.array(sources, dtype=np.int64)[order],
        forced=np.array(forced),
    )


def background_sample(name: str, modes: Sequence[str], decays: int) -> Sample:
    """All ``modes`` by branching fraction (normalised to their sum), as in data."""
    mix = cocktail(modes)
    table = _table(mix.kinds, mix.probabilities, mix.parameters, range(len(modes)))
    return Sample(name, decays, tuple(modes), table)


def enriched_sample(name: str, modes: Sequence[str], decays: int, *, mode: str, share: float) -> Sample:
    """As ``background_sample``, with ``mode`` making up the ``share`` (0 to 1) of all decays.

    Raises ``UsageError`` for another share or a mode that is not among ``modes``.
    """
    if mode not in modes or not 0.0 < share < 1.0:
        raise UsageError(
            f"enriched sample: got {mode!r} at a share of {share:g}, need one of {list(modes)} and 0 to 1"
        )
    mix = cocktail(modes)
    probabilities = mix.probabilities.copy()
    place = list(modes).index(mode)
    probabilities[place] = 0.0
    probabilities *= (1.0 - share) / probabilities.sum()
    probabilities[place] = share
    table = _table(mix.kinds, probabilities, mix.parameters, range(len(modes)))
    return Sample(name, decays, tuple(modes), table)


def mode_sample(
    name: str, mode: str, decays: int, *, forced_decay: float = 0.0, forced_loss: float = 0.0
) -> Sample:
    """One background mode alone. Raises ``UsageError`` for an unknown one."""
    if mode not in MODES or mode == "hnl":
        known = ", ".join(key for key in MODES if key != "hnl")
        raise UsageError(f"mode {mode!r} is not known; allowed: {known}")
    record = MODES[mode]
    table = _table(
        np.array([record.kind]), np.ones(1), record.pack()[None, :], [0], (forced_decay, forced_loss)
    )
    return Sample(name, decays, (mode,), table)


def signal_sample(name: str, meson: str, lepton: str, mass: float, decays: int) -> Sample:
    """M+ -> l+ N with N of ``mass`` (MeV). Raises ``UsageError`` where the decay is closed."""
    meson_mass = float(Particle.from_name(meson).mass or 0.0)
    record = MODES["hnl"]
    params = record.pack(meson_mass, LEPTONS[lepton], mass)
    return Sample(
        name, decays, ("signal",), _table(np.array([record.kind]), np.ones(1), params[None, :], [0])
    )


def injected_sample(base: Sample, meson: str, lepton: str, mass: float, fraction: float) -> Sample:
    """``base`` with a ``fraction`` (B(M -> l N)) of the decays replaced by signal, as source ``signal``."""
    if not 0.0 <= fraction < 1.0:
        raise UsageError(f"injected branching fraction {fraction:g} is not in [0, 1)")
    meson_mass = float(Particle.from_name(meson).mass or 0.0)
    record = MODES["hnl"]
    params = record.pack(meson_mass, LEPTONS[lepton], mass)
    table = base.table
    probabilities = np.append(np.diff(table.cumulative, prepend=0.0) * (1.0 - fraction), fraction)
    return Sample(
        base.name,
        base.decays,
        (*base.sources, "signal"),
        _table(
            np.append(table.kinds, record.kind),
            probabilities,
            np.vstack([table.parameters, params]),
            [*table.sources, len(base.sources)],
        ),
    )
