"""A HEPData submission: spectrum, windows with background, acceptance, and limits on N_S, B and |U|^2.

Expected limits are given twice, with the 1 and the 2 standard-deviation band, since several errors of one value are
added in quadrature by many readers. Needs the extra ``hepdata``.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hnlpeak.core.errors import HnlpeakError, UsageError
from hnlpeak.formats.export.export import Export, Finished, Vector, channel_of

__all__ = ["EXPORT"]

_LIMITS = {
    "n_signal": (
        "Upper limits on signal events",
        "Upper limit on signal events in the window",
        "",
        "n_signal",
    ),
    "branching_fraction": (
        "Upper limits on the branching fraction",
        "Upper limit on the branching fraction",
        "",
        "branching_fraction",
    ),
    "u2": ("Upper limits on the mixing", "Upper limit on the mixing parameter", "", "u2"),
}
_DIGITS = 15
_BANDS = (("1 s.d.", "m1s", "p1s"), ("2 s.d.", "m2s", "p2s"))


def _library() -> Any:
    try:
        import hepdata_lib
    except ImportError as error:
        raise UsageError(
            "export hepdata needs the package hepdata_lib: pip install 'hnlpeak[hepdata]'"
        ) from error
    return hepdata_lib


def _checked(values: Vector, what: str) -> list[float]:
    """Plain numbers, every one finite: the validator of HEPData lets NaN pass."""
    if not np.all(np.isfinite(values)):
        raise HnlpeakError(f"HEPData table {what}: a number is not finite")
    return [float(value) for value in values]


def _variable(
    lib: Any, search: Finished, name: str, values: Vector, *, unit: str = "", independent: bool = False
) -> Any:
    made = lib.Variable(
        name, is_independent=independent, is_binned=False, units=unit, zero_uncertainties_warning=False
    )
    made.digits = _DIGITS
    made.values = _checked(values, name)
    if not independent:
        made.add_qualifier("RE", channel_of(search.result))
        made.add_qualifier("DATA", "simulated pseudo-data" if search.result.simulated else "data")
    return made


def _error(lib: Any, label: str, minus: Vector, plus: Vector | None = None) -> Any:
    made = lib.Uncertainty(label, is_symmetric=plus is None)
    if plus is None:
        made.values = _checked(minus, label)
    else:
        made.values = list(zip(_checked(-minus, label), _checked(plus, label), strict=True))
    return made


def _table(lib: Any, search: Finished, name: str, description: str, rows: Any, figure: str | None) -> Any:
    made = lib.Table(name)
    made.description = " ".join([description, search.origin, search.left_out(rows)]).strip()
    made.keywords["reactions"] = [channel_of(search.result)]
    made.keywords["phrases"] = ["heavy neutral lepton", "peak search", "missing mass"]
    picture = None if figure is None else search.folder.absolute() / "figures" / f"{figure}.png"
    if picture is not None and picture.is_file():
        made.add_additional_resource("Image file", str(picture), copy_file=True)
    return made


def _mass(lib: Any, search: Finished, rows: Any) -> Any:
    masses = search.result.number("m_n_mev")[rows]
    return _variable(lib, search, "HNL mass", masses, unit="MeV", independent=True)


def _of_limits(lib: Any, search: Finished, kind: str) -> Any:
    result, settings = search.result, search.result.settings
    title, words, unit, figure = _LIMITS[kind]
    columns = [f"{kind}_ul_observed", f"{kind}_ul_expected"]
    has_bands = f"{kind}_ul_expected_m1s" in result.columns
    if has_bands:
        columns += [f"{kind}_ul_expected_{end}" for _, *ends in _BANDS for end in ends]
    rows = search.rows(columns)
    table = _table(lib, search, title, f"{words}, {settings.convention}.", rows, figure)
    table.add_variable(_mass(lib, search, rows))

    def limit(name: str, column: str) -> Any:
        made = _variable(lib, search, name, result.number(column)[rows], unit=unit)
        made.add_qualifier("CL", f"{100.0 * settings.cl:g} PCT")
        made.add_qualifier("LIMIT METHOD", settings.method)
        return made

    table.add_variable(limit("Observed", f"{kind}_ul_observed"))
    expected = result.number(f"{kind}_ul_expected")[rows]
    if not has_bands:
        table.add_variable(limit("Expected", f"{kind}_ul_expected"))
        return table
    for label, low, high in _BANDS:
        made = limit(f"Expected, {label} band", f"{kind}_ul_expected")
        below, above = (result.number(f"{kind}_ul_expected_{end}")[rows] for end in (low, high))
        made.add_uncertainty(_error(lib, label, expected - below, above - expected))
        table.add_variable(made)
    return table


def _of_windows(lib: Any, search: Finished) -> Any:
    result = search.result
    numbers = (
        ("Lower edge of the window", "window_low_mev", "MeV"),
        ("Upper edge of the window", "window_high_mev", "MeV"),
        ("Observed events", "n_observed", ""),
        ("Local p-value", "p_value", ""),
    )
    parts = ("background_stat", "background_syst")
    rows = search.rows([*(column for _, column, _ in numbers), "background", *parts])
    words = (
        "Events and expected background in each search window. Windows of neighbouring masses overlap: their numbers "
        "are correlated."
    )
    table = _table(lib, search, "Events and background", words, rows, "background_estimate")
    table.add_variable(_mass(lib, search, rows))
    for name, column, unit in numbers:
        table.add_variable(_variable(lib, search, name, result.number(column)[rows], unit=unit))
    background = _variable(lib, search, "Expected background", result.number("background")[rows])
    for label, column in zip(("stat", "syst"), parts, strict=True):
        background.add_uncertainty(_error(lib, label, result.number(column)[rows]))
    table.add_variable(background)
    return table


def _of_signal(lib: Any, search: Finished) -> Any:
    result = search.result
    columns = ("sigma_mev", "sigma_error_mev", "acceptance", "acceptance_error", "n_kaon", "n_kaon_error")
    rows = search.rows(columns)
    table = _table(lib, search, "Acceptance and resolution", "Signal in each window.", rows, "acceptance")
    table.add_variable(_mass(lib, search, rows))
    for name, column, error, unit in (
        ("Mass resolution", "sigma_mev", "sigma_error_mev", "MeV"),
        ("Acceptance in the window", "acceptance", "acceptance_error", ""),
        ("Number of meson decays", "n_kaon", "n_kaon_error", ""),
    ):
        made = _variable(lib, search, name, result.number(column)[rows], unit=unit)
        made.add_uncertainty(_error(lib, "total", result.number(error)[rows]))
        table.add_variable(made)
    sensitivity = 1.0 / (result.number("n_kaon")[rows] * result.number("acceptance")[rows])
    table.add_variable(_variable(lib, search, "Single event sensitivity", sensitivity))
    return table


def _of_spectrum(lib: Any, search: Finished, selection: str) -> Any:
    edges, values, _ = search.spectrum.project(selection)
    filled = np.flatnonzero(values)
    some = slice(filled[0], filled[-1] + 1) if filled.size else slice(0, 1)
    table = lib.Table(f"Missing-mass spectrum {selection}")
    table.description = f"Selected events, all cuts of the selection {selection}. {search.origin}"
    table.keywords["reactions"] = [channel_of(search.result)]
    axis = lib.Variable("Missing mass", is_independent=True, is_binned=True, units="MeV")
    axis.values = [
        (float(low), float(high)) for low, high in zip(edges[:-1][some], edges[1:][some], strict=True)
    ]
    table.add_variable(axis)
    table.add_variable(_variable(lib, search, "Events", values[some]))
    return table


def _tables(lib: Any, search: Finished) -> Sequence[Any]:
    chosen = dict.fromkeys(str(name) for name in search.result["selection"])
    known = search.spectrum.selections
    spectra = [name for name in known if name in chosen] or list(known)
    return [
        *(_of_spectrum(lib, search, name) for name in spectra),
        _of_windows(lib, search),
        _of_signal(lib, search),
        *(_of_limits(lib, search, kind) for kind in _LIMITS),
    ]


def _validate(folder: Path) -> None:
    from hepdata_validator.full_submission_validator import FullSubmissionValidator

    validator = FullSubmissionValidator()
    if not validator.validate(directory=str(folder)):
        first = next(iter(validator.get_messages().items()), ("submission", ["not valid"]))
        raise HnlpeakError(f"the HEPData validator refuses {first[0]}: {str(first[1][0])[:200]}")


def _write(search: Finished, place: Path) -> list[Path]:
    lib = _library()
    submission = lib.Submission()
    submission.comment = search.origin
    for table in _tables(lib, search):
        submission.add_table(table)
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.chdir(folder):  # the library leaves an archive in the working folder
            submission.create_files("submission", validate=False)
        made = sorted((Path(folder) / "submission").iterdir())
        _validate(Path(folder) / "submission")
        for path in made:
            shutil.copyfile(path, place / path.name)
    return [place / path.name for path in made]


EXPORT = Export("hepdata", "submission.yaml with tables: a HEPData submission, validated", _write)
