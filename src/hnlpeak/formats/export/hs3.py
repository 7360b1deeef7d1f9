"""The same counting channels in the HEP Statistics Serialization Standard (HS3), one analysis for each mass.

A ``histfactory_dist`` with a free signal count and a background that is known to +- sigma_b; see ``pyhf`` for how the
windows overlap. A Gaussian constraint is a ``histosys`` linear in its parameter. A Poisson one is a second channel, the
control region that would have made the estimate, since readers differ in what the numbers of a ``shapesys`` are. Each
mass has its own distributions, data, likelihood and analysis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.core.atomic import write_text
from hnlpeak.core.version import VERSION
from hnlpeak.formats.export.export import Export, Finished, slug
from hnlpeak.formats.json_text import dump_json
from hnlpeak.statistics.equivalent import equivalent_poisson

__all__ = ["EXPORT", "Counting", "document", "workspace"]

_COLUMNS = (
    "m_n_mev",
    "n_observed",
    "background",
    "background_error",
    "net_efficiency",
    "n_signal_ul_observed",
)
_PARTS = ("distributions", "data", "likelihoods", "domains", "parameter_points", "analyses")


@dataclass(frozen=True)
class Counting:
    """One mass: ``n`` events, a background ``b`` +- ``sigma``, and the limit on the signal, from which fits begin.

    ``share`` of the signal events counts: the rest raises the background's estimate.
    """

    name: str
    n: float
    b: float
    sigma: float
    constraint: str
    limit: float
    share: float = 1.0

    @property
    def signal(self) -> str:
        """Name of the parameter of interest, signal events in the window."""
        return f"n_signal_{self.name}"

    @property
    def nuisance(self) -> str:
        """Name of the background's parameter: standard deviations for a Gaussian constraint, else events."""
        return f"background_{self.name}"

    @property
    def control(self) -> tuple[float, float] | None:
        """Count of the control region and its size over that of the window; None where there is no such region."""
        if self.constraint == "gaussian" or self.sigma == 0.0:
            return None
        made = equivalent_poisson(self.b, self.sigma)
        return float(np.asarray(made.y)), float(np.asarray(made.tau))


def _axis(name: str) -> dict[str, Any]:
    return {"name": name, "min": 0.0, "max": 1.0, "nbins": 1}


def _sample(name: str, content: float, *modifiers: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "data": {"contents": [content], "errors": [0.0]}, "modifiers": list(modifiers)}


def _factor(parameter: str) -> dict[str, Any]:
    return {"name": parameter, "parameter": parameter, "type": "normfactor"}


def _background(one: Counting) -> dict[str, Any]:
    if one.control is not None:
        return _sample("background", 1.0, _factor(one.nuisance))
    if one.sigma == 0.0:
        return _sample("background", one.b)
    shift = {
        "name": one.nuisance,
        "parameter": one.nuisance,
        "type": "histosys",
        "constraint": "Gauss",
        "data": {
            "hi": {"contents": [one.b + one.sigma]},
            "lo": {"contents": [one.b - one.sigma]},
            "interpolation": "code0",
        },
    }
    return _sample("background", one.b, shift)


def _channels(one: Counting) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]], float]]:
    """Name, axis, samples and count of the window, and of the control region where there is one."""
    samples = [_sample("signal", one.share, _factor(one.signal)), _background(one)]
    yield f"counts_{one.name}", _axis(f"window_{one.name}"), samples, one.n
    if one.control is not None:
        count, size = one.control
        samples = [_sample("background", size, _factor(one.nuisance))]
        yield f"control_{one.name}", _axis(f"control_window_{one.name}"), samples, count


def _parameters(one: Counting) -> Iterator[tuple[str, float, float, float]]:
    """Name, range and start of each parameter."""
    yield one.signal, 0.0, 20.0 * max(one.limit, 1.0), 0.5 * one.limit
    if one.control is not None:
        yield one.nuisance, 1e-9, 20.0 * max(one.b, one.sigma), max(one.b, one.sigma)
    elif one.sigma > 0.0:
        yield one.nuisance, -10.0, 10.0, 0.0


def document(counts: Iterator[Counting], description: str) -> dict[str, Any]:
    """Return the HS3 document of all ``counts``."""
    made: dict[str, Any] = {
        "metadata": {
            "hs3_version": "0.2",
            "packages": [{"name": "hnlpeak", "version": VERSION}],
            "description": description,
        },
        **{part: [] for part in _PARTS},
    }
    for one in counts:
        channels = list(_channels(one))
        for name, axis, samples, count in channels:
            made["distributions"].append(
                {"name": name, "type": "histfactory_dist", "axes": [axis], "samples": samples}
            )
            made["data"].append(
                {"name": f"observed_{name}", "type": "binned", "axes": [axis], "contents": [count]}
            )
        names = [name for name, *_ in channels]
        parameters = list(_parameters(one))
        made["likelihoods"].append(
            {
                "name": f"likelihood_{one.name}",
                "distributions": names,
                "data": [f"observed_{name}" for name in names],
            }
        )
        axes = [{"name": name, "min": low, "max": high} for name, low, high, _ in parameters]
        made["domains"].append({"name": f"domain_{one.name}", "type": "product_domain", "axes": axes})
        start = [{"name": name, "value": value} for name, _, _, value in parameters]
        made["parameter_points"].append({"name": f"start_{one.name}", "parameters": start})
        made["analyses"].append(
            {
                "name": one.name,
                "likelihood": f"likelihood_{one.name}",
                "domains": [f"domain_{one.name}"],
                "parameters_of_interest": [one.signal],
                "init": f"start_{one.name}",
            }
        )
    return made


def workspace(search: Finished) -> dict[str, Any]:
    """Return the HS3 document; masses without n, b, sigma_b or a limit are left out."""
    result, rows = search.result, search.rows(_COLUMNS)
    description = " ".join(
        [
            search.origin,
            "Windows of neighbouring masses overlap and share side bands: one analysis at a time.",
            search.left_out(rows),
        ]
    ).strip()
    columns = [result.number(name)[rows].tolist() for name in _COLUMNS]
    counts = (
        Counting(slug(mass), n, b, sigma, result.settings.constraint, limit, share)
        for mass, n, b, sigma, share, limit in zip(*columns, strict=True)
    )
    return document(counts, description)


def _write(search: Finished, place: Path) -> list[Path]:
    path = place / "hs3.json"
    write_text(path, dump_json(workspace(search)))
    return [path]


EXPORT = Export("hs3", "hs3.json: the same counting channels in HS3, one analysis a mass", _write)
