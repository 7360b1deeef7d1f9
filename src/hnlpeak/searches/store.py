"""Finished parts of a search under its folder."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.parts import in_parts
from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.plain_file import NotPlain, is_folder, read_plain
from hnlpeak.execution.context import Part, Shards
from hnlpeak.formats.part_file import MAX_PART_BYTES, pack_part, unpack_part
from hnlpeak.searches.identity import Identity

__all__ = ["FolderStore"]


class FolderStore:
    """A ``Store`` of parts that belong to one ``identity``, a file each.

    A part of another sample, other shards, another seed, other cards or versions, or one that is damaged, is as good
    as none, whatever its file is called.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        self._folder = folder
        self._identity = identity

    @property
    def has_parts(self) -> bool:
        """True where at least one part is kept."""
        return next(self._folder.glob("[!.]*.part"), None) is not None

    def path(self, part: Part) -> Path:
        """Where a part is kept."""
        name = re.sub(r"[^A-Za-z0-9.+-]", "_", part.sample)
        return self._folder / f"{name}.{part.first}-{part.first + part.shards}.part"

    def parts(self, sample: str, shards: Shards) -> Iterator[tuple[Part, Shards]]:
        """Cut the shards of a sample into parts of equal size."""
        return in_parts(sample, shards)

    def _belongs(self, part: Part) -> dict[str, Any]:
        return {**part._asdict(), "run": self._identity}

    def load(self, part: Part) -> dict[str, NDArray[np.int64]] | None:
        """Return the arrays of ``part``; None where there are none that can be used, and those are taken away.

        ``OSError`` where the disk does not give them away: they may be good.
        """
        path = self.path(part)
        arrays = None
        try:
            arrays = unpack_part(read_plain(path, most=MAX_PART_BYTES), self._belongs(part))
        except FileNotFoundError:
            return None
        except NotPlain:
            pass
        if arrays is None:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if is_folder(path) else path.unlink()
        return arrays

    def save(self, part: Part, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        """Keep ``arrays``; ``HnlpeakError`` where the disk refuses."""
        with atomic_path(self.path(part)) as partial:
            partial.write_bytes(pack_part(self._belongs(part), arrays))
