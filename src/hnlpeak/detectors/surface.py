"""The table of surfaces that a card becomes: kind, position and parameters of each, in the order of z."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import CardError
from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.event import MAX_TIMES, Record
from hnlpeak.detectors.shape import SHAPE_WIDTH, is_ring
from hnlpeak.theory.species import Species

__all__ = [
    "ALL",
    "ALL_BUT_MUONS",
    "APERTURE",
    "LIGHT",
    "MATTER",
    "MAX_SURFACES",
    "PARAMETERS",
    "RINGS",
    "SURFACES",
    "Surface",
    "distinct",
    "passes_rings",
    "record_time",
    "start_particle",
    "surface_table",
]

MAX_SURFACES = 64
_WIDER = 2.0
PARAMETERS = 48
"""Length of a surface's row of parameters."""


APERTURE, MATTER = 0, 10
"""Codes of surfaces that any kind of detector may have: one that counts the charged particles which cross it, and one
of matter that measures nothing."""


def distinct(*codes: int) -> frozenset[int]:
    """Return the ``codes`` of surfaces. ``ValueError`` for one that two kinds have: either would act as the other."""
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ValueError(
            f"two kinds of detectors have surfaces of code {twice[0]}; free are {max(codes) + 1} and above"
        )
    return frozenset(codes)


def _mask(*species: Species) -> int:
    return sum(1 << code for code in species)


LIGHT = _mask(Species.PHOTON, Species.POSITRON, Species.ELECTRON)
"""Bit mask of photons and electrons, with one bit for each ``Species``."""
ALL_BUT_MUONS = _mask(*(set(Species) - {Species.MUON_PLUS, Species.MUON_MINUS}))
"""Bit mask of all species but muons."""
ALL = _mask(*Species)
"""Bit mask of all species."""


class Surface(NamedTuple):
    """One surface at ``z`` (mm) with the parameters of its kind; the first ``SHAPE_WIDTH`` are its shape.

    ``code`` says what the surface does to a particle that crosses it: ``simulation.transport`` has one line for each.
    Photons fly through all surfaces but those that ``act_on_photons``, and those of thin matter, where they may convert
    within so many mean free ``paths`` of a hard one. ``stops`` is the bit mask of the species that usually end there,
    for pictures.
    """

    code: int
    z: float
    params: list[float]
    name: str
    act_on_photons: bool = False
    paths: float = 0.0
    stops: int = 0


RINGS = np.dtype(
    [
        ("first", np.int64),
        ("end", np.int64),
        ("z_first", np.float64),
        ("z_last", np.float64),
        ("hole2", np.float64),
    ]
)
"""Rings one after another, from place ``first`` to before ``end``: ``hole2`` is the square of the narrowest hole.

Whatever flies straight and is within that hole at both ends meets none of them."""

SURFACES = np.dtype(
    [
        ("n", np.int64),
        ("n_neutral", np.int64),
        ("neutral", np.int64, (MAX_SURFACES,)),
        ("n_thick", np.int64),
        ("thick", np.int64, (MAX_SURFACES,)),
        ("paths", np.float64),
        ("paths_of", np.float64, (MAX_SURFACES,)),
        ("code", np.int64, (MAX_SURFACES,)),
        ("stops", np.int64, (MAX_SURFACES,)),
        ("z", np.float64, (MAX_SURFACES,)),
        ("hole", np.float64, (MAX_SURFACES,)),
        ("edge", np.float64, (MAX_SURFACES,)),
        ("params", np.float64, (MAX_SURFACES, PARAMETERS)),
        ("rings", RINGS),
        ("thick_rings", RINGS),
    ]
)
"""A table of ``n`` surfaces in the order of z: codes, bit masks of what stops, positions (mm), rows of parameters.

``neutral`` lists the ``n_neutral`` among them that photons may meet, ``thick`` the ``n_thick`` of these that are no
thin matter, which has ``paths`` mean free paths in all and ``paths_of`` each.
``rings`` are rows among all of them, ``thick_rings`` places in ``thick``. Of what is thick, ``hole`` is the largest
radius (mm) that passes within, ``edge`` the smallest that passes outside, 0 where that meets what is behind."""


def _is_absorbing_ring(surface: Surface) -> bool:
    shape = np.array(surface.params[:SHAPE_WIDTH])
    return surface.stops == ALL and is_ring(shape) and shape[0] == 0.0 and shape[1] > 0.0


def _longest_rings(surfaces: Sequence[Surface]) -> tuple[int, int, float, float, float]:
    """A row of ``RINGS``: the longest run of absorbing rings about the axis."""
    first = end = begin = 0
    for place, surface in enumerate(surfaces):
        if not _is_absorbing_ring(surface):
            begin = place + 1
        elif place + 1 - begin > end - first:
            first, end = begin, place + 1
    run = surfaces[first:end]
    if not run:
        return 0, 0, 0.0, 0.0, 0.0
    return first, end, run[0].z, run[-1].z, min(surface.params[1] for surface in run)


def _size(limits: Sequence[float]) -> float:
    """Smallest radius of an outer edge that is given by ``params[2:5]`` of a shape."""
    return min(math.sqrt(limits[0]), *limits[1:])


def _holes_and_edges(thick: Sequence[Surface]) -> Iterator[tuple[float, float]]:
    """``hole`` and ``edge`` of each: a surface that lets photons on through its shape has its aperture for a hole.

    What passes outside an edge is taken to meet what is behind where that is twice as wide, up to the next aperture.
    """
    sizes = [_size(surface.params[2:5]) for surface in thick]
    for place, surface in enumerate(thick):
        shape = surface.params
        if not surface.stops:
            hole = min(math.sqrt(shape[2]), math.hypot(shape[3], shape[4]))
            yield hole, sizes[place] if math.isfinite(sizes[place]) else 0.0
            continue
        widest = 0.0
        for behind, size in zip(thick[place + 1 :], sizes[place + 1 :], strict=True):
            if not behind.stops:
                break
            widest = max(widest, size)
        size = sizes[place]
        seen = math.isinf(size) or widest > _WIDER * size
        corner = math.hypot(max(shape[6], 0.0), max(shape[7], 0.0))
        yield max(math.sqrt(shape[1]), corner), 0.0 if seen else size


def surface_table(surfaces: Iterable[Surface]) -> NDArray[Any]:
    """Sort surfaces by z and pack them into one ``SURFACES`` record.

    Raises ``CardError`` where there are too many, or a row of parameters is too long.
    """
    ordered = sorted(surfaces, key=lambda surface: surface.z)
    if len(ordered) > MAX_SURFACES:
        raise CardError(f"{len(ordered)} surfaces, at most {MAX_SURFACES} fit")
    table = np.zeros((), dtype=SURFACES)
    table["n"] = len(ordered)
    thick = [row for row, surface in enumerate(ordered) if surface.act_on_photons]
    thin = [row for row, surface in enumerate(ordered) if surface.paths > 0.0]
    for name, rows in (("neutral", sorted({*thick, *thin})), ("thick", thick)):
        table[f"n_{name}"] = len(rows)
        table[name][: len(rows)] = rows
    table["rings"] = _longest_rings(ordered)
    table["thick_rings"] = _longest_rings([ordered[row] for row in thick])
    for row, (hole, edge) in zip(thick, _holes_and_edges([ordered[row] for row in thick]), strict=True):
        table["hole"][row], table["edge"][row] = hole, edge
    table["paths"] = sum(surface.paths for surface in ordered)
    for row, surface in enumerate(ordered):
        if len(surface.params) > PARAMETERS:
            raise CardError(f"{surface.name}: {len(surface.params)} parameters, at most {PARAMETERS} fit")
        table["code"][row] = surface.code
        table["stops"][row] = surface.stops
        table["paths_of"][row] = surface.paths
        table["z"][row] = surface.z
        table["params"][row, : len(surface.params)] = surface.params
    return table


@inlined
def passes_rings(rings: Record, x: float, y: float, z: float, tx: float, ty: float) -> bool:
    """True where a straight course through (x, y, z) surely meets none of the ``rings``: a distance is convex."""
    a, b = rings.z_first - z, rings.z_last - z
    ax, ay, bx, by = x + tx * a, y + ty * a, x + tx * b, y + ty * b
    return bool(ax * ax + ay * ay < rings.hole2 and bx * bx + by * by < rings.hole2)


@inlined
def start_particle(particle: Record) -> None:
    """Reset what is known of a new particle beside the beginning of its path."""
    particle.n_segments = 1
    particle.n_chambers = 0
    particle.planes = 0
    particle.n_ring = 0
    particle.t_track = 0.0
    particle.r_ring = 0.0
    particle.e_hadron = 0.0
    particle.penetration = 0.0
    particle.muon_loss = 0.0
    particle.luck = 0.0


@inlined
def record_time(event: Record, system: int, time: float) -> None:
    """Append a signal of ``system`` at ``time`` (ns) to the event; signals beyond ``MAX_TIMES`` are dropped."""
    n = event.n_times[system]
    if n < MAX_TIMES:
        event.times[system, n] = time
        event.n_times[system] = n + 1
