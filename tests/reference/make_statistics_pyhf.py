"""Asymptotic CLs limits of pyhf for 200 counting experiments: writes statistics_pyhf.csv.

pyhf 0.7.6 (Apache 2.0; L. Heinrich, M. Feickert, G. Stark), numpy backend, SciPy optimiser. One bin, signal 1.
"gaussian": background with a histosys of +-sigma and signal with a histosys of +-r, linear in a unit normal.
"poisson": background with a shapesys, auxiliary count (b/sigma)^2 of scale b/sigma^2. Limits to 1e-7.
Points: Philox(20111727), n from Poisson at 0.5 to 2 times the background. Run: python make_statistics_pyhf.py
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pyhf
from scipy.optimize import brentq

FIELDS = ["kind", "n", "b", "sigma", "r", "cl", "observed", "m2s", "m1s", "median", "p1s", "p2s"]


def model_and_data(kind: str, n: float, b: float, sigma: float, r: float):
    modifiers = [{"name": "mu", "type": "normfactor", "data": None}]
    if r > 0.0:
        modifiers.append({"name": "e", "type": "histosys", "data": {"hi_data": [1 + r], "lo_data": [1 - r]}})
    if kind == "gaussian":
        spread = {"name": "b", "type": "histosys", "data": {"hi_data": [b + sigma], "lo_data": [b - sigma]}}
    else:
        spread = {"name": "b", "type": "shapesys", "data": [sigma]}
    samples = [
        {"name": "signal", "data": [1.0], "modifiers": modifiers},
        {"name": "background", "data": [b], "modifiers": [spread]},
    ]
    model = pyhf.Model({"channels": [{"name": "c", "samples": samples}]})
    return model, [n, *model.config.auxdata]


def limits(kind: str, n: float, b: float, sigma: float, r: float, cl: float) -> list[float]:
    model, data = model_and_data(kind, n, b, sigma, r)
    width = np.sqrt(n + b + sigma**2) + 1.0
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (0.0, n + 30.0 * width)
    for name in ("b", "e") if kind == "gaussian" else ("e",):
        if name in model.config.par_order:
            # wider than pyhf's five standard deviations; b and e stay above zero
            bounds[model.config.par_slice(name).start] = (-6.0, 6.0)
    seen: dict[float, tuple[float, ...]] = {}

    def values(mu: float) -> tuple[float, ...]:
        if mu not in seen:
            one, five = pyhf.infer.hypotest(mu, data, model, par_bounds=bounds, return_expected_set=True)
            seen[mu] = (float(one), *map(float, five))
        return seen[mu]

    high = max(n - b, 0.0) + 3.0 * width
    found = []
    for i in range(6):
        while values(high)[i] > 1.0 - cl:
            high *= 1.4
        low = 0.5 * high
        # not from 0: there pyhf may give no number
        while values(low)[i] < 1.0 - cl:
            low *= 0.5
        found.append(brentq(lambda mu, i=i: values(mu)[i] - (1.0 - cl), low, high, xtol=1e-9, rtol=1e-7))
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-12, maxiter=10000))
    rng = np.random.Generator(np.random.Philox(20111727))
    path = Path(__file__).parent / "statistics_pyhf.csv"
    with path.open("w", newline="") as file:
        file.write("# Origin: make_statistics_pyhf.py, pyhf 0.7.6\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for i in range(200):
            kind = ("gaussian", "poisson")[i % 2]
            b = float(np.round(10.0 ** rng.uniform(0.0, 2.3), 3))
            sigma = float(np.round(b * rng.uniform(0.03, 0.16), 4))
            r = float(np.round(rng.uniform(0.02, 0.15), 4)) if i % 4 == 0 else 0.0
            n = int(rng.poisson(b * rng.uniform(0.5, 2.0)))
            cl = (0.9, 0.95)[i // 2 % 2]
            writer.writerow(
                [kind, n, b, sigma, r, cl, *(f"{x:.9g}" for x in limits(kind, n, b, sigma, r, cl))]
            )
            file.flush()


if __name__ == "__main__":
    main()
