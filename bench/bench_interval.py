"""Rolke-Lopez intervals: time per interval on one core, beside ROOT's TRolke in the same run if ROOT is here.

TRolke runs in a C++ loop compiled by cling, so no Python call is in its time. Both get the same inputs and
give both ends; TRolke stops at 1e-5, here 1e-12. Counts start at 1: for n = 0 TRolke computes two intervals.
"unbounded" leaves empty intervals empty (not in its mean) where TRolke goes on to larger counts.

Run: python bench/bench_interval.py
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from hnlpeak.statistics import TREATMENTS, Gaussian, Known, expected_limit, p_value, rolke_lopez

LOOP = """
#include "TRolke.h"
#include <chrono>
#include <iostream>
double trolke_seconds(int size, const double* n, const double* b, const double* sb, double e, double se,
                      bool bounded, double* mean) {
  TRolke rolke(0.9);
  rolke.SetBounding(bounded);
  double lower = 0., upper = 0., sum = 0.;
  std::cout.setstate(std::ios::failbit);  // warnings cost time
  std::cerr.setstate(std::ios::failbit);
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < size; ++i) {
    if (se > 0.) rolke.SetGaussBkgGaussEff((int)n[i], b[i], e, se, sb[i]);
    else rolke.SetGaussBkgKnownEff((int)n[i], b[i], sb[i], e);
    rolke.GetLimits(lower, upper);
    sum += upper;
  }
  std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::cout.clear();
  std::cerr.clear();
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


def cases(size):
    """(name, n, b, sigma_b, (e, sigma_e)) for the table."""
    rng = np.random.Generator(np.random.Philox(1))
    grid = np.tile(np.arange(1.0, 31.0), size // 30)
    near_ten = rng.uniform(9.0, 11.0, size)
    rates = rng.uniform(1.0, 50.0, size)
    toys = np.maximum(rng.poisson(rates), 1).astype(float)
    return [
        ("n 1..30, b 10 +- 1.5, e known", grid, near_ten, np.full(size, 1.5), (0.3, 0.0)),
        ("background toys, b 1..50 +- 10 %, e known", toys, rates, 0.1 * rates, (0.3, 0.0)),
        ("n 1..30, b 10 +- 1.5, e +- 5 %", grid, near_ten, np.full(size, 1.5), (0.3, 0.015)),
    ]


def row(root, case, treatment):
    name, n, b, sigma, efficiency = case

    def intervals():
        known = efficiency[1] == 0.0
        return rolke_lopez(
            n,
            background=Gaussian(b, sigma),
            efficiency=Known(efficiency[0]) if known else Gaussian(*efficiency),
            treatment=treatment,
        )

    mine = best(intervals) / n.size
    cells = [
        f"{name:42s}",
        f"{treatment:15s}",
        f"{1e9 * mine:6.0f}",
        f"{np.nanmean(intervals().upper):11.5f}",
    ]
    if root is not None:
        bounded = treatment in ("bounded", "trolke-bounded")
        peer, mean = root_time(root, n, b, sigma, efficiency, bounded)
        cells += [f"{1e9 * peer:10.0f}", f"{mean:12.5f}", f"{peer / mine:6.1f}"]
    return " ".join(cells)


def main():
    root = load_root()
    if root is None:
        print("ROOT is not installed: no TRolke columns")
    heads = (f"{'treatment':15s}", "    ns", " mean upper", " TRolke ns", "  mean upper", " ratio")
    print(" " * 42, *heads)
    for case in cases(30_000):
        for treatment in TREATMENTS:
            print(row(root, case, treatment))
    b = np.geomspace(300.0, 0.5, 280)
    background = Gaussian(b, 0.05 * b + 0.1)
    print(f"280 expected limits with bands: {best(lambda: expected_limit(background=background), 3):.3f} s")
    print(f"280 p-values: {best(lambda: p_value(np.rint(b), background=background)):.4f} s")


if __name__ == "__main__":
    main()
