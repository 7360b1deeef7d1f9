"""Rolke-Lopez intervals: CPU time per interval, beside ROOT's TRolke in the same run if ROOT is here.

TRolke runs in a C++ loop compiled by cling, so no Python call is in its time. Both get the same inputs and
give both ends; TRolke stops at 1e-5, here 1e-12. Counts start at 1: for n = 0 TRolke computes two intervals.
"trolke" follows TRolke to larger counts where an interval is empty; "unbounded" leaves it empty, and those
are not in its mean.

Run: python bench/bench_interval.py
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from hnlpeak.statistics import (
    Binomial,
    Gaussian,
    Known,
    Poisson,
    expected_limit,
    p_value,
    rolke_lopez,
)

LOOP = """
#include "TRolke.h"
#include <ctime>
#include <iostream>
double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}
double trolke_seconds(int model, int size, const double* n, const double* b, const double* spread,
                      double e, double se, bool bounded, double* mean) {
  TRolke rolke(0.9);
  rolke.SetBounding(bounded);
  double lower = 0., upper = 0., sum = 0.;
  std::cout.setstate(std::ios::failbit);  // warnings cost time
  std::cerr.setstate(std::ios::failbit);
  const double start = thread_seconds();
  for (int i = 0; i < size; ++i) {
    int x = n[i], y = b[i];
    switch (model) {
      case 1: rolke.SetPoissonBkgBinomEff(x, y, (int)e, spread[i], (int)se); break;
      case 2: rolke.SetPoissonBkgGaussEff(x, y, e, spread[i], se); break;
      case 3: rolke.SetGaussBkgGaussEff(x, b[i], e, se, spread[i]); break;
      case 4: rolke.SetPoissonBkgKnownEff(x, y, spread[i], e); break;
      case 5: rolke.SetGaussBkgKnownEff(x, b[i], spread[i], e); break;
      case 6: rolke.SetKnownBkgBinomEff(x, (int)e, (int)se, b[i]); break;
      case 7: rolke.SetKnownBkgGaussEff(x, e, se, b[i]); break;
    }
    rolke.GetLimits(lower, upper);
    sum += upper;
  }
  const double taken = thread_seconds() - start;
  std::cout.clear();
  std::cerr.clear();
  *mean = sum / size;
  return taken;
}
"""

# number of the model in TRolke, background, efficiency
MODELS = (
    (5, Gaussian, Known),
    (4, Poisson, Known),
    (7, Known, Gaussian),
    (3, Gaussian, Gaussian),
    (2, Poisson, Gaussian),
    (6, Known, Binomial),
    (1, Poisson, Binomial),
)
EFFICIENCIES = {Known: (0.3, 0.0), Gaussian: (0.3, 0.015), Binomial: (20.0, 40.0)}


def best(function, repeats=7):
    function()
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        function()
        times.append(time.thread_time() - start)
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


def side_by_side(mine, peer, repeats=12):
    """Shortest CPU time of each, taken in turns: the speed of a shared machine changes within seconds."""
    times = [(best(mine, 1), min(peer(), peer()) if peer else 0.0) for _ in range(repeats)]
    return tuple(map(min, zip(*times, strict=True)))


def grid(kind, size):
    """n = 1 to 30 and a background near 10."""
    rng = np.random.Generator(np.random.Philox(1))
    n = np.tile(np.arange(1.0, 31.0), size // 30)
    if kind is Poisson:
        return n, (rng.integers(20, 30, size).astype(float), np.full(size, 2.0))
    return n, (rng.uniform(9.0, 11.0, size), np.full(size, 1.5 if kind is Gaussian else 0.0))


def toys(size):
    """Background-only pseudo-experiments."""
    rng = np.random.Generator(np.random.Philox(2))
    rates = rng.uniform(1.0, 50.0, size)
    return np.maximum(rng.poisson(rates), 1).astype(float), (rates, 0.1 * rates)


def measured(root, model, kinds, inputs, treatment, repeats=12):
    """ns of an interval and mean upper end, here and by TRolke (NaN without ROOT)."""
    n, background = inputs
    numbers = EFFICIENCIES[kinds[1]]
    arguments = {
        "background": kinds[0](background[0]) if kinds[0] is Known else kinds[0](*background),
        "efficiency": Known(numbers[0]) if kinds[1] is Known else kinds[1](*numbers),
        "treatment": treatment,
    }
    bounded = treatment == "trolke-bounded"
    mean = np.full(1, np.nan)

    def peer():
        return root.trolke_seconds(model, n.size, n, *background, *numbers, bounded, mean)

    mine, theirs = side_by_side(lambda: rolke_lopez(n, **arguments), peer if root else None, repeats)
    upper = np.nanmean(rolke_lopez(n, **arguments).upper)
    return 1e9 * mine / n.size, upper, 1e9 * theirs / n.size if root else np.nan, mean[0]


def row(root, name, model, kinds, inputs, treatment):
    mine, upper, theirs, mean = measured(root, model, kinds, inputs, treatment)
    cells = [f"{name:44s}", f"{treatment:15s}", f"{mine:6.0f}", f"{upper:11.5f}"]
    if root is not None:
        cells += [f"{theirs:10.0f}", f"{mean:12.5f}", f"{theirs / mine:6.1f}"]
    return " ".join(cells)


def main(size=30_000):
    root = load_root()
    if root is None:
        print("ROOT is not installed: no TRolke columns")
    heads = (f"{'treatment':15s}", "    ns", " mean upper", " TRolke ns", "  mean upper", " ratio")
    print(" " * 44, *heads)
    for model, *kinds in MODELS:
        name = f"{model} {kinds[0].__name__} background, {kinds[1].__name__} efficiency"
        for treatment in ("trolke", "trolke-bounded"):
            print(row(root, name, model, kinds, grid(kinds[0], size), treatment))
    for treatment in ("trolke", "trolke-bounded"):
        print(row(root, "5 background toys, b 1..50 +- 10 %", 5, (Gaussian, Known), toys(size), treatment))
    b = np.geomspace(300.0, 0.5, 280)
    background = Gaussian(b, 0.05 * b + 0.1)
    print(f"280 expected limits with bands: {best(lambda: expected_limit(background=background), 3):.3f} s")
    print(f"280 p-values: {best(lambda: p_value(np.rint(b), background=background)):.4f} s")


if __name__ == "__main__":
    main()
