"""Heavy-neutral-lepton production searches in meson decays: simulation, missing-mass peak scan, limits.

The names in ``__all__`` are what scripts and notebooks use; whatever is below may change between versions. They are
loaded when they are first used, so that ``import hnlpeak`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hnlpeak.core.version import VERSION

if TYPE_CHECKING:
    from hnlpeak import statistics
    from hnlpeak.core.errors import CardError, HnlpeakError, InputDataError, UsageError
    from hnlpeak.core.measured import Measured
    from hnlpeak.estimation.signal import SignalModel
    from hnlpeak.experiment.analysis import Analysis, load_analysis
    from hnlpeak.experiment.experiment import Experiment, load_experiment
    from hnlpeak.formats.results import read_result
    from hnlpeak.formats.search_files import read_search
    from hnlpeak.formats.signal_table import read_signal_table
    from hnlpeak.formats.spectrum_file import read_spectrum
    from hnlpeak.limits.combine import Combination, combine
    from hnlpeak.limits.published import PublishedLimit, list_published, published
    from hnlpeak.limits.result import SearchResult
    from hnlpeak.limits.search import Search
    from hnlpeak.searches.calls import run, scan, search
    from hnlpeak.searches.plan import Injection
    from hnlpeak.spectrum.spectrum import Spectrum
    from hnlpeak.theory import lifetime, production

__version__ = VERSION

_HOME = {
    "Analysis": "hnlpeak.experiment.analysis",
    "CardError": "hnlpeak.core.errors",
    "Combination": "hnlpeak.limits.combine",
    "Experiment": "hnlpeak.experiment.experiment",
    "HnlpeakError": "hnlpeak.core.errors",
    "Injection": "hnlpeak.searches.plan",
    "InputDataError": "hnlpeak.core.errors",
    "Measured": "hnlpeak.core.measured",
    "PublishedLimit": "hnlpeak.limits.published",
    "Search": "hnlpeak.limits.search",
    "SearchResult": "hnlpeak.limits.result",
    "SignalModel": "hnlpeak.estimation.signal",
    "Spectrum": "hnlpeak.spectrum.spectrum",
    "UsageError": "hnlpeak.core.errors",
    "combine": "hnlpeak.limits.combine",
    "lifetime": "hnlpeak.theory",
    "list_published": "hnlpeak.limits.published",
    "load_analysis": "hnlpeak.experiment.analysis",
    "load_experiment": "hnlpeak.experiment.experiment",
    "production": "hnlpeak.theory",
    "published": "hnlpeak.limits.published",
    "read_result": "hnlpeak.formats.results",
    "read_search": "hnlpeak.formats.search_files",
    "read_signal_table": "hnlpeak.formats.signal_table",
    "read_spectrum": "hnlpeak.formats.spectrum_file",
    "run": "hnlpeak.searches.calls",
    "scan": "hnlpeak.searches.calls",
    "search": "hnlpeak.searches.calls",
    "statistics": "hnlpeak",
}

__all__ = [
    "Analysis",
    "CardError",
    "Combination",
    "Experiment",
    "HnlpeakError",
    "Injection",
    "InputDataError",
    "Measured",
    "PublishedLimit",
    "Search",
    "SearchResult",
    "SignalModel",
    "Spectrum",
    "UsageError",
    "combine",
    "lifetime",
    "list_published",
    "load_analysis",
    "load_experiment",
    "production",
    "published",
    "read_result",
    "read_search",
    "read_signal_table",
    "read_spectrum",
    "run",
    "scan",
    "search",
    "statistics",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hnlpeak' has no attribute {name!r}")
    if name in ("lifetime", "production", "statistics"):
        found: Any = import_module(f"{_HOME[name]}.{name}")
    else:
        found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
