"""What each detector sees of tracks whose truth is known: e+, mu+ and pi+ of kaon decays, without a trigger.

Tracks are those in the acceptance, of decays with one charged daughter that flies straight to the end; halo muons are
looked at where they cross the first chamber.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.blocks import blocks
from hnlpeak.chain.shards import ShardSpec, assumed_of
from hnlpeak.core.errors import UsageError
from hnlpeak.core.measured import Measured
from hnlpeak.execution.context import RunContext
from hnlpeak.experiment.analysis import Analysis
from hnlpeak.experiment.columns import ABSENT_TIME, column_names
from hnlpeak.experiment.experiment import Experiment, build_setup
from hnlpeak.experiment.selection_card import Cut
from hnlpeak.reconstruction.calibration import BeamCalibration
from hnlpeak.searches.companions import packed_halo
from hnlpeak.simulation.sample import Sample, halo_sample, mode_sample
from hnlpeak.simulation.streams import shard_sizes
from hnlpeak.theory.species import CHARGE, Species

__all__ = [
    "IN_TIME",
    "PARTICLES",
    "DetectorViews",
    "Tracks",
    "cut_efficiencies",
    "detector_views",
    "seen_in_time",
    "tag_times",
]

PARTICLES = {"e+": "ke2", "mu+": "kmu2", "pi+": "pipi0"}
"""Charged daughters that are looked at, and the decay that they come from."""
IN_TIME = 5.0
"""Distance in time (ns) within which a signal belongs to a track."""
_MOST = 2_000_000

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Tracks of one kind: momentum (MeV) and place z (mm) at the decay, radius of the ring (mm), and all columns."""

    true_p: Vector
    true_z: Vector
    ring: Vector
    columns: Mapping[str, Vector]

    @property
    def residuals(self) -> Vector:
        """p / p_true - 1."""
        return self.columns["p_mev"] / self.true_p - 1.0

    @property
    def vertex_errors(self) -> Vector:
        """Reconstructed less true z of the decay, mm."""
        return self.columns["z_vtx_mm"] - self.true_z


@dataclass(frozen=True, eq=False)
class DetectorViews:
    """Tracks by particle; x and y (mm) of halo muons at the first chamber, None without a halo; the ring's kind.

    ``halo_columns`` are those of the halo's candidates, ``timed`` the systems whose times they have.
    """

    experiment: str
    tracks: Mapping[str, Tracks]
    halo: tuple[Vector, Vector] | None
    halo_columns: Mapping[str, Vector] | None
    timed: tuple[str, ...]
    chamber: str
    has_ring: bool
    tagger: str | None


def detector_views(analysis: Analysis, context: RunContext, *, decays: int) -> DetectorViews:
    """Simulate ``decays`` of each particle, and as many halo muons. ``UsageError`` for more than two million."""
    if not 100 <= decays <= _MOST:
        raise UsageError(f"-n: got {decays}, allowed are 100 to {_MOST} decays (tracks are held in memory)")
    experiment = _open(analysis.experiment.periods[0])
    setup = experiment.setup[0]
    found = {
        name: _tracks(mode_sample(f"views/{mode}", mode, decays), experiment, analysis, context)
        for name, mode in PARTICLES.items()
    }
    tagger = int(setup["tag_system"])
    chambers = next(d for d in experiment.card.detectors if d.kind == "spectrometer")
    halo = _halo(analysis, experiment, context, decays)
    return DetectorViews(
        experiment.card.name,
        found,
        None if halo is None else halo[0],
        None if halo is None else halo[1],
        tuple(experiment.timed_systems),
        str(chambers.chambers[0].name),  # type: ignore[attr-defined]
        bool(setup["has_ring"]),
        experiment.card.systems()[tagger].lower() if tagger >= 0 else None,
    )


def _open(experiment: Experiment) -> Experiment:
    """The same apparatus without a trigger."""
    card = experiment.card.model_copy(update={"trigger": []})
    return replace(experiment, card=card, setup=build_setup(card))


def _axis(experiment: Experiment) -> BeamCalibration:
    beam = experiment.card.beam
    values = [Measured(value) for value in (beam.momentum, beam.slope_x, beam.slope_y, beam.x, beam.y)]
    return BeamCalibration(values[0], values[1], values[2], values[3], values[4], beam.z_reference, 1, "card")


def _tracks(sample: Sample, experiment: Experiment, analysis: Analysis, context: RunContext) -> Tracks:
    names = column_names(experiment.timed_systems)
    spec = ShardSpec(experiment.setup, sample, context.seed, len(names))
    assumed = assumed_of(analysis.card, _axis(experiment))
    true, z, ring, parts = [], [], [], [np.zeros((len(names), 0))]
    for shard in enumerate(shard_sizes(sample.decays)):
        for block in blocks(spec, assumed, shard):
            rows = np.searchsorted(block.events["number"], block.candidates[names.index("number")])
            first = block.events["particles"][rows, 0]
            kept = (first["n_segments"] == 1) & (block.candidates[names.index("n_tracks")] == 1)
            kept &= block.candidates[names.index("in_acceptance")] == 1
            kept &= CHARGE[first["segments"]["species"][:, 0]] > 0.0
            true.append(first["segments"]["p"][kept, 0].copy())
            z.append(block.events["z_decay"][rows][kept])
            ring.append(first["r_ring"][kept].copy())
            parts.append(block.candidates[:, kept].copy())
    table = np.concatenate(parts, axis=1)
    columns = dict(zip(names, table, strict=True))
    return Tracks(np.concatenate(true), np.concatenate(z), np.concatenate(ring), columns)


def _halo(
    analysis: Analysis, experiment: Experiment, context: RunContext, muons: int
) -> tuple[tuple[Vector, Vector], Mapping[str, Vector]] | None:
    """Where muons cross the first chamber, and the columns of the candidates that they make."""
    if experiment.card.halo is None:
        return None
    sample = halo_sample("views/halo", packed_halo(analysis), muons)
    names = column_names(experiment.timed_systems)
    spec = ShardSpec(experiment.setup, sample, context.seed, len(names))
    z = float(experiment.setup[0]["chamber_z"][0])
    x, y, parts = [], [], [np.zeros((len(names), 0))]
    for block in blocks(spec, assumed_of(analysis.card, _axis(experiment)), (0, muons)):
        muon = block.events["particles"]["segments"][:, 0, 0]
        muon = muon[muon["species"] == Species.MUON_PLUS]
        x.append(muon["x"] + muon["tx"] * (z - muon["z"]))
        y.append(muon["y"] + muon["ty"] * (z - muon["z"]))
        parts.append(block.candidates.copy())
    columns = dict(zip(names, np.concatenate(parts, axis=1), strict=True))
    return (np.concatenate(x), np.concatenate(y)), columns


def cut_efficiencies(analysis: Analysis, tracks: Tracks, edges: Vector) -> dict[str, tuple[Vector, Vector]]:
    """Shares of ``tracks`` that pass each cut on what a detector identifies or vetoes, in bins of momentum (MeV).

    Values and binomial errors by the name of the cut, NaN in empty bins.
    """
    places = np.digitize(tracks.columns["p_mev"], edges) - 1
    inside = (places >= 0) & (places < edges.size - 1)
    of = np.bincount(places[inside], minlength=edges.size - 1).astype(float)
    found = {}
    for cut in (cut for cut in analysis.card.cuts if _identifies(cut)):
        (low, *_), (high, *_) = cut.bounds()
        values = tracks.columns[cut.column]
        passes = inside & (values >= low) & (values <= high)
        n = np.bincount(places[passes], minlength=edges.size - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = n / of
            found[cut.name] = share, np.sqrt(share * (1.0 - share) / of)
    return found


_OF_TRACKS = ("n_tracks", "charge", "chi2", "p_mev", "z_vtx_mm", "cda_mm", "theta_rad", "in_acceptance")


def _identifies(cut: Cut) -> bool:
    return cut.column not in _OF_TRACKS and cut.by is None


def seen_in_time(columns: Mapping[str, Vector], systems: Sequence[str]) -> dict[str, float]:
    """Shares of the candidates with a signal of each system within ``IN_TIME`` of their track; accidental ones too."""
    times = {system: columns[f"dt_{system.lower()}_ns"] for system in systems}
    return {system: float(np.mean(t < IN_TIME)) if t.size else 0.0 for system, t in times.items()}


def tag_times(tracks: Tracks, tagger: str) -> Vector:
    """Distances in time of the tag from the track, ns, of tracks with a tag."""
    times = tracks.columns[f"dt_{tagger}_ns"]
    return times[times < ABSENT_TIME]
