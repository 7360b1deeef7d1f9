"""Events that no selection can take, known before they are simulated to the end.

A signal in a veto, a cluster besides the track's or a track too many stays what it is, whatever the rest of the event
does. Photons fly first, and an event is left as soon as it is lost; one in ``every`` is followed to the end all the
same and counted ``every`` times, so that the rows of the cut-flow before the last veto stay unbiased. What is selected
is never touched: the numbers of a decay belong to it alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import MAX_SYSTEMS, Record
from hnlpeak.detectors.shape import surely_inside
from hnlpeak.theory.species import CHARGE, Species

__all__ = [
    "FOLLOW_ALL",
    "Foregone",
    "goes_on",
    "is_foregone",
    "is_within_bounds",
    "photons_lose",
    "reach_of_track",
]

_MANY = 1_000_000
_SCATTERED = 1e6  # mm MeV
_LARGE_KICK = 0.01  # of the momentum
_NOT_SOFT, _NOT_STIFF = 2.0, 0.9  # times the least and the largest momentum of good tracks
_BEFORE_END = 20e3  # mm


class Foregone(NamedTuple):
    """What fails in all selections.

    A signal of a system less than ``windows`` [system] (ns, 0 for none) from the track's time; more than
    ``most_tracks`` tracks; a cluster above ``extra`` (MeV) further than ``apart`` (mm) from the track. One event in
    ``every`` is followed to the end all the same. ``blur`` (ns) is the most that a track's time may be from 0,
    ``moved`` (mm) the most that a merger may move a cluster by.
    """

    windows: NDArray[np.float64]
    most_tracks: int
    extra: float
    apart: float
    every: int
    blur: float
    moved: float


FOLLOW_ALL = Foregone(np.zeros(MAX_SYSTEMS), _MANY, np.inf, np.inf, 1, 0.0, 0.0)
"""Nothing is foregone."""


@inlined
def _vetoed(setup: Record, event: Record, foregone: Foregone, t_track: float, blur: float) -> bool:
    """True for a signal that vetoes a track at this time, known up to ``blur``."""
    for s in range(setup.n_timed):
        system = setup.timed[s]
        window = foregone.windows[system]
        if window > 0.0:
            for n in range(event.n_times[system]):
                if abs(event.times[system, n] - t_track) < window - blur:
                    return True
    return False


@inlined
def _stays_accepted(setup: Record, cluster: Record, moved: float) -> bool:
    """True for a cluster where clusters count, wherever a merger moves it."""
    if setup.cluster_acceptance > 0.0:
        planes = setup.acceptance
        for n in range(planes.n):
            at_clusters = planes.z[n] == setup.calorimeter_z
            if at_clusters and not surely_inside(planes.params[n], cluster.x, cluster.y, moved):
                return False
    return True


@inlined
def _counts(setup: Record, cluster: Record, foregone: Foregone, t_track: float, blur: float) -> bool:
    return bool(
        cluster.energy > foregone.extra
        and cluster.energy > setup.cluster_threshold
        and abs(cluster.time - t_track) < setup.cluster_window - blur
        and _stays_accepted(setup, cluster, foregone.moved)
    )


@inlined
def reach_of_track(apart: float, turned: float, p: float) -> float:
    """Clusters further than this (mm) from a particle's course are ``apart`` from its track, whatever matter does."""
    return float(apart + (_SCATTERED + turned) / p)


@inlined
def _has_extra(setup: Record, event: Record, foregone: Foregone, particle: Record, blur: float) -> bool:
    """True for a cluster far from where a track of the particle leads, and from its undeflected line if it has a zone.

    What decays in flight may lead anywhere, and an electron that radiates to any x: the kick of its smaller momentum
    is larger. ``_SCATTERED`` over the momentum is a dozen times what matter does.
    """
    line = particle.segments[0]
    if particle.n_segments > 1:
        return False
    z = setup.calorimeter_z
    x, y = line.x + line.tx * (z - line.z), line.y + line.ty * (z - line.z)
    kick = CHARGE[line.species] * setup.magnet_kick / line.p * (z - setup.magnet_z)
    turned = (abs(event.kick_x) + abs(event.kick_y)) * (z - line.z)
    apart = reach_of_track(foregone.apart + foregone.moved, turned, line.p)
    radiates = line.species in (Species.POSITRON, Species.ELECTRON) or abs(event.kick_p) > _LARGE_KICK
    lined = setup.undeflected_zone > 0.0
    for j in range(event.n_clusters):
        cluster = event.clusters[j]
        dx, dy = cluster.x - x, cluster.y - y
        turned2 = (dx - kick) ** 2
        beside2 = 0.0 if radiates else (min(dx * dx, turned2) if lined else turned2)
        if beside2 + dy * dy > apart * apart and _counts(setup, cluster, foregone, particle.t_track, blur):
            return True
    return False


@inlined
def is_within_bounds(good: Record, p: float, z: float) -> bool:
    """True where the track of what begins with the momentum ``p`` (MeV) at ``z`` (mm) is surely within their bounds."""
    return bool(
        good.chosen == 0
        or (
            _NOT_SOFT * good.momentum_min < p < _NOT_STIFF * good.momentum_max
            and good.z_min + _BEFORE_END < z < good.z_max - _BEFORE_END
        )
    )


@inlined
def _surely_a_track(setup: Record, particle: Record) -> bool:
    """True for a particle in enough chambers whose track counts, where good ones alone do.

    Seen in all chambers, it comes from the decay itself, is neither soft nor stiff, and no electron, which may radiate
    most of its momentum.
    """
    line = particle.segments[0]
    if particle.n_chambers < min(setup.min_chambers, setup.n_chambers - 1):
        return False
    if setup.good_track.chosen == 0:
        return True
    return bool(
        particle.n_segments == 1
        and particle.n_chambers == setup.n_chambers
        and line.species not in (Species.POSITRON, Species.ELECTRON)
        and is_within_bounds(setup.good_track, line.p, line.z)
    )


@inlined
def _may_be_a_track(setup: Record, particle: Record) -> bool:
    """False for what begins so late that too few chambers are left: pairs, mostly."""
    line = particle.segments[0]
    if CHARGE[line.species] == 0.0:
        return False
    ahead = 0
    for c in range(setup.n_chambers):
        ahead += setup.chamber_z[c] > line.z
    return bool(ahead >= setup.min_chambers)


@inlined
def _lost(setup: Record, event: Record, foregone: Foregone, blur: float) -> bool:
    """True where each track that the event may get meets a veto or a cluster apart."""
    charged = 0
    for k in range(event.n_particles):
        particle = event.particles[k]
        if not _may_be_a_track(setup, particle):
            continue
        charged += 1
        if not _vetoed(setup, event, foregone, particle.t_track, blur) and not _has_extra(
            setup, event, foregone, particle, blur
        ):
            return False
    return charged > 0


@inlined
def photons_lose(setup: Record, event: Record, foregone: Foregone) -> bool:
    """True where the photons alone lose the event, whatever its tracks and their times will be."""
    return _lost(setup, event, foregone, foregone.blur)


@inlined
def is_foregone(setup: Record, event: Record, foregone: Foregone) -> bool:
    """True where no track that the event may yet get can be selected."""
    if event.followed > 0 or foregone.every == 1:
        return False
    tracks = 0
    for k in range(event.n_particles):
        tracks += _surely_a_track(setup, event.particles[k])
    return tracks > foregone.most_tracks or _lost(setup, event, foregone, 0.0)


@inlined
def goes_on(foregone: Foregone, event: Record) -> bool:
    """False where a lost event is left; one in ``every`` goes on for all of them."""
    if event.number % foregone.every != 0:
        return False
    event.weight *= foregone.every
    event.followed = 1
    return True
