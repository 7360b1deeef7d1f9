"""Nanoseconds per decay for every mode and the kaon cocktail, beside ROOT's TGenPhaseSpace in the same run.

Run: ``python bench/bench_modes.py``. ROOT's line appears where ROOT can be imported.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np

from hnlpeak.core.borrow import borrowed
from hnlpeak.core.kernel import kernel
from hnlpeak.theory.modes import MAX_DAUGHTERS, MODES, Daughter, cocktail, draw_mode, sample_mode
from hnlpeak.theory.species import Species

EVENTS = 1_000_000
REPEATS = 5


@kernel
def _one(kind, rng, params, out, n):
    total = 0
    for _ in range(n):
        total += sample_mode(kind, rng, params, out)
    return total


@kernel
def _mixed(rng, cumulative, kinds, table, out, n):
    rng, cumulative, kinds = borrowed(rng), borrowed(cumulative), borrowed(kinds)
    table, out = borrowed(table), borrowed(out)
    total = 0
    for _ in range(n):
        i = draw_mode(rng, cumulative)
        total += sample_mode(kinds[i], rng, table[i], out)
    return total


def best(run: Callable[[int], object], n: int) -> float:
    """Nanoseconds per event, the quickest of a few repeats."""
    run(1)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run(n)
        times.append(time.perf_counter() - start)
    return min(times) / n * 1e9


def root_two_body() -> float | None:
    """TGenPhaseSpace throwing K -> mu nu in a compiled loop; None without ROOT."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import ROOT
        except ImportError:
            return None
    ROOT.gInterpreter.Declare("""
    #include <TGenPhaseSpace.h>
    double bench_phase_space(int n) {
      TLorentzVector kaon(0, 0, 0, 493.677);
      double masses[2] = {105.6583755, 0};
      TGenPhaseSpace generator;
      generator.SetDecay(kaon, 2, masses);
      double sum = 0;
      for (int i = 0; i < n; ++i) { generator.Generate(); sum += generator.GetDecay(0)->Pz(); }
      return sum;
    }
    """)
    return best(ROOT.bench_phase_space, EVENTS)


def main() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    out = np.zeros((MAX_DAUGHTERS, Daughter.WIDTH))
    for name, mode in MODES.items():
        params = mode.pack(493.677, Species.MUON_PLUS, 300.0) if name == "hnl" else mode.pack()
        cost = best(lambda n, k=mode.code, p=params: _one(k, rng, p, out, n), EVENTS)
        print(f"{name:10s} {cost:8.1f} ns")
    mix = cocktail(["kmu2", "pipi0", "pi3", "ke3", "kmu3", "pi00", "ke2", "ke2g-sd"])
    cumulative = mix.cumulative
    mean = best(lambda n: _mixed(rng, cumulative, mix.codes, mix.parameters, out, n), 3 * EVENTS)
    print(f"cocktail   {mean:8.1f} ns (mean over the kaon cocktail, the choice of mode included)")
    peer = root_two_body()
    if peer is None:
        print("TGenPhaseSpace: ROOT is not installed")
    else:
        print(f"TGenPhaseSpace, one two-body decay {peer:8.1f} ns: {peer / mean:.1f} x the cocktail mean")


if __name__ == "__main__":
    main()
