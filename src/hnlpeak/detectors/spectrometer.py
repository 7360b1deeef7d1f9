"""Magnetic spectrometer: chambers that measure points and scatter, and a dipole that kicks.

Each chamber has views along several directions; a view measures one coordinate unless the track passes through
its gap around the beam. The material of the views that it crosses makes every charged particle scatter (Highland)
and electrons radiate: hard photons become particles of their own that fly on along the undeflected line. Photons may
become pairs.
"""

from __future__ import annotations

import math
from enum import IntEnum
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.kernel import inlined
from hnlpeak.core.random import numbered
from hnlpeak.detectors.detection import decide
from hnlpeak.detectors.event import Record
from hnlpeak.detectors.kind import DetectorKind, Layer, Outline, Plane
from hnlpeak.detectors.passage import (
    conversion_paths,
    convert,
    highland_constants,
    highland_weight,
    radiate,
    scattering_angle,
)
from hnlpeak.detectors.shape import SHAPE_WIDTH
from hnlpeak.detectors.spectrometer_card import MAX_VIEWS, Chamber, Magnet, Spectrometer, directions_of
from hnlpeak.detectors.surface import APERTURE, Surface
from hnlpeak.theory.species import CHARGE, Species

__all__ = [
    "CHAMBER",
    "KIND",
    "LEAST_RATIO2",
    "MAGNET",
    "Chamber",
    "ChamberSlot",
    "Magnet",
    "Spectrometer",
    "angles_of",
    "apertures",
    "bend",
    "index_of",
    "is_even",
    "kicked",
    "largest_angle",
    "layers",
    "pack",
    "put_point",
    "respond",
    "respond_to_photon",
    "surely_no_point",
    "surely_points",
]

MAGNET, CHAMBER = 1, 2
"""Codes of its surfaces."""
LEAST_RATIO2 = 0.25
"""Squared share of p_z that must be left behind the magnet."""
_BELOW_ONE, _BELOW_BOUND = 1.0 - 2.0**-53, 1.0 - 1e-12
_LEAST_VIEWS = 2  # for a point
_TRIGGER_MARGIN = 30.0  # mm: wider than any scattering, so that the straight-line verdict loses nothing


class ChamberSlot(IntEnum):
    """Slots of a chamber's row after its shape."""

    INDEX = SHAPE_WIDTH
    GAP_X = SHAPE_WIDTH + 1
    GAP = SHAPE_WIDTH + 2
    RESOLUTION = SHAPE_WIDTH + 3
    EFFICIENCY = SHAPE_WIDTH + 4
    MATERIAL = SHAPE_WIDTH + 5
    TAIL_FRACTION = SHAPE_WIDTH + 6
    TAIL_SCALE = SHAPE_WIDTH + 7
    RADIATION_THRESHOLD = SHAPE_WIDTH + 8
    BEFORE_MAGNET = SHAPE_WIDTH + 9
    CLEAN = SHAPE_WIDTH + 10
    SCATTERING = SHAPE_WIDTH + 11
    SCATTERING_LOG = SHAPE_WIDTH + 12
    CONVERSION = SHAPE_WIDTH + 13
    ALL_SEEN = SHAPE_WIDTH + 14
    ROOT_X = SHAPE_WIDTH + 15
    ROOT_XY = SHAPE_WIDTH + 16
    ROOT_Y = SHAPE_WIDTH + 17
    NEEDED = SHAPE_WIDTH + 18
    N_VIEWS = SHAPE_WIDTH + 19
    CHANCES = SHAPE_WIDTH + 20
    VIEWS = CHANCES + MAX_VIEWS + 1


_KICK = SHAPE_WIDTH


def _roots(xx: float, xy: float, yy: float) -> tuple[float, float, float]:
    """Roots of the covariance of a point that views measure: x = a root_x, y = b root_y - a root_xy.

    By the sums of products of their directions' components; zeros where the views do not tell a point.
    """
    det = xx * yy - xy * xy
    if det < 1e-6:
        return 0.0, 0.0, 0.0
    return math.sqrt(yy / det), xy / math.sqrt(det * yy), 1.0 / math.sqrt(yy)


_roots_in_kernels = inlined(_roots)


def _roots_of_all(directions: list[list[float]]) -> tuple[float, float, float]:
    """``_roots`` of a point that all views measure."""
    x, y = np.array(directions).T
    return _roots(float(x @ x), float(x @ y), float(y @ y))


def _needed(directions: list[list[float]]) -> int:
    """The fewest views of which any so many tell a point."""
    for number in range(2, len(directions)):
        if all(_roots_of_all([*some])[0] > 0.0 for some in combinations(directions, number)):
            return number
    return len(directions)


def _chances(efficiency: float, views: int) -> list[float]:
    """Chances that 0, 1, ... of the ``views`` do not respond, ``MAX_VIEWS`` + 1 of them."""
    return [
        math.comb(views, missing) * (1.0 - efficiency) ** missing * efficiency ** max(views - missing, 0)
        for missing in range(MAX_VIEWS + 1)
    ]


def pack(spec: Spectrometer, system: int = 0) -> list[Surface]:
    """Surfaces of the full response: each chamber and the magnet."""
    surfaces = [_magnet(spec)]
    clean = (1.0 - spec.tail_fraction) ** 2 * spec.view_efficiency ** len(spec.view_angles)
    views = [component for direction in directions_of(spec) for component in direction]
    for index, chamber in enumerate(spec.chambers):
        row = [
            *chamber.shape.packed(),
            float(index),
            chamber.gap_x,
            spec.gap_half_width,
            spec.view_resolution,
            spec.view_efficiency,
            spec.radiation_lengths,
            spec.tail_fraction,
            spec.tail_scale,
            spec.radiation_threshold,
            float(chamber.z < spec.magnet.z),
            clean,
            *highland_constants(spec.radiation_lengths),
            conversion_paths(spec.radiation_lengths),
            float((1 << len(spec.view_angles)) - 1),
            *_roots_of_all(directions_of(spec)),
            float(_needed(directions_of(spec))),
            float(len(spec.view_angles)),
            *_chances(spec.view_efficiency, len(spec.view_angles)),
            *views,
        ]
        paths = conversion_paths(spec.radiation_lengths)
        surfaces.append(Surface(CHAMBER, chamber.z, row, chamber.name, paths=paths))
    return surfaces


def layers(spec: Spectrometer) -> list[Layer]:
    """z (mm) and ``highland_weight`` of each chamber, for the covariance of a track fit."""
    weight = highland_weight(spec.radiation_lengths)
    return [Layer(chamber.z, weight) for chamber in spec.chambers]


def apertures(spec: Spectrometer, system: int = 0) -> list[Surface]:
    """Surfaces of the straight-line verdict: chambers as slightly wider apertures, and the magnet."""
    rows = [Surface(APERTURE, c.z, c.shape.packed(_TRIGGER_MARGIN), c.name) for c in spec.chambers]
    return [_magnet(spec), *rows]


def _magnet(spec: Spectrometer) -> Surface:
    magnet = spec.magnet
    row = [*magnet.shape.packed(), magnet.direction * magnet.kick]
    return Surface(MAGNET, magnet.z, row, "magnet", act_on_photons=True)  # the yoke stops them


@inlined
def kicked(
    params: NDArray[np.float64], charge: float, tx: float, ty: float, p: float
) -> tuple[float, float, float]:
    """Slopes after the kick, and (p_z after / p_z before)^2; a particle below ``LEAST_RATIO2`` of that is lost.

    Of a particle of ``charge`` (in e), slopes ``tx``, ``ty`` (dx/dz, dy/dz) and momentum ``p`` (MeV) at the magnet.
    """
    # the kick in units of p_z
    kick = charge * params[_KICK] / p * math.sqrt(1.0 + tx * tx + ty * ty)
    ratio2 = 1.0 - kick * (2.0 * tx + kick)
    inverse = 1.0 / math.sqrt(max(ratio2, LEAST_RATIO2))
    return (tx + kick) * inverse, ty * inverse, ratio2


@inlined
def bend(params: Record, s: Record) -> None:
    """Kick the state ``s`` in x by the dipole's transverse momentum; the modulus of the momentum is kept."""
    charge = CHARGE[s.species]
    if charge == 0.0:
        return
    tx, ty, ratio2 = kicked(params, charge, s.tx, s.ty, s.p)
    if ratio2 < LEAST_RATIO2:
        s.alive = 0
        return
    s.tx = tx
    s.ty = ty


@inlined
def respond_to_photon(params: Record, event: Record, rng: np.random.Generator) -> None:
    """A photon may become a pair in the matter of the views that it crosses."""
    s = event.state
    _, share = _crossed(params, s.x, s.y)
    if share > 0.0:
        forced = event.forced_pairs * params[ChamberSlot.BEFORE_MAGNET]
        convert(params[ChamberSlot.CONVERSION] * share, forced, event, rng)


@inlined
def respond(params: Record, event: Record, particle: Record, rng: np.random.Generator) -> None:
    """Measure the point where a charged particle crosses the chamber, then scatter and radiate it; convert photons."""
    s = event.state
    species = s.species
    if CHARGE[species] == 0.0:
        respond_to_photon(params, event, rng)
        return
    crossed, share = _crossed(params, s.x, s.y)
    if share == 0.0:
        return
    error = params[ChamberSlot.RESOLUTION]
    theta = math.sqrt(share) * scattering_angle(
        params[ChamberSlot.SCATTERING], params[ChamberSlot.SCATTERING_LOG], s
    )
    missing = 0
    u = numbered(particle.luck, int(params[ChamberSlot.INDEX]))
    # most often all views respond and nothing has a tail: one number decides that, and what is left of it the rest
    if u >= params[ChamberSlot.CLEAN]:
        core = 1.0 - params[ChamberSlot.TAIL_FRACTION]
        missing, u = _missing(params, u)
        good_hit, u = decide(u, core)
        good_angle, u = decide(u, core)
        if not good_hit:
            error *= params[ChamberSlot.TAIL_SCALE]
        if not good_angle:
            theta *= params[ChamberSlot.TAIL_SCALE]
    _measure(params, s, particle, crossed & ~missing, error, rng)
    s.tx += theta * rng.standard_normal()
    s.ty += theta * rng.standard_normal()
    electron = species in (Species.POSITRON, Species.ELECTRON)
    if electron and params[ChamberSlot.BEFORE_MAGNET] > 0.0:
        radiate(params[ChamberSlot.MATERIAL] * share, params[ChamberSlot.RADIATION_THRESHOLD], event, rng)


@inlined
def _missing(params: Record, u: float) -> tuple[int, float]:
    """A bit for each view that does not respond, by a uniform number, and a number for the next decision.

    The smaller the number, the fewer: first how many are missing, then which.
    """
    views, number = int(params[ChamberSlot.N_VIEWS]), 0
    while number < views and u >= params[ChamberSlot.CHANCES + number]:
        u -= params[ChamberSlot.CHANCES + number]
        number += 1
    chance = params[ChamberSlot.CHANCES + number]
    u = min(u / chance, _BELOW_ONE) if chance > 0.0 else 0.0
    missing = 0
    for view in range(views):
        if number > 0:
            lacks, u = decide(u, number / (views - view))
            if lacks:
                missing |= 1 << view
                number -= 1
    return missing, u


@inlined
def _beside_gap(params: Record, view: int, x: float, y: float) -> float:
    """Distance (mm) of (x, y) from the middle of a view's gap."""
    cx, cy = params[ChamberSlot.VIEWS + 2 * view], params[ChamberSlot.VIEWS + 2 * view + 1]
    return float(abs((x - params[ChamberSlot.GAP_X]) * cx + y * cy))


@inlined
def _crossed(params: Record, x: float, y: float) -> tuple[int, float]:
    """A bit for each view that is crossed at (x, y), outside its gap, and their share: there is no matter in gaps."""
    crossed = number = 0
    views = int(params[ChamberSlot.N_VIEWS])
    for view in range(views):
        if _beside_gap(params, view, x, y) >= params[ChamberSlot.GAP]:
            crossed |= 1 << view
            number += 1
    return crossed, number / views


@inlined
def _beside_gaps(params: Record, x: float, y: float, least: float) -> int:
    """Number of views from the middle of whose gaps (x, y) is ``least`` (mm) or more; for lanes."""
    crossed = 0
    for view in range(MAX_VIEWS):  # a number that compilers know: no loop is left
        crossed += (_beside_gap(params, view, x, y) >= least) & (view < params[ChamberSlot.N_VIEWS])
    return crossed


@inlined
def surely_points(params: Record, x: float, y: float, margin: float, luck: float) -> bool:
    """True only where a particle with this ``luck`` makes a point wherever within ``margin`` (mm) of (x, y) it crosses.

    Without a branch, for lanes; the chamber's shape is not asked.
    """
    least = params[ChamberSlot.GAP] + margin if params[ChamberSlot.GAP] > 0.0 else 0.0
    crossed = _beside_gaps(params, x, y, least)
    spare = crossed - params[ChamberSlot.NEEDED]
    bound = 0.0
    for missing in range(MAX_VIEWS):
        bound += params[ChamberSlot.CHANCES + missing] if spare >= missing else 0.0
    return numbered(luck, int(params[ChamberSlot.INDEX])) < bound * _BELOW_BOUND


@inlined
def surely_no_point(params: Record, x: float, y: float, margin: float) -> bool:
    """True only where less than two views are crossed wherever within ``margin`` (mm) of (x, y); for lanes."""
    return _beside_gaps(params, x, y, params[ChamberSlot.GAP] - margin) < _LEAST_VIEWS


@inlined
def index_of(params: Record) -> int:
    """Place of a chamber among all."""
    return int(params[ChamberSlot.INDEX])


@inlined
def angles_of(params: Record) -> tuple[float, float]:
    """Highland's constants of a chamber, MeV."""
    return params[ChamberSlot.SCATTERING], params[ChamberSlot.SCATTERING_LOG]


@inlined
def is_even(params: Record) -> bool:
    """True where all that crosses a chamber crosses all its views, and nothing has a tail."""
    return bool(params[ChamberSlot.GAP] == 0.0 and params[ChamberSlot.TAIL_FRACTION] == 0.0)


@inlined
def largest_angle(params: Record) -> float:
    """Plane angle (MeV, over the momentum) by which a chamber turns a light particle, that of tails."""
    return float(params[ChamberSlot.SCATTERING] * max(params[ChamberSlot.TAIL_SCALE], 1.0))


@inlined
def _all_roots(params: Record) -> tuple[float, float, float]:
    """``_roots`` of a point that all views measure."""
    return params[ChamberSlot.ROOT_X], params[ChamberSlot.ROOT_XY], params[ChamberSlot.ROOT_Y]


@inlined
def _measure(
    params: Record, s: Record, particle: Record, seen: int, error: float, rng: np.random.Generator
) -> None:
    """Write the point that the views measure; ``seen`` has a bit for each that responds."""
    hit = particle.hits[int(params[ChamberSlot.INDEX])]
    if seen == int(params[ChamberSlot.ALL_SEEN]):
        root_x, root_xy, root_y = _all_roots(params)
    else:
        root_x, root_xy, root_y = _roots_of_seen(params, seen)
    if root_x == 0.0:
        hit.var_x = 0.0
        return
    a, b = error * rng.standard_normal(), error * rng.standard_normal()
    _put(params, particle, (s.x, s.y), (a, b), (root_x, root_xy, root_y))


@inlined
def put_point(
    params: Record,
    particle: Record,
    place: tuple[float, float],
    pulls: tuple[float, float],
    u: float,
) -> None:
    """Write the point of a chamber that ``is_even`` and crossed at a ``place``, by normal and uniform numbers."""
    roots, error = _all_roots(params), params[ChamberSlot.RESOLUTION]
    if u >= params[ChamberSlot.CLEAN]:
        missing, _ = _missing(params, u)
        if missing > 0:
            roots = _roots_of_seen(params, int(params[ChamberSlot.ALL_SEEN]) & ~missing)
    if roots[0] > 0.0:
        _put(params, particle, place, (error * pulls[0], error * pulls[1]), roots)


@inlined
def _put(
    params: Record,
    particle: Record,
    place: tuple[float, float],
    off: tuple[float, float],
    roots: tuple[float, float, float],
) -> None:
    """Write a point that is so far off; least squares of the views has a known covariance, drawn as such."""
    hit, (a, b), (root_x, root_xy, root_y) = particle.hits[int(params[ChamberSlot.INDEX])], off, roots
    hit.x = place[0] + a * root_x
    hit.y = place[1] - a * root_xy + b * root_y
    variance = params[ChamberSlot.RESOLUTION] ** 2
    hit.var_x = variance * root_x * root_x
    hit.var_y = variance * (root_xy * root_xy + root_y * root_y)
    particle.n_chambers += 1


@inlined
def _roots_of_seen(params: Record, seen: int) -> tuple[float, float, float]:
    """``_roots`` of a point that the views in ``seen`` measure, one bit each."""
    xx = xy = yy = 0.0
    for view in range(int(params[ChamberSlot.N_VIEWS])):
        cx = params[ChamberSlot.VIEWS + 2 * view]
        cy = params[ChamberSlot.VIEWS + 2 * view + 1]
        if (seen >> view) & 1:
            xx += cx * cx
            xy += cx * cy
            yy += cy * cy
    return _roots_in_kernels(xx, xy, yy)


def _planes(spec: Spectrometer) -> list[Plane]:
    return [Plane(c.z, c.acceptance or c.shape) for c in spec.chambers]


def _constants(spec: Spectrometer, system: int, setup: Any) -> None:
    setup["n_chambers"] = len(spec.chambers)
    setup["chamber_z"][: len(spec.chambers)] = [chamber.z for chamber in spec.chambers]
    setup["magnet_z"] = spec.magnet.z
    setup["magnet_kick"] = spec.magnet.direction * spec.magnet.kick
    setup["momentum_scale"] = spec.momentum_scale


def _outline(spec: Spectrometer) -> list[Outline]:
    magnet = spec.magnet
    return [
        *(Outline(chamber.name, chamber.z, chamber.z, chamber.shape, "#1f5f9e") for chamber in spec.chambers),
        Outline("magnet", magnet.z - 650.0, magnet.z + 650.0, magnet.shape, "#8f949c", around=350.0),
    ]


KIND = DetectorKind(
    spec=Spectrometer,
    verdict=apertures,
    response=pack,
    acceptance=_planes,
    matter=layers,
    constants=_constants,
    outline=_outline,
    least=1,
    most=1,
)
