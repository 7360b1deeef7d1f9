"""The same counting channels in the HEP Statistics Serialization Standard (HS3), one analysis for each mass.

``histfactory_dist`` with a free signal count and a background that is known to +- sigma_b; see ``pyhf`` for how the
windows overlap. Each mass has its own distribution, data, likelihood and analysis.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hnlpeak.core.atomic import write_text
from hnlpeak.core.version import VERSION
from hnlpeak.formats.export.export import Export, Finished, slug
from hnlpeak.formats.json_text import dump_json

__all__ = ["EXPORT", "workspace"]

_COLUMNS = ("m_n_mev", "n_observed", "background", "background_error", "n_signal_ul_observed")


def _nuisance(name: str, b: float, sigma: float, constraint: str) -> list[dict[str, Any]]:
    parameter = f"background_{name}"
    if sigma == 0.0:
        return []
    if constraint == "gaussian":
        ends = {"hi": {"contents": [b + sigma]}, "lo": {"contents": [b - sigma]}}
        return [
            {
                "name": parameter,
                "parameter": parameter,
                "type": "histosys",
                "constraint": "Gauss",
                "data": {**ends, "interpolation": "code0"},
            }
        ]
    # sigma is relative here
    return [
        {
            "name": parameter,
            "parameters": [parameter],
            "type": "shapesys",
            "constraint": "Poisson",
            "data": {"vals": [sigma / b]},
        }
    ]


def _distribution(name: str, axis: dict[str, Any], b: float, sigma: float, constraint: str) -> dict[str, Any]:
    signal = f"n_signal_{name}"
    return {
        "name": f"counts_{name}",
        "type": "histfactory_dist",
        "axes": [axis],
        "samples": [
            {
                "name": "signal",
                "data": {"contents": [1.0], "errors": [0.0]},
                "modifiers": [{"name": signal, "parameter": signal, "type": "normfactor"}],
            },
            {
                "name": "background",
                "data": {"contents": [b], "errors": [0.0]},
                "modifiers": _nuisance(name, b, sigma, constraint),
            },
        ],
    }


def _domain(name: str, constraint: str, sigma: float, start: float) -> dict[str, Any]:
    axes = [{"name": f"n_signal_{name}", "min": 0.0, "max": 20.0 * max(start, 1.0)}]
    if sigma > 0.0:
        low, high = (-10.0, 10.0) if constraint == "gaussian" else (1e-6, 20.0)
        axes.append({"name": f"background_{name}", "min": low, "max": high})
    return {"name": f"domain_{name}", "type": "product_domain", "axes": axes}


def workspace(search: Finished) -> dict[str, Any]:
    """Return the HS3 document; masses without n, b, sigma_b or a limit are left out."""
    result = search.result
    constraint = result.settings.constraint
    made: dict[str, Any] = {
        "metadata": {
            "hs3_version": "0.2",
            "packages": [{"name": "hnlpeak", "version": VERSION}],
            "description": " ".join(
                [
                    search.origin,
                    "Windows of neighbouring masses overlap and share side bands: one analysis at a time.",
                    search.left_out(search.rows(_COLUMNS)),
                ]
            ).strip(),
        },
        "distributions": [],
        "data": [],
        "likelihoods": [],
        "domains": [],
        "parameter_points": [],
        "analyses": [],
    }
    for i in search.rows(_COLUMNS):
        mass, n, b, sigma, limit = (float(result.number(column)[i]) for column in _COLUMNS)
        name = slug(mass)
        axis = {"name": f"window_{name}", "min": 0.0, "max": 1.0, "nbins": 1}
        made["distributions"].append(_distribution(name, axis, b, sigma, constraint))
        made["data"].append({"name": f"observed_{name}", "type": "binned", "axes": [axis], "contents": [n]})
        made["likelihoods"].append(
            {"name": f"likelihood_{name}", "distributions": [f"counts_{name}"], "data": [f"observed_{name}"]}
        )
        made["domains"].append(_domain(name, constraint, sigma, limit))
        start = [{"name": f"n_signal_{name}", "value": 0.5 * limit}]
        if sigma > 0.0:
            nominal = 0.0 if constraint == "gaussian" else 1.0
            start.append({"name": f"background_{name}", "value": nominal})
        made["parameter_points"].append({"name": f"start_{name}", "parameters": start})
        made["analyses"].append(
            {
                "name": name,
                "likelihood": f"likelihood_{name}",
                "domains": [f"domain_{name}"],
                "parameters_of_interest": [f"n_signal_{name}"],
                "init": f"start_{name}",
            }
        )
    return made


def _write(search: Finished, place: Path) -> list[Path]:
    path = place / "hs3.json"
    write_text(path, dump_json(workspace(search)))
    return [path]


EXPORT = Export("hs3", "hs3.json: the same counting channels in HS3, one analysis a mass", _write)
