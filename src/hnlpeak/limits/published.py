"""Limits on |U_l4|^2 that others have published, as facts with their sources."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.display import facts_html, short
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.limits.curve_checks import faults
from hnlpeak.theory.domain import FloatArray, T, checked, one_of, scalar_or_array

__all__ = ["PublishedLimit", "list_published", "published"]


@dataclass(frozen=True, eq=False, repr=False)
class PublishedLimit:
    """Upper limits on |U_l4|^2 of one ``flavour`` at confidence level ``cl`` from decays of one ``meson``.

    ``mass`` (MeV, increasing) and ``u2`` are read-only arrays of equal length, all points of ``data_file``.
    ``reference`` is the paper and ``year`` that of its publication, 0 where it is not known; ``meson`` is "" for
    a limit from other processes. The words:

    - ``quantity``: an observed or an expected limit;
    - ``method``: "rolke-lopez" (upper end of a two-sided interval), "cls", or "unknown" to us;
    - ``nature``: the HNL that the limit holds for, "any" where production alone decides, or "unknown" to us;
    - ``standing``: "published", "preliminary", or "recomputed" by us from numbers that are no published result;
    - ``kind``: numbers of the authors, or read off a figure;
    - ``confidence``: "m" for a curve that must not be quoted as published (see ``note``), else "C".

    ``min_lifetime`` (ns) is the lifetime above which the authors state the limit and ``abstract_u2`` the range in the
    paper's abstract, None where they state none.
    """

    name: str
    label: str
    year: int
    meson: str
    flavour: str
    mass: FloatArray
    u2: FloatArray
    cl: float
    reference: str
    data_file: str
    quantity: Literal["observed", "expected"]
    method: Literal["rolke-lopez", "cls", "unknown"]
    nature: Literal["any", "dirac", "majorana", "unknown"]
    standing: Literal["published", "preliminary", "recomputed"]
    kind: Literal["digitised", "tabulated"]
    confidence: Literal["C", "m"]
    note: str
    min_lifetime: float | None = None
    abstract_u2: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return short("PublishedLimit", *self._facts().values())

    def _facts(self) -> dict[str, str]:
        size, ends = self.mass.size, f"{self.mass[0]:g} to {self.mass[-1]:g} MeV"
        quality = f"{self.standing}, {self.kind}"
        return {
            "name": self.name,
            "decay": f"{self.meson} -> {self.flavour} N" if self.meson else f"flavour {self.flavour}",
            "points": f"{size} points from {ends}",
            "limit": f"{self.quantity}, {100.0 * self.cl:g} % CL ({self.method})",
            "standing": quality if self.confidence == "C" else f"{quality}, not to be quoted",
            "reference": self.reference,
        }

    def _repr_html_(self) -> str:
        note = {"note": self.note} if self.note else {}
        return facts_html(self.label, {**self._facts(), "points from": self.data_file, **note})

    @property
    def title(self) -> str:
        """Its label with the year, and whether it is approximate, for legends."""
        remarks = [str(self.year)] if self.year else []
        remarks += ["approximate"] if self.confidence == "m" else []
        return f"{self.label} ({', '.join(remarks)})" if remarks else self.label

    def covers(self, mass: float | FloatArray) -> NDArray[np.bool_]:
        """Return whether each ``mass`` (MeV) lies between the first and the last point."""
        m = np.asarray(mass, dtype=np.float64)
        return np.asarray((m >= self.mass[0]) & (m <= self.mass[-1]))

    def limit(self, mass: T) -> T:
        """Return the limit on |U|^2 at ``mass`` (MeV, float or array), log-linear between points.

        ``UsageError`` for masses that :meth:`covers` denies: limits are never extrapolated.
        """
        m = checked("mass [MeV]", mass)
        if not np.all(self.covers(m)):
            outside = float(m[~self.covers(m)].flat[0])
            raise UsageError(
                f"{self.name} covers {self.mass[0]:g} to {self.mass[-1]:g} MeV and is not extrapolated, "
                f"got {outside:g} MeV"
            )
        return scalar_or_array(np.exp(np.interp(m, self.mass, np.log(self.u2))), mass)


@cache
def _sources() -> Mapping[str, Mapping[str, Any]]:
    text = (files("hnlpeak") / "library" / "published" / "sources.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _column(rows: list[dict[str, str]], name: str) -> FloatArray:
    column = np.array([float(row[name]) for row in rows])
    column.setflags(write=False)
    return column


def list_published() -> tuple[str, ...]:
    """Return the names that :func:`published` knows."""
    return tuple(_sources())


@cache
def published(name: str) -> PublishedLimit:
    """Return the published limit called ``name``.

    ``UsageError`` lists the known names; ``InputDataError`` says what is wrong with a curve that fails its checks
    (:func:`hnlpeak.limits.curve_checks.faults`).
    """
    source = dict(_sources()[one_of("published limit", name, _sources())])
    text = (files("hnlpeak") / "library" / "published" / f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    stated = source.pop("abstract_u2", None)
    curve = PublishedLimit(
        name=name,
        mass=_column(rows, "m_n_mev"),
        u2=_column(rows, "u2"),
        abstract_u2=None if stated is None else (float(stated[0]), float(stated[1])),
        **source,
    )
    for fault in faults(curve):
        raise InputDataError(f"published limit {name}: {fault}")
    return curve
