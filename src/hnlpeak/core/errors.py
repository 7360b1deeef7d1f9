"""The errors that users meet, each with the exit code of its kind.

::

    HnlpeakError          1  the run failed
    ├── UsageError        2  arguments or numbers that make no sense
    │   └── CardError     2  a card that cannot be used
    ├── InputDataError    3  a file with events or a spectrum that cannot be used
    └── PartialResult     4  some of the work is done and kept, some is missing

Beside them 130 and 143 after Ctrl-C and SIGTERM, as shells have it.
"""

from __future__ import annotations

__all__ = ["CardError", "HnlpeakError", "InputDataError", "PartialResult", "UsageError"]


class HnlpeakError(Exception):
    """Base of all errors that a user can mend; the message is one clear line."""

    exit_code = 1


class UsageError(HnlpeakError, ValueError):
    """An argument is outside its domain; the message says what was given and what is allowed."""

    exit_code = 2


class CardError(UsageError):
    """A card cannot be used; the message names the file and the key."""


class InputDataError(HnlpeakError):
    """An input file (ROOT, UHI, CSV) cannot be used; the message names the file."""

    exit_code = 3


class PartialResult(HnlpeakError):
    """Part of the work failed; what was done is kept on disk."""

    exit_code = 4
