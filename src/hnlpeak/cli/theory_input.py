"""Masses and mixings as people write them on the command line: ``100:400:1`` and ``e=1e-6,mu=1e-7``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hnlpeak.cli.number import number

__all__ = ["masses", "mixings", "plain_mixing"]

_MOST = 100_000
_FLAVOURS = ("e", "mu", "tau")


def masses(texts: Sequence[str]) -> list[float]:
    """Return masses in MeV from numbers, lists ``200,300`` and ranges ``LOW:HIGH:STEP`` with both ends.

    ``typer.BadParameter`` for what is no number, ``UsageError`` for what is no range.
    """
    from hnlpeak.core.errors import UsageError

    found: list[float] = []
    for text in texts:
        for part in text.split(","):
            if ":" not in part:
                found.append(number(part))
                continue
            ends = [number(end) for end in part.split(":")]
            if len(ends) != 3 or not (ends[0] <= ends[1] and ends[2] > 0.0):
                raise UsageError(
                    f"--mass: got {part[:40]!r}, expected LOW:HIGH:STEP in MeV, rising, such as 100:400:1"
                )
            low, high, step = ends
            # the end is in it where it is a step, whatever rounding makes of it
            count = int((high - low) / step * (1.0 + 1e-12) + 1e-9) + 1
            if len(found) + count > _MOST:
                raise UsageError(f"--mass: {part[:40]!r} makes {count} masses, at most {_MOST} are computed")
            found += [float(f"{low + i * step:.12g}") for i in range(count)]
    return found


def mixings(text: str, lepton: str) -> dict[str, float]:
    """Return |U|^2 by flavour from ``e=1e-6,mu=1e-7``, or of ``lepton`` alone from a number.

    ``UsageError`` for flavours that are none or come twice, ``typer.BadParameter`` for what is no number.
    """
    from hnlpeak.core.errors import UsageError

    if "=" not in text:
        return {lepton: number(text)}
    found: dict[str, float] = {}
    for part in text.split(","):
        flavour, _, value = part.partition("=")
        if flavour.strip() not in _FLAVOURS or flavour.strip() in found:
            raise UsageError(
                f"--u2: got {part[:40]!r}, expected {', '.join(_FLAVOURS)} once each, such as e=1e-6,mu=1e-7"
            )
        found[flavour.strip()] = number(value.strip())
    return found


def plain_mixing(u2: Mapping[str, float], lepton: str) -> float | dict[str, float]:
    """Return mixings for output: one number where only ``lepton`` mixes."""
    return u2[lepton] if set(u2) == {lepton} else dict(u2)
