"""Bias and coverage of upper limits at masses of a finished search, before and after: the table of ``statistics.md``.

    python docs/make_coverage_table.py DIR [TOYS]

DIR is a folder of ``hnlpeak run na62-2015-ke2``; the spectrum of its templates, smoothed by a polynomial of fifth order
in the logarithm, is the truth, and a hump of 0.7 of the side bands' reach with the same b the other. "Before" is one
function, the change to the alternative order as systematic error, and no leakage in the limit.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.special import ndtr

from hnlpeak.background.bands import sideband_design
from hnlpeak.background.sideband_fit import fit_sidebands
from hnlpeak.formats.search_files import read_search
from hnlpeak.limits.masks import MASK_FROM, MASK_REACH
from hnlpeak.spectrum.window import search_window
from hnlpeak.statistics import Gaussian, Known, rolke_lopez, significance

MASSES, EVENTS, EXPOSURES = (172.0, 200.0, 300.0, 352.0, 440.0), (0.0, 3.0, 10.0, 30.0), (3.01e8, 3.01e9)


def truths(card, templates, signal, mass, exposure):
    """Return the window, and events a bin by name of the truth."""
    name = card.selection_of(mass)
    edges, values, _ = templates.project(name)
    values = values * templates.scaled_to(exposure)
    sigma = signal.at(mass, name).sigma.value
    window = search_window(mass, sigma, k=1.0, edges=edges)
    x = (0.5 * (edges[1:] + edges[:-1]) - mass) / sigma
    near = (np.abs(x) < 13.0) & (edges[:-1] > 140.0)
    groups = np.floor(2.0 * x[near]).astype(int)
    places = np.unique(groups)
    mean = np.array([[part[near][groups == g].mean() for g in places] for part in (x, values)])
    floor = 0.3 * mean[1][mean[1] > 0.0].min()
    fit = np.polynomial.Polynomial.fit(
        mean[0], np.log(np.maximum(mean[1], floor)), 5, w=np.sqrt(mean[1] + 1e-9)
    )
    smooth = np.where(near, np.exp(fit(np.clip(x, -13.0, 13.0))), 0.0)
    hump = np.exp(-((x / 11.25) ** 2) / 0.98)
    inside = slice(window.first, window.last)
    return window, {"simulated": smooth, "hump": hump * smooth[inside].sum() / hump[inside].sum()}


def row(card, window, edges, truth, events, toys, rng):
    """Return (bias over its error, coverage of the upper limit) before and after, for ``events`` in the window."""
    bands = card.background
    shape = np.diff(ndtr((edges - window.mass) / window.sigma))
    inside = shape[window.first : window.last].sum()
    counts = rng.poisson(truth + events / inside * shape, (toys, truth.size))
    total = np.concatenate([np.zeros((toys, 1)), np.cumsum(counts, axis=1)], axis=1)
    n = total[:, window.last] - total[:, window.first]
    b = truth[window.first : window.last].sum()
    reach = MASK_REACH * window.sigma

    def fits(choice, masked=()):
        one = sideband_design([window], edges, bands, masked)
        design = one._make(np.repeat(column, toys, axis=0) for column in one)
        orders = {"order": bands.order, "alternative_order": bands.alternative_order, "order_choice": choice}
        return fit_sidebands(design, total, np.arange(toys), **orders)

    old, new = fits("fixed"), fits("average")
    away = fits("average", ((window.mass - reach, window.mass + reach),))
    peak = significance(n, background=Gaussian(new.background, new.error)) > MASK_FROM
    estimate, error, leakage = (
        np.where(peak, getattr(away, name), getattr(new, name)) for name in ("background", "error", "leakage")
    )
    before = np.hypot(old.stat, np.nan_to_num(old.alternative - old.background))
    found = []
    for c, sigma, net in ((old.background, before, np.ones(toys)), (estimate, error, 1.0 - leakage / inside)):
        pull = ((n - c) / net - events) / np.hypot(sigma, np.sqrt(b + events))
        upper = rolke_lopez(n, background=Gaussian(c, sigma), efficiency=Known(net)).upper
        found += [f"{pull.mean():+.2f}, {np.mean(upper >= events):.2f}".replace("-", "−")]
    return found


def table(card, templates, signal, toys):
    """Yield the lines of the table."""
    heads = [f"{events:g} events before | after" for events in EVENTS]
    yield f"| exposure, truth | mass | b | {' | '.join(heads)} |"
    yield "|---" * (3 + 2 * len(EVENTS)) + "|"
    rng = np.random.Generator(np.random.Philox(12))
    for exposure in EXPOSURES:
        for kind in ("simulated", "hump"):
            for mass in MASSES:
                window, known = truths(card, templates, signal, mass, exposure)
                cells = [
                    cell
                    for events in EVENTS
                    for cell in row(card, window, templates.edges, known[kind], events, toys, rng)
                ]
                b = known[kind][window.first : window.last].sum()
                yield f"| {exposure:g}, {kind} | {mass:g} | {b:.0f} | {' | '.join(cells)} |".replace(
                    "e+0", "e"
                )


if __name__ == "__main__":
    search = read_search(sys.argv[1])
    for line in table(search.card, search.templates, search.signal, int((sys.argv[2:] or ["600"])[0])):
        print(line, flush=True)
