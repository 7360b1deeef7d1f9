"""The errors that users meet, each with the exit code of its kind.

::

    HnlpeakError          1  the run failed
    ├── UsageError        2  arguments or numbers that make no sense
    │   └── CardError     2  a card that cannot be used
    ├── InputDataError    3  a file with events or a spectrum that cannot be used
    │   └── SuspiciousData 3  one that can be used, and hardly means what it says
    └── PartialResult     4  some of the work is done and kept, some is missing

Beside them 130 and 143 after Ctrl-C and SIGTERM, as shells have it.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CardError", "HnlpeakError", "InputDataError", "PartialResult", "SuspiciousData", "UsageError"]


class HnlpeakError(Exception):
    """Base of all errors that a user can mend; the message is one clear line."""

    exit_code = 1


class UsageError(HnlpeakError, ValueError):
    """An argument is outside its domain; the message says what was given and what is allowed."""

    exit_code = 2


class CardError(UsageError):
    """A card cannot be used; the message names the file and the key, ``faults`` are all that is wrong, in lines."""

    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, origin: str, faults: Sequence[str]) -> CardError:
        """The error of a card with these faults; its message is the first and the number of the others."""
        return cls.all([f"{origin}: {fault}" for fault in faults])

    @classmethod
    def all(cls, faults: Sequence[str]) -> CardError:
        """The error of several cards, each of whose ``faults`` names its file."""
        more = f" (and {len(faults) - 1} more: hnlpeak check lists them)" if len(faults) > 1 else ""
        error = cls(f"{faults[0]}{more}")
        error.faults = tuple(faults)
        return error


class InputDataError(HnlpeakError):
    """An input file (ROOT, UHI, CSV) cannot be used; the message names the file."""

    exit_code = 3


class SuspiciousData(InputDataError):
    """An input file hardly means what it says; the message says why, what would mend it, and how to go on."""


class PartialResult(HnlpeakError):
    """Part of the work failed; what was done is kept on disk."""

    exit_code = 4
