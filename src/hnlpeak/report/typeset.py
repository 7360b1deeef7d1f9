"""Formulae in plain words as readers of a page expect them: signs, powers and subscripts."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from hnlpeak.report.rounding import power_of_ten

__all__ = ["subscripts", "typeset"]

_LEPTON = {"e": "e", "mu": "μ"}

_SIGNS = (
    (re.compile(r"->"), "→"),
    (re.compile(r"\+-"), "±"),
    (re.compile(r"\^2"), "²"),
    (re.compile(r"\bU_mu4\b"), "U_μ4"),
    (re.compile(r"\bmu\b(?=[+\- ]|$)"), "μ"),
    (re.compile(r"\bpi(?=[+\-0])"), "π"),
    (re.compile(r"\bnu\b"), "ν"),
    (re.compile(r"\bgamma\b"), "γ"),
    (re.compile(r"\bsigma(?![A-Za-z])"), "σ"),
    (re.compile(r"(?<=[KDBeμπl])\+(?!\d)"), "⁺"),
    (re.compile(r"(?<=[eμπD])-(?![\w>])"), "⁻"),
    (re.compile(r"(?<=π)0"), "⁰"),
)
_POWER = re.compile(r"(?<=\d)e([+-]?\d+)\b")
_SUBSCRIPT = re.compile(r"(?<!\w)([ABNUmnσ])_(\w+)")
_DECAY = re.compile(r"\bK_(e|mu)([234])\b")


def typeset(text: str) -> str:
    """Return a line of the program's plain text with →, ±, ², Greek letters, charges and powers of ten."""
    for pattern, sign in _SIGNS:
        text = pattern.sub(sign, text)
    return _POWER.sub(lambda found: f"\u00a0×\u00a0{power_of_ten(int(found[1]))}", text)


def subscripts(text: object) -> Markup:
    """Return ``text`` escaped for a page, the part behind _ of a one-letter symbol (N_K, σ_b, U_e4, K_mu2) lowered."""
    safe = _SUBSCRIPT.sub(r"\1<sub>\2</sub>", str(escape(text)))
    return Markup(_DECAY.sub(lambda found: f"K<sub>{_LEPTON[found[1]]}{found[2]}</sub>", safe))
