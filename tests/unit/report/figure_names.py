"""Figures by what they need."""

from __future__ import annotations

from hnlpeak.report.figures import FIGURES

ELSEWHERE = {"background_estimate", "error_budget", "systematics"}
"""Drawn where the background is made of templates (test_report_templates.py) or the card has systematic sources."""

COMMON = [name for name in FIGURES if name not in ELSEWHERE]
"""Drawn for every search."""

OF_A_RESULT = {"u2", "p_value", "n_signal", "branching_fraction", "acceptance", "resolution"}
"""Drawn from a result alone."""
