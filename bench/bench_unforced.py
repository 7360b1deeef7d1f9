"""K_e3 of 2015 beside decays whose photons are drawn as by nature: are the templates' forced photons unbiased?

    python bench/bench_unforced.py DECAYS TEMPLATE_DECAYS

DECAYS have leptons near the ends of their spectrum (``forced_spread``) and nothing else forced: two photons in 10^5 go
unnoticed by themselves, so that hundreds of millions are wanted (0.9 us of CPU time each). The template is that of the
card. Events expected at the card's exposure in bins of 20 MeV of the missing mass, selected as in windows there.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from hnlpeak.chain.beam import calibrate
from hnlpeak.chain.sample_run import run_sample
from hnlpeak.estimation.peak import mode_fraction
from hnlpeak.execution.context import RunContext
from hnlpeak.execution.run import usable_cpus
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import Template
from hnlpeak.simulation.sample import mode_sample

EDGES = np.arange(150.0, 471.0, 20.0)
MODE, SPREAD = "ke3", 0.7


def expected(name: str, decays: int, forced: dict[str, float], seed: int) -> tuple[NDArray[np.float64], ...]:
    """Events in the bins at the card's exposure, and their variances."""
    search, context = load_analysis("na62-2015-ke2"), RunContext(seed=seed, workers=usable_cpus())
    card = search.card
    beam = calibrate(mode_sample("calibration", "pi3", 400_000), search.experiment, context)
    made = run_sample(mode_sample(name, MODE, decays, **forced), search.experiment, card, beam, context)
    selections = [card.selection_of(mass) for mass in 0.5 * (EDGES[1:] + EDGES[:-1])]
    sums = made.spectrum.between(selections, EDGES[:-1], EDGES[1:])
    unit = card.exposure.decays * mode_fraction(MODE, card.fractions).value / made.decays_in_fiducial
    return unit * sums.values, unit**2 * sums.variances


def report(plain: tuple[NDArray[np.float64], ...], template: tuple[NDArray[np.float64], ...]) -> None:
    (a, va), (b, vb) = plain, template
    print(f"{'MeV':>9} {'by nature':>16} {'template':>16} {'ratio':>13} {'pull':>6}")
    rows = [(f"{low:.0f}-{low + 20:.0f}", np.array([k])) for k, low in enumerate(EDGES[:-1])]
    rows += [("210-270", np.arange(3, 6)), ("all", np.arange(a.size))]
    for label, k in rows:
        x, y, ex, ey = a[k].sum(), b[k].sum(), va[k].sum() ** 0.5, vb[k].sum() ** 0.5
        ratio = y / x if x > 0.0 else np.nan
        error, pull = ratio * np.hypot(ey / y, ex / x if x > 0.0 else np.nan), (y - x) / np.hypot(ex, ey)
        print(f"{label:>9} {x:8.3f} ± {ex:5.3f} {y:8.3f} ± {ey:5.3f} {ratio:6.3f} ± {error:4.3f} {pull:6.2f}")
    some = a**2 > 9.0 * va
    chi2 = float(((a - b)[some] ** 2 / (va + vb)[some]).sum())
    print(f"chi2 {chi2:.1f} for {some.sum()} bins, p = {gammaincc(0.5 * some.sum(), 0.5 * chi2):.3g}")


def main() -> None:
    """Print both, and how they agree."""
    decays, template = (int(float(word)) for word in sys.argv[1:3])
    card = load_analysis("na62-2015-ke2").card
    (made,) = (t for t in card.samples.templates if t.mode == MODE)
    forced = {name: getattr(made, name) for name in set(Template.model_fields) - {"mode", "decays"}}
    report(
        expected("unforced/ke3", decays, {"forced_spread": SPREAD}, 5),
        expected("forced/ke3", template, forced, 6),
    )


if __name__ == "__main__":
    main()
