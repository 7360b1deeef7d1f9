"""All interval methods by name: what each is called with, and in words what its numbers mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hnlpeak.core.errors import UsageError
from hnlpeak.statistics.bayes import bayes
from hnlpeak.statistics.cls import cls
from hnlpeak.statistics.cls_marginal import cls_marginal
from hnlpeak.statistics.feldman_cousins import feldman_cousins
from hnlpeak.statistics.interval import Interval
from hnlpeak.statistics.one_sided import one_sided, power_constrained
from hnlpeak.statistics.rolke_lopez import TREATMENTS, Treatment, rolke_lopez

__all__ = ["METHODS", "Method", "method_call"]


@dataclass(frozen=True)
class Method:
    """``call(n, background=, efficiency=, cl=)`` gives an :class:`Interval`; the rest says how to read it.

    ``convention`` is a sentence part with {cl}, the level in per cent, and {one_sided}, that of a two-sided
    interval's upper end. ``whole_counts``: n must be whole. ``positive_background``: an uncertain measured
    background must be above zero. ``slow``: an interval takes milliseconds, and ``cells`` is how finely sums over
    measurements sample it. ``label``: its name on figures. ``treatments`` of deficits that its call knows, the usual
    one first.
    """

    call: Callable[..., Interval]
    summary: str
    convention: str
    two_sided: bool = False
    whole_counts: bool = False
    positive_background: bool = False
    cells: int = 96
    label: str = ""
    slow: bool = False
    treatments: tuple[Treatment, ...] = ()

    def words(self, cl: float) -> str:
        """What a result at ``cl`` is, in words."""
        return self.convention.format(cl=f"{100.0 * cl:.6g}", one_sided=f"{50.0 * (1.0 + cl):.6g}")


METHODS: dict[str, Method] = {
    "rolke-lopez": Method(
        rolke_lopez,
        "profile-likelihood interval; treatments " + ", ".join(TREATMENTS),
        "two-sided {cl} % interval; its upper end is asymptotically a one-sided {one_sided} % limit",
        two_sided=True,
        label="Rolke–López",
        treatments=("bounded", *(name for name in TREATMENTS if name != "bounded")),
    ),
    "cls": Method(
        cls,
        "CLs upper limit, asymptotic formulae",
        "one-sided {cl} % CLs upper limit",
        label="CLs",
    ),
    "feldman-cousins": Method(
        feldman_cousins,
        "unified interval, ordered by likelihood ratio, nuisance parameters profiled; slow",
        "two-sided {cl} % unified interval; one-sided or two-sided as the data decide",
        two_sided=True,
        cells=24,
        slow=True,
        label="Feldman–Cousins",
    ),
    "bayes": Method(
        bayes,
        "Bayesian upper limit, flat prior of the signal, gamma prior of the background",
        "one-sided {cl} % credible upper limit with a flat prior of the signal",
        whole_counts=True,
        positive_background=True,
        label="Bayes",
    ),
    "cls-exact": Method(
        partial(cls, kind="exact"),
        "CLs upper limit, p-values summed over all pseudo-experiments",
        "one-sided {cl} % CLs upper limit",
        cells=48,
        slow=True,
        label="exact CLs",
    ),
    "cls-marginal": Method(
        cls_marginal,
        "CLs upper limit, p-values of the count averaged over background and efficiency",
        "one-sided {cl} % CLs upper limit with the background averaged over its prior",
        whole_counts=True,
        label="CLs, averaged",
    ),
    "feldman-cousins-bare": Method(
        partial(feldman_cousins, belt="bare"),
        "unified interval whose ends may rise with the background, as the belt alone has them",
        "two-sided {cl} % unified interval of the bare belt; one-sided or two-sided as the data decide",
        two_sided=True,
        cells=24,
        slow=True,
        label="Feldman–Cousins, bare",
    ),
    "one-sided": Method(
        one_sided,
        "one-sided upper limit of the bounded profile likelihood, asymptotic",
        "one-sided {cl} % upper limit",
        label="profile likelihood",
    ),
    "power-constrained": Method(
        power_constrained,
        "one-sided upper limit, not below what background alone excludes with probability 0.16",
        "one-sided {cl} % upper limit, power-constrained at 0.1587",
        label="profile likelihood",
    ),
}
"""A new method is an entry here; commands, expected limits and coverage take it from here."""


def method_call(method: str, treatment: Treatment | None = None) -> Callable[..., Interval]:
    """The call of a method; ``treatment`` belongs to ``"rolke-lopez"``, ``"bounded"`` unless given.

    Raises UsageError for an unknown name and for a treatment with another method.
    """
    if method not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    known = METHODS[method].treatments
    if known:
        return partial(METHODS[method].call, treatment=known[0] if treatment is None else treatment)
    if treatment is not None:
        raise UsageError(f"treatment applies to rolke-lopez only, got {treatment!r} with {method}")
    return METHODS[method].call
