"""Tables of counting experiments, one a row, for commands that take one experiment by options or many by a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hnlpeak.statistics.constraints import Background, Efficiency

__all__ = ["COLUMNS", "Defaults", "Group", "Rows", "named", "read_rows", "write_rows"]

COLUMNS = (
    "n",
    "b",
    "sigma_b",
    "off",
    "tau",
    "efficiency",
    "efficiency_error",
    "successes",
    "trials",
    "cl",
    "limit",
)
"""Columns of numbers that a table may have; ``method`` and ``treatment`` are text."""


@dataclass(frozen=True)
class Defaults:
    """What rows have that do not say otherwise."""

    efficiency: float
    efficiency_error: float
    cl: float
    method: str
    treatment: str | None


@dataclass(frozen=True, eq=False)
class Group:
    """Rows of one method, treatment and confidence level: indices, and the inputs of all of them as arrays."""

    rows: NDArray[np.intp]
    background: Background
    efficiency: Efficiency
    cl: float
    method: str
    treatment: str | None


@dataclass(frozen=True, eq=False)
class Rows:
    """Numbers of the table by column, its text columns, and the groups its rows fall into."""

    numbers: dict[str, NDArray[np.float64]]
    methods: list[str]
    treatments: list[str | None]
    groups: list[Group]

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.methods)


def read_rows(path: Path, required: tuple[str, ...], defaults: Defaults) -> Rows:
    """Read a table with columns ``required`` and of :data:`COLUMNS`; others are left out.

    A background is ``b`` (with ``sigma_b`` or without) or ``off`` and ``tau``; an efficiency is ``efficiency`` with
    ``efficiency_error``, or ``successes`` and ``trials``. ``InputDataError`` naming file and column or line.
    """
    import numpy as np

    from hnlpeak.core.errors import InputDataError
    from hnlpeak.formats.table import read_numbers, read_table

    numbers = read_numbers(path, required=required, optional=[c for c in COLUMNS if c not in required])
    if ("b" in numbers) == ("off" in numbers) or ("off" in numbers) != ("tau" in numbers):
        raise InputDataError(f"{path}: expected a column 'b' (and 'sigma_b'), or 'off' and 'tau'")
    if ("successes" in numbers) != ("trials" in numbers):
        raise InputDataError(f"{path}: 'successes' and 'trials' go together: got one of them")
    table = read_table(path)
    names = [name.casefold() for name in table.header]

    def text(name: str) -> list[str | None]:
        place = names.index(name) if name in names else None
        return [None if place is None else row[place] or None for _, row in table.rows]

    methods = [method or defaults.method for method in text("method")]
    given = text("treatment")
    treatments = [
        treatment or (defaults.treatment if method == defaults.method else None)
        for method, treatment in zip(methods, given, strict=True)
    ]
    levels = numbers.get("cl", np.full(len(methods), defaults.cl))
    kinds = list(zip(methods, treatments, levels.tolist(), strict=True))
    groups = []
    for kind in dict.fromkeys(kinds):
        rows = np.array([i for i, other in enumerate(kinds) if other == kind], dtype=np.intp)
        background, efficiency = _inputs(path, numbers, rows, defaults)
        groups.append(Group(rows, background, efficiency, kind[2], kind[0], kind[1]))
    return Rows(numbers, methods, treatments, groups)


def _inputs(
    path: Path, numbers: dict[str, NDArray[np.float64]], rows: NDArray[np.intp], defaults: Defaults
) -> tuple[Background, Efficiency]:
    import numpy as np

    from hnlpeak.statistics import Binomial, Gaussian, Poisson

    def column(name: str, default: float) -> NDArray[np.float64]:
        return numbers[name][rows] if name in numbers else np.full(rows.size, default)

    def background() -> Background:
        if "off" in numbers:
            return Poisson(column("off", 0.0), column("tau", 1.0))
        return Gaussian(column("b", 0.0), column("sigma_b", 0.0))

    def efficiency() -> Efficiency:
        if "trials" in numbers:
            return Binomial(column("successes", 1.0), column("trials", 1.0))
        return Gaussian(
            column("efficiency", defaults.efficiency), column("efficiency_error", defaults.efficiency_error)
        )

    return named(path, background), named(path, efficiency)


def named(path: Path, make: Callable[[], T]) -> T:
    """What ``make`` returns; what it says is wrong, as ``InputDataError`` with the name of the file."""
    from hnlpeak.core.errors import InputDataError, UsageError

    try:
        return make()
    except UsageError as error:
        raise InputDataError(f"{path}: {error}") from error


def write_rows(columns: dict[str, Any], output: Path | None) -> str | None:
    """Write CSV to ``output``; without one, return its text."""
    from hnlpeak.core.atomic import write_text
    from hnlpeak.formats.table import table_text

    text = table_text(columns)
    if output is None:
        return text.rstrip("\n")
    write_text(output, text)
    return None
