"""Kernels as plain Python where ``NUMBA_DISABLE_JIT`` asks for it: nothing is borrowed there."""

from __future__ import annotations

import numba

from hnlpeak.core import borrow

if numba.config.DISABLE_JIT:
    type(borrow.borrowed).__call__ = lambda _, thing: thing  # type: ignore[method-assign]
