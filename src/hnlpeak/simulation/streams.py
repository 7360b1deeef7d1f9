"""Random streams that belong to a shard of a sample and to nothing else."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import cast

import numpy as np

from hnlpeak.core.errors import UsageError
from hnlpeak.core.random import Stream

__all__ = ["SHARD_DECAYS", "Stage", "decay_stream", "shard_sizes", "stream"]

SHARD_DECAYS = 1_000_000
"""Decays in one shard; part of the definition of every sample."""


class Stage(IntEnum):
    """What is drawn of a decay, each from a beginning of its own.

    One for each particle, with 4 times its place added: of photons ``PHOTON``, of charged ones ``FLIGHT``, from the
    decay on to the first trigger level, and ``LUCK``, by which chambers see them. A muon alone has one for
    what it leaves in calorimeters and one for what comes by chance, so that the former can be left out. One that is
    carried (``simulation.carried``) has one at each surface, from ``CARRIED`` on in steps of 4, and one ``BETWEEN`` the
    last chamber and the calorimeter. ``AIM`` is for the roulette of decays far from what is searched for.
    """

    KAON = 0
    DECAY = 1
    RESPONSE = 2
    PHOTON = 3
    TRIGGER = 4
    FLIGHT = 5
    LUCK = 6
    BEHIND = 8
    ACCIDENTALS = 12
    BETWEEN = 16
    CARRIED = 20
    AIM = 252


def _key(seed: int, sample: str, shard: int) -> tuple[int, int]:
    """Two words of 64 bits that belong to a shard; ``UsageError`` for a seed or a shard that they cannot hold."""
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed {seed} is outside 0 to 2^64 - 1")
    if not 0 <= shard < 2**32:
        raise UsageError(f"shard {shard} is outside 0 to 2^32 - 1")
    name = int.from_bytes(hashlib.blake2b(sample.encode(), digest_size=4).digest(), "big")
    return seed, (name << 32) | shard


def stream(seed: int, sample: str, shard: int) -> np.random.Generator:
    """Philox stream of (seed, sample, shard): the same numbers on any worker, in any order, at any retry.

    Raises ``UsageError`` for a seed outside 0 to 2^64 - 1 or a shard outside 0 to 2^32 - 1.
    """
    return np.random.Generator(np.random.Philox(key=np.array(_key(seed, sample, shard), dtype=np.uint64)))


def decay_stream(seed: int, sample: str, shard: int) -> np.random.Generator:
    """The ``core.random.Stream`` of the decays of a shard, typed as the generator in whose place kernels take it.

    Raises as ``stream`` does.
    """
    return cast(np.random.Generator, Stream(*_key(seed, sample, shard)))


def shard_sizes(decays: int) -> list[int]:
    """Numbers of decays in the shards of a sample."""
    full, rest = divmod(decays, SHARD_DECAYS)
    return [SHARD_DECAYS] * full + ([rest] if rest else [])
