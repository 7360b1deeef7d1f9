"""Events that no selection can take, known before they are simulated to the end.

A signal in a veto, a cluster besides the track's or a track too many stays what it is, whatever the rest of the event
does. Photons fly first, and an event is left as soon as it is lost; one in ``every`` is followed to the end all the
same and counted ``every`` times, so that the rows of the cut-flow before the last veto stay unbiased. What is selected
is never touched: the numbers of a decay belong to it alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import MAX_SYSTEMS, Record
from hnlpeak.detectors.shape import outside_column, surely_inside
from hnlpeak.experiment.four_points import curvature, fit_four
from hnlpeak.simulation.aim import NO_AIMS
from hnlpeak.theory.species import CHARGE, Species

__all__ = [
    "FOLLOW_ALL",
    "LEAST_LIGHT",
    "MANY_SIGMA",
    "Foregone",
    "goes_on",
    "is_foregone",
    "is_within_bounds",
    "photons_lose",
    "reach_of_track",
    "stays_out",
]

_MANY = 1_000_000
_SCATTERED = 1e6  # mm MeV
_LARGE_KICK = 0.01  # of the momentum
_NOT_SOFT, _NOT_STIFF = 2.0, 0.9  # times the least and the largest momentum of good tracks
_BEFORE_END = 20e3  # mm
_EDGE = 1e-3
_MOVED = 5.0  # mm: how far the mean beam that is measured may be from the true one
_LEAST_CURVATURE, _LEAST_ANGLE2 = 1e-12, 1e-12
LEAST_LIGHT = 3000.0  # MeV: below, particles are not as light as scattering is taken here
MANY_SIGMA = (
    8.5  # beyond, normal numbers are left out of account; 1 / beta, and what Highland's logarithm adds
)
_PLANES = 8  # planes are asked in multiples of this, in lanes


class Foregone(NamedTuple):
    """What fails in all selections.

    A signal of a system less than ``windows`` [system] (ns, 0 for none) from the track's time; more than
    ``most_tracks`` tracks; a cluster above ``extra`` (MeV) further than ``apart`` (mm) from the track. One event in
    ``every`` is followed to the end all the same. ``blur`` (ns) is the most that a track's time may be from 0,
    ``moved`` (mm) the most that a merger may move a cluster by. ``accepted``: tracks outside of
    the acceptance fail too. ``energies``: what a track's particle leaves in calorimeters is asked by a cut.
    ``aims``: the regions of the search, of tracks taken for particles of ``lepton_mass`` (MeV); see ``simulation.aim``.
    """

    windows: NDArray[np.float64]
    most_tracks: int
    extra: float
    apart: float
    every: int
    blur: float
    moved: float
    accepted: bool
    energies: bool
    aims: NDArray[np.float64]
    lepton_mass: float


FOLLOW_ALL = Foregone(np.zeros(MAX_SYSTEMS), _MANY, np.inf, np.inf, 1, 0.0, 0.0, False, True, NO_AIMS, 0.0)
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
def stays_out(x: float, y: float, tx: float, ty: float, back: float, on: float, radius: float) -> bool:
    """True for a course that stays outside of the ``radius`` from ``back`` before (x, y) to so far ``on`` in z."""
    nearest = -(x * tx + y * ty) / max(tx * tx + ty * ty, _LEAST_ANGLE2)
    way = min(max(nearest, -back), on)
    at_x, at_y = x + tx * way, y + ty * way
    return bool(at_x * at_x + at_y * at_y > radius * radius)


@inlined
def _strays(setup: Record, particle: Record) -> bool:
    """True where the particle's track surely misses a plane of the acceptance, whatever matter does to it.

    Of one that reaches the end without a decay and no electron, which radiates, and stays clear of beam pipes.
    """
    line, first, z = particle.segments[0], setup.chamber_z[0], setup.magnet_z
    light = line.species in (Species.POSITRON, Species.ELECTRON)
    if particle.n_segments > 1 or light or line.z >= first or line.p < LEAST_LIGHT:
        return False
    x, y = line.x + line.tx * (z - line.z), line.y + line.ty * (z - line.z)
    kick = CHARGE[line.species] * setup.magnet_kick / line.p * math.sqrt(1.0 + line.tx**2 + line.ty**2)
    inverse = 1.0 / math.sqrt(max(1.0 - kick * (2.0 * line.tx + kick), 0.5))
    tx, ty = (line.tx + kick) * inverse, line.ty * inverse
    per_momentum, to_last = MANY_SIGMA / line.p, setup.chamber_z[setup.n_chambers - 1] - z
    if setup.pipe_radius > 0.0:
        radius = setup.pipe_radius + _MOVED + per_momentum * setup.strayed_last
        before = stays_out(x, y, line.tx, line.ty, z - max(setup.pipe_first, line.z), 0.0, radius)
        if not (before and stays_out(x, y, tx, ty, 0.0, to_last, radius)):
            return False
    planes, shapes, strayed, missed = setup.accepted[0], setup.accepted[1:], setup.strayed, 0
    for n in range(-(-setup.acceptance.n // _PLANES) * _PLANES):
        back, on = min(planes[n], z) - z, max(planes[n] - z, 0.0)
        at_x, at_y = x + line.tx * back + tx * on, y + line.ty * back + ty * on
        missed += outside_column(shapes, n, at_x, at_y, _MOVED + per_momentum * strayed[n])
    return missed > 0


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
def _may_count(setup: Record, particle: Record) -> bool:
    """True for a particle seen in enough chambers for a track that counts, if good ones alone do."""
    return bool(particle.n_chambers >= min(setup.min_chambers, setup.n_chambers - 1))


@inlined
def _surely_good(setup: Record, particle: Record) -> bool:
    """True where reconstruction will surely find the particle's track within the bounds of good ones.

    Its own fit, with margins for the mean beam that will be measured.
    """
    good, beam = setup.good_track, setup.beam
    if not setup.four_points.usable or particle.n_chambers < setup.n_chambers or setup.tracker_installed:
        return False
    lines = fit_four(setup, particle.hits)
    curved = abs(curvature(lines.tx, lines.ty, lines.bend, setup.magnet_kick))
    p = setup.momentum_scale / max(curved, _LEAST_CURVATURE)
    z = setup.chamber_z[0]
    ux, uy = lines.tx - beam.slope_x, lines.ty - beam.slope_y
    wx = lines.x - beam.x - beam.slope_x * (z - beam.z_reference)
    wy = lines.y - beam.y - beam.slope_y * (z - beam.z_reference)
    angle2, along = max(ux * ux + uy * uy, _LEAST_ANGLE2), wx * ux + wy * uy
    z_near, room = z - along / angle2, _MOVED / math.sqrt(angle2)
    return bool(
        lines.chi2_x >= 0.0
        and lines.chi2_y >= 0.0
        and (1.0 + _EDGE) * good.momentum_min < p < (1.0 - _EDGE) * good.momentum_max
        and wx * wx + wy * wy - along * along / angle2 < max(good.closest_approach - _MOVED, 0.0) ** 2
        and good.z_min + room < z_near < good.z_max - room
    )


@inlined
def _too_many(setup: Record, event: Record, foregone: Foregone) -> bool:
    """True where more tracks than allowed will surely be found."""
    tracks = 0
    for k in range(event.n_particles):
        tracks += _may_count(setup, event.particles[k])
    if tracks <= foregone.most_tracks or setup.good_track.chosen == 0:
        return bool(tracks > foregone.most_tracks)
    tracks = 0
    for k in range(event.n_particles):
        particle = event.particles[k]
        tracks += _may_count(setup, particle) and _surely_good(setup, particle)
    return tracks > foregone.most_tracks


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
def _lost(setup: Record, event: Record, foregone: Foregone, blur: float, strays: bool) -> bool:
    """True where each track that the event may get meets a veto or a cluster apart, or ``strays`` beside the planes."""
    charged = 0
    for k in range(event.n_particles):
        particle = event.particles[k]
        if not _may_be_a_track(setup, particle):
            continue
        charged += 1
        if not (
            _vetoed(setup, event, foregone, particle.t_track, blur)
            or _has_extra(setup, event, foregone, particle, blur)
            or (strays and _strays(setup, particle))
        ):
            return False
    return charged > 0


@inlined
def photons_lose(setup: Record, event: Record, foregone: Foregone) -> bool:
    """True where photons and the acceptance alone lose the event, whatever its tracks and their times will be."""
    return _lost(setup, event, foregone, foregone.blur, foregone.accepted)


@inlined
def is_foregone(setup: Record, event: Record, foregone: Foregone, track: bool) -> bool:
    """True where no track that the event may yet get can be selected; ``track``: it may just have got another one."""
    if event.followed > 0 or foregone.every == 1:
        return False
    return (track and _too_many(setup, event, foregone)) or _lost(setup, event, foregone, 0.0, False)


@inlined
def goes_on(foregone: Foregone, event: Record) -> bool:
    """False where a lost event is left; one in ``every`` goes on for all of them."""
    if event.number % foregone.every != 0:
        return False
    event.weight *= foregone.every
    event.followed = 1
    return True
