"""Moments of energies from ROOT's TGenPhaseSpace, weighted with matrix elements written from four-vectors.

Run with a Python that has ROOT: ``python tests/reference/make_modes_tgenphasespace.py``; it writes
modes_tgenphasespace.json beside itself. Nothing of hnlpeak is imported: masses and slopes are typed in here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import ROOT

K, PI, PI0, MU, E = 493.677, 139.57039, 134.9768, 105.6583755, 0.51099895
LAMBDA_PLUS, LAMBDA_ZERO = 0.0296, 0.0178
EVENTS = 1_000_000
ORDER = "means of E1, E2, E3, then covariances 11 12 13 22 23 33; MeV"

ROOT.gInterpreter.Declare("""
#include <TGenPhaseSpace.h>
#include <TRandom3.h>
void fill_phase_space(double parent, const std::vector<double>& masses, int events, double* out) {
  gRandom->SetSeed(20240607);
  TLorentzVector at_rest(0, 0, 0, parent);
  TGenPhaseSpace generator;
  generator.SetDecay(at_rest, masses.size(), masses.data());
  for (int i = 0; i < events; ++i) {
    *out++ = generator.Generate();
    for (size_t j = 0; j < masses.size(); ++j) {
      const TLorentzVector& p = *generator.GetDecay(j);
      *out++ = p.Px(); *out++ = p.Py(); *out++ = p.Pz(); *out++ = p.E();
    }
  }
}
""")


def dot(a, b):
    return a[..., 3] * b[..., 3] - np.sum(a[..., :3] * b[..., :3], axis=-1)


def semileptonic(p):
    """Lepton, pi0, neutrino: V - A trace with both form factors."""
    lepton, pion, neutrino = p[:, 0], p[:, 1], p[:, 2]
    kaon = np.array([0, 0, 0, K])
    t = dot(kaon - pion, kaon - pion) / PI**2
    f_plus, f_zero = 1 + LAMBDA_PLUS * t, 1 + LAMBDA_ZERO * t
    f_minus = (f_zero - f_plus) * (K**2 - PI0**2) / (t * PI**2)
    h = f_plus[:, None] * (kaon + pion) + f_minus[:, None] * (kaon - pion)
    return 2 * dot(neutrino, h) * dot(h, lepton) - dot(h, h) * dot(neutrino, lepton)


def three_pion(g, h, k):
    """Pair, pair, odd: Dalitz polynomial."""

    def density(p):
        kaon = np.array([0, 0, 0, K])
        s = [dot(kaon - p[:, i], kaon - p[:, i]) for i in range(3)]
        u, v = (s[2] - (s[0] + s[1] + s[2]) / 3) / PI**2, (s[1] - s[0]) / PI**2
        return 1 + g * u + h * u * u + k * v * v

    return density


MODES = {
    "ke3": ((E, PI0, 0.0), semileptonic),
    "kmu3": ((MU, PI0, 0.0), semileptonic),
    "pi3": ((PI, PI, PI), three_pion(-0.21134, 0.0185, -0.00463)),
    "pi00": ((PI0, PI0, PI), three_pion(0.626, 0.052, 0.0054)),
}


def moments(energies, weight):
    """Weighted means and covariances, each with its standard error from batches."""
    batches = []
    for e, w in zip(np.array_split(energies, 50), np.array_split(weight, 50), strict=True):
        mean = np.average(e, axis=0, weights=w)
        batches.append(np.concatenate([mean, np.cov(e.T, aweights=w, ddof=0)[np.triu_indices(e.shape[1])]]))
    values = np.mean(batches, axis=0)
    errors = np.std(batches, axis=0, ddof=1) / np.sqrt(len(batches))
    return values, errors


def main():
    result = {
        "origin": f"ROOT {ROOT.gROOT.GetVersion()} TGenPhaseSpace",
        "script": Path(__file__).name,
        "events": EVENTS,
        "order": ORDER,
        "modes": {},
    }
    for name, (masses, density) in MODES.items():
        out = np.zeros((EVENTS, 13))
        ROOT.fill_phase_space(K, ROOT.std.vector["double"](masses), EVENTS, out.ravel())
        p = out[:, 1:].reshape(EVENTS, 3, 4)
        values, errors = moments(p[..., 3], out[:, 0] * density(p))
        flat, flat_errors = moments(p[..., 3], out[:, 0])
        result["modes"][name] = {
            "values": [float(f"{x:.9g}") for x in values],
            "errors": [float(f"{x:.3g}") for x in errors],
            "flat_values": [float(f"{x:.9g}") for x in flat],
            "flat_errors": [float(f"{x:.3g}") for x in flat_errors],
        }
    target = Path(__file__).with_name("modes_tgenphasespace.json")
    target.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
