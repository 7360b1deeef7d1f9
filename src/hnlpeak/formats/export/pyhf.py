"""A HistFactory workspace (pyhf schema 1.0.0): one counting channel for each mass, its background constrained.

The expectation of a channel is e s + b, s the signal events in the window and e the share of them that the background
estimate does not take up (net_efficiency). b +- sigma_b enters as in the search: as a
Gaussian (histosys, linear in its parameter) or as the count of a control region (shapesys). Windows of neighbouring
masses overlap and share their side bands: channels are not independent measurements and must not be fitted together.
Each mass has a measurement of its own, to be fitted with all other channels pruned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hnlpeak.core.atomic import write_text
from hnlpeak.formats.export.export import Export, Finished, slug
from hnlpeak.formats.json_text import dump_json

__all__ = ["EXPORT", "workspace"]

_COLUMNS = (
    "m_n_mev",
    "n_observed",
    "background",
    "background_error",
    "net_efficiency",
    "n_signal_ul_observed",
)
_README = """{origin}

workspace.json holds one channel and one measurement a mass hypothesis ({first}, for instance). The parameter
n_signal_<mass> is the number of signal events in the window; divide by N_K A (limits.csv) for a branching fraction.
Each of them counts as net_efficiency (limits-checks.csv): the rest leaks into the side bands and raises the background.

Windows of neighbouring masses overlap, and their background estimates share side bands: never fit two channels
together. For one mass, prune the others:

    import json, pyhf
    whole = pyhf.Workspace(json.load(open("workspace.json")))
    one = whole.prune(channels=[c for c in whole.channels if c != "{first}"],
                      measurements=[m for m in whole.measurement_names if m != "{first}"])
    model, data = one.model(), one.data(one.model())
    limit = pyhf.infer.intervals.upper_limits.upper_limit(data, model, level={alpha:g})

That is a CLs limit; the limits of this search are by {method} ({convention}), so the two differ.
{left_out}
"""


def _channel(name: str, b: float, sigma: float, share: float, constraint: str) -> dict[str, Any]:
    modifiers: list[dict[str, Any]] = []
    if sigma > 0.0 and constraint == "gaussian":
        modifiers = [
            {
                "name": f"background_{name}",
                "type": "histosys",
                "data": {"hi_data": [b + sigma], "lo_data": [b - sigma]},
            }
        ]
    elif sigma > 0.0:
        modifiers = [{"name": f"background_{name}", "type": "shapesys", "data": [sigma]}]
    return {
        "name": name,
        "samples": [
            {
                "name": "signal",
                "data": [share],
                "modifiers": [{"name": f"n_signal_{name}", "type": "normfactor", "data": None}],
            },
            {"name": "background", "data": [b], "modifiers": modifiers},
        ],
    }


def _measurement(name: str, start: float) -> dict[str, Any]:
    poi = f"n_signal_{name}"
    parameter = {"name": poi, "bounds": [[0.0, 20.0 * max(start, 1.0)]], "inits": [0.5 * start]}
    return {"name": name, "config": {"poi": poi, "parameters": [parameter]}}


def workspace(search: Finished) -> dict[str, Any]:
    """Return the workspace; masses without n, b, sigma_b or a limit are left out."""
    result = search.result
    rows = search.rows(_COLUMNS)
    numbers = [[float(result.number(name)[i]) for name in _COLUMNS] for i in rows]
    names = [slug(mass) for mass, *_ in numbers]
    return {
        "version": "1.0.0",
        "channels": [
            _channel(name, b, sigma, share, result.settings.constraint)
            for name, (_, _, b, sigma, share, _) in zip(names, numbers, strict=True)
        ],
        "observations": [
            {"name": name, "data": [n]} for name, (_, n, *_) in zip(names, numbers, strict=True)
        ],
        "measurements": [_measurement(name, limit) for name, (*_, limit) in zip(names, numbers, strict=True)],
    }


def _write(search: Finished, place: Path) -> list[Path]:
    made = workspace(search)
    settings = search.result.settings
    paths = [place / "workspace.json", place / "README.txt"]
    write_text(paths[0], dump_json(made))
    text = _README.format(
        origin=search.origin,
        first=made["channels"][0]["name"],
        alpha=1.0 - settings.cl,
        method=settings.method,
        convention=settings.convention,
        left_out=search.left_out(search.rows(_COLUMNS)),
    )
    write_text(paths[1], text)
    return paths


EXPORT = Export("pyhf", "workspace.json: a HistFactory workspace, one channel a mass", _write)
