"""Random streams that belong to a shard of a sample and to nothing else."""

from __future__ import annotations

import hashlib

import numpy as np

from hnlpeak.core.errors import UsageError

__all__ = ["SHARD_DECAYS", "shard_sizes", "stream"]

SHARD_DECAYS = 1_000_000
"""Decays in one shard; part of the definition of every sample."""


def stream(seed: int, sample: str, shard: int) -> np.random.Generator:
    """Philox stream of (seed, sample, shard): the same numbers on any worker, in any order, at any retry.

    Raises ``UsageError`` for a seed outside 0 to 2^64 - 1 or a shard outside 0 to 2^32 - 1.
    """
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed {seed} is outside 0 to 2^64 - 1")
    if not 0 <= shard < 2**32:
        raise UsageError(f"shard {shard} is outside 0 to 2^32 - 1")
    name = int.from_bytes(hashlib.blake2b(sample.encode(), digest_size=4).digest(), "big")
    key = np.array([seed, (name << 32) | shard], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def shard_sizes(decays: int) -> list[int]:
    """Numbers of decays in the shards of a sample."""
    full, rest = divmod(decays, SHARD_DECAYS)
    return [SHARD_DECAYS] * full + ([rest] if rest else [])
