"""A LaTeX table of the limits, one row a mass, for a paper's appendix (packages booktabs and longtable).

Numbers are rounded for print: resolutions to 0.01 MeV, events to 0.1, acceptances to four decimals, limits on the
branching fraction and |U|^2 to three digits. Each cell is ``\\hnlpeakdigits{rounded}{all digits}``, which prints its
first argument: nothing is lost in the file, and who wants other digits defines the command otherwise, for instance as
``\\num{#2}`` of siunitx. Masses and counts are printed as they are.
"""

from __future__ import annotations

import math
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.formats.export.export import Export, Finished

__all__ = ["EXPORT"]

_COLUMNS = (
    "m_n_mev",
    "sigma_mev",
    "n_observed",
    "background",
    "background_error",
    "acceptance",
    "n_signal_ul_expected",
    "n_signal_ul_observed",
    "branching_fraction_ul_observed",
    "u2_ul_expected",
    "u2_ul_observed",
)
_COMMAND = "hnlpeakdigits"
_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\to$",
    "μ": r"$\mu$",
}


def _text(words: str) -> str:
    """``words`` with TeX's special characters escaped."""
    return "".join(_SPECIAL.get(character, character) for character in words)


def _power(value: float) -> str:
    """Three digits and a power of ten."""
    if value == 0.0:
        return "$0$"
    exponent = math.floor(math.log10(abs(value)))
    mantissa = f"{value / 10.0**exponent:.2f}"
    if mantissa in ("10.00", "-10.00"):
        mantissa, exponent = mantissa.replace("10.00", "1.00"), exponent + 1
    return f"${mantissa} \\times 10^{{{exponent}}}$"


def _cell(printed: str, value: float) -> str:
    """A number as it is printed, and with all its digits."""
    return rf"\{_COMMAND}{{{printed}}}{{{value!r}}}"


def _row(values: dict[str, float]) -> str:
    def rounded(name: str, digits: int) -> str:
        return _cell(f"{values[name]:.{digits}f}", values[name])

    cells = [
        f"{values['m_n_mev']:.13g}",
        rounded("sigma_mev", 2),
        f"{values['n_observed']:.13g}",
        rf"${rounded('background', 1)} \pm {rounded('background_error', 1)}$",
        rounded("acceptance", 4),
        rounded("n_signal_ul_expected", 1),
        rounded("n_signal_ul_observed", 1),
        *(_cell(_power(values[name]), values[name]) for name in _COLUMNS[-3:]),
    ]
    return " & ".join(cells) + r" \\"


def _write(search: Finished, place: Path) -> list[Path]:
    result = search.result
    rows = search.rows(_COLUMNS)
    lepton = r"\mu" if result.lepton == "mu" else result.lepton
    level = f"{100.0 * result.settings.cl:g}\\,\\%"
    head = (
        r"$m_N$ & $\sigma$ & $n$ & $b$ & $A$ & exp. & obs. & $\mathcal{B}$ obs. & "
        rf"$|U_{{{lepton}4}}|^2$ exp. & $|U_{{{lepton}4}}|^2$ obs. \\"
    )
    caption = (
        f"{_text(search.origin)} Upper limits at {level} CL ({_text(result.settings.convention)}) on the number of "
        f"signal events, the branching fraction and the mixing. Masses and resolutions in MeV. "
        f"Rounded for print. {_text(search.left_out(rows))}"
    )
    columns = {name: result.number(name) for name in _COLUMNS}
    lines = [
        "% made by hnlpeak; needs \\usepackage{booktabs,longtable}",
        f"% \\{_COMMAND}{{rounded}}{{all digits}} prints what is rounded; \\newcommand it before for other digits",
        rf"\providecommand{{\{_COMMAND}}}[2]{{#1}}",
        r"\begin{longtable}{rrrrrrrrrr}",
        rf"\caption{{{caption.strip()}}}\\",
        r"\toprule",
        head,
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        head,
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *(_row({name: float(column[i]) for name, column in columns.items()}) for i in rows),
        r"\end{longtable}",
        "",
    ]
    path = place / "limits.tex"
    write_text(path, "\n".join(lines))
    return [path]


EXPORT = Export("latex", "limits.tex: a long table for a paper's appendix", _write)
