"""Limit curves of others that do not come along: any file of two columns, or one of the package HNLimits.

HNLimits (E. Fernandez-Martinez et al., arXiv:2304.06772) is a collection of curves; only its data files are read, where
it is installed. They say neither which search set a limit nor at which level: what is read here is for figures, is
marked as approximate, and never takes part in what is said to be excluded.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.curve_points import points_in
from hnlpeak.formats.json_text import read_text
from hnlpeak.limits.curve_checks import faults
from hnlpeak.limits.published import PublishedLimit

__all__ = ["hnlimits_folder", "read_curve"]

Points = NDArray[np.float64]

_PREFIX = "hnlimits:"
_IN_MEV = {"MeV": 1.0, "GeV": 1e3}
_FOLDERS = {"ue4": "e", "umu4": "mu", "utau4": "tau"}
_LEVEL = re.compile(r"(9\d)CL")
_TOO_HEAVY = 1e5
"""MeV; no curve begins there, but a header that says GeV and means MeV makes one do so."""
_YEAR = re.compile(r"(?:19|20)\d\d")


def hnlimits_folder() -> Path:
    """Return the folder with the data of HNLimits. ``UsageError`` where it is not installed; it is never imported."""
    spec = find_spec("HNLimits")
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    for place in places:
        folder = Path(place) / "include" / "data"
        if folder.is_dir():
            return folder
    raise UsageError(
        "HNLimits is not installed here, so its curves are not; get it with pip install 'hnlpeak[literature]'"
    )


def read_curve(
    place: str | Path, *, flavour: str | None = None, unit: str | None = None, cl: float | None = None
) -> PublishedLimit:
    """Return the limit in a file of masses and |U_l4|^2, or in ``hnlimits:FOLDER/FILE``; ``FILE [GeV]`` says the unit.

    ``flavour`` (e, mu or tau) is that of the folder of HNLimits unless given, ``unit`` (MeV or GeV) that of the file's
    masses or first lines, ``cl`` that of the file's name, else 0.9. Points at one mass become their geometric mean.
    ``UsageError`` where flavour or unit are not known, ``InputDataError`` where the file holds no such curve (masses
    that do not increase: an area that is closed on both sides is none).
    """
    text = str(place).strip()
    said = re.fullmatch(r"(.*?)\s*\[([MG]eV)\]", text, re.I)
    if said is not None:
        text, unit = said[1], said[2]
    path = _path(text)
    lines = read_text(path).splitlines()
    told = "" if unit is None else next((name for name in _IN_MEV if name.lower() == unit.lower()), unit)
    found = points_in(path, lines, told)
    points = found.points * [_scale(path, found.unit), 1.0]
    points = _joined(points[::-1] if points[0, 0] > points[-1, 0] else points)
    level = _LEVEL.search(path.stem)
    year = _YEAR.search(path.stem)
    folder = path.parent.name if text.startswith(_PREFIX) else ""
    known = flavour or _FOLDERS.get(folder, "")
    if known not in _FOLDERS.values():
        raise UsageError(f"{path.name}: whose mixing does it limit? Say flavour e, mu or tau, got {known!r}")
    curve = PublishedLimit(
        name=text,
        label=re.sub(r"[_ ]+", " ", path.stem).strip(),
        year=0 if year is None else int(year[0]),
        meson="",
        flavour=known,
        mass=_frozen(points[:, 0]),
        u2=_frozen(points[:, 1]),
        cl=cl if cl is not None else 0.9 if level is None else int(level[1]) / 100.0,
        reference="the collection HNLimits, arXiv:2304.06772" if text.startswith(_PREFIX) else path.name,
        data_file=text,
        quantity="observed",
        method="unknown",
        nature="unknown",
        standing="published",
        kind="digitised",
        confidence="m",
        note="from a file that says neither which search nor which level",
    )
    if unit is None and curve.mass[0] > _TOO_HEAVY:
        raise InputDataError(
            f"{path}: masses begin at {1e-3 * curve.mass[0]:g} GeV as its header says; "
            f"if they are in MeV, say '{text} [MeV]'"
        )
    for fault in faults(curve, step=np.inf):  # curves of decays have walls
        raise InputDataError(f"{path}: {fault}")
    return curve


def _path(text: str) -> Path:
    """The file that ``text`` names."""
    if not text.startswith(_PREFIX):
        return Path(text)
    folder, name = hnlimits_folder(), text.removeprefix(_PREFIX)
    path = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute() or not path.is_file():
        near = path.parent if path.parent.is_dir() and ".." not in Path(name).parts else folder
        there = sorted(item.name for item in near.iterdir())
        raise UsageError(f"{text}: not in HNLimits; {near.name} has {', '.join(there)[:600]}")
    return path


def _scale(path: Path, unit: str) -> float:
    """MeV per unit of the masses."""
    if unit not in _IN_MEV:
        raise UsageError(f"{path.name}: the unit of its masses is not in it; say MeV or GeV, got {unit!r}")
    return _IN_MEV[unit]


def _joined(points: Points) -> Points:
    """Neighbours at one mass, a step that was clicked twice, as one."""
    start = np.append(True, np.diff(points[:, 0]) != 0.0)
    group = np.cumsum(start) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        u2 = np.exp(np.bincount(group, np.log(points[:, 1])) / np.bincount(group))
    return np.column_stack([points[start, 0], u2])


def _frozen(values: Points) -> Points:
    column = np.array(values)
    column.setflags(write=False)
    return column
