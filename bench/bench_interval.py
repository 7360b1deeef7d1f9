"""Rolke-Lopez intervals: time per interval on one core, beside ROOT's TRolke in the same run if ROOT is here.

TRolke runs in a C++ loop compiled by cling, so that no Python call is in its time. Both get the same inputs and
give both ends; TRolke stops at 1e-5, here 1e-12. Counts start at 1: TRolke computes two intervals for n = 0.

Run: python bench/bench_interval.py
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from hnlpeak.statistics import Gaussian, Known, expected_limit, p_value, rolke_lopez

LOOP = """
#include "TRolke.h"
#include <chrono>
double trolke_seconds(int size, const double* n, const double* b, const double* sb, double e, double se, bool bounded,
                      double* mean) {
  TRolke rolke(0.9);
  rolke.SetBounding(bounded);
  double lower = 0., upper = 0., sum = 0.;
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < size; ++i) {
    if (se > 0.) rolke.SetGaussBkgGaussEff((int)n[i], b[i], e, se, sb[i]);
    else rolke.SetGaussBkgKnownEff((int)n[i], b[i], sb[i], e);
    rolke.GetLimits(lower, upper);
    sum += upper;
  }
  std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  *mean = sum / size;
  return taken.count();
}
"""


def best(function, repeats=7):
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def load_root():
    """ROOT with the loop compiled, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ROOT
    except ImportError:
        return None
    ROOT.gInterpreter.ProcessLine("#pragma cling optimize(3)")
    ROOT.gInterpreter.Declare(LOOP)
    return ROOT


def root_time(root, n, b, sigma, efficiency, bounded, repeats=3):
    mean = np.zeros(1)
    times = [root.trolke_seconds(n.size, n, b, sigma, *efficiency, bounded, mean) for _ in range(repeats)]
    return min(times) / n.size, mean[0]


def main():
    rng = np.random.Generator(np.random.Philox(1))
    size = 30_000
    grid = np.tile(np.arange(1.0, 31.0), size // 30)
    near_ten = rng.uniform(9.0, 11.0, size)
    spread = rng.uniform(1.0, 50.0, size)
    toys = np.maximum(rng.poisson(spread), 1).astype(float)
    cases = [
        ("n 1..30, b 10 +- 1.5, e known", grid, near_ten, np.full(size, 1.5), (0.3, 0.0)),
        ("background toys, b 1..50 +- 10 %, e known", toys, spread, 0.1 * spread, (0.3, 0.0)),
        ("n 1..30, b 10 +- 1.5, e +- 5 %", grid, near_ten, np.full(size, 1.5), (0.3, 0.015)),
    ]
    root = load_root()
    if root is None:
        print("ROOT is not installed: no TRolke column")
    print(
        f"{'case':44s} {'treatment':16s} {'ns':>7s} {'TRolke ns':>10s} {'ratio':>6s} {'mean upper':>12s} {'TRolke':>12s}"
    )
    for name, n, b, sigma, efficiency in cases:
        for treatment in ("bounded", "unbounded", "trolke-bounded", "trolke"):
            arguments = {
                "background": Gaussian(b, sigma),
                "efficiency": Gaussian(*efficiency),
                "treatment": treatment,
            }
            if efficiency[1] == 0.0:
                arguments["efficiency"] = Known(efficiency[0])
            mine = best(lambda n=n, arguments=arguments: rolke_lopez(n, **arguments)) / size
            mean = np.nanmean(rolke_lopez(n, **arguments).upper)
            line = f"{name:44s} {treatment:16s} {1e9 * mine:7.0f}"
            if root is not None:
                peer, peer_mean = root_time(
                    root, n, b, sigma, efficiency, "bounded" in treatment and treatment[:2] != "un"
                )
                line += f" {1e9 * peer:10.0f} {peer / mine:6.1f} {mean:12.6f} {peer_mean:12.6f}"
            else:
                line += f" {'-':>10s} {'-':>6s} {mean:12.6f}"
            print(line)
    b = np.geomspace(300.0, 0.5, 280)
    background = Gaussian(b, 0.05 * b + 0.1)
    print(
        f"expected limits with bands, 280 masses: {best(lambda: expected_limit(background=background), 3):.3f} s"
    )
    print(f"p-values, 280 masses: {best(lambda: p_value(np.rint(b), background=background)):.4f} s")


if __name__ == "__main__":
    main()
