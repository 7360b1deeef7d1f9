"""Heavy-neutral-lepton production searches in meson decays: simulation, missing-mass peak scan, limits.

The names below are loaded when they are first used, so that ``import hnlpeak`` costs next to nothing.
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
    from hnlpeak.formats.signal_table import read_signal_table
    from hnlpeak.formats.spectrum_file import read_spectrum
    from hnlpeak.limits.result import SearchResult
    from hnlpeak.limits.search import Search
    from hnlpeak.searches.given import scan
    from hnlpeak.searches.plan import Injection
    from hnlpeak.searches.run import run, search
    from hnlpeak.spectrum.spectrum import Spectrum
    from hnlpeak.theory import lifetime, production

__version__ = VERSION

_HOME = {
    "Analysis": "hnlpeak.experiment.analysis",
    "CardError": "hnlpeak.core.errors",
    "HnlpeakError": "hnlpeak.core.errors",
    "Injection": "hnlpeak.searches.plan",
    "InputDataError": "hnlpeak.core.errors",
    "Measured": "hnlpeak.core.measured",
    "Search": "hnlpeak.limits.search",
    "SearchResult": "hnlpeak.limits.result",
    "SignalModel": "hnlpeak.estimation.signal",
    "Spectrum": "hnlpeak.spectrum.spectrum",
    "UsageError": "hnlpeak.core.errors",
    "lifetime": "hnlpeak.theory",
    "load_analysis": "hnlpeak.experiment.analysis",
    "production": "hnlpeak.theory",
    "read_signal_table": "hnlpeak.formats.signal_table",
    "read_spectrum": "hnlpeak.formats.spectrum_file",
    "run": "hnlpeak.searches.run",
    "scan": "hnlpeak.searches.given",
    "search": "hnlpeak.searches.run",
    "statistics": "hnlpeak",
}

__all__ = [
    "Analysis",
    "CardError",
    "HnlpeakError",
    "Injection",
    "InputDataError",
    "Measured",
    "Search",
    "SearchResult",
    "SignalModel",
    "Spectrum",
    "UsageError",
    "lifetime",
    "load_analysis",
    "production",
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
