"""A meson in a card: any usual spelling comes in, the one of ``theory.mesons`` is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from hnlpeak.theory.mesons import meson

__all__ = ["MesonName"]

MesonName = Annotated[str, AfterValidator(lambda name: meson(name).name)]
"""Name of a charged meson that decays to l+ N."""
