"""Flat ntuples: a TTree with one number per event and branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.root_file import open_root, split_address

__all__ = ["DEFAULT_TREE", "read_ntuple", "read_ntuple_metadata", "write_ntuple"]

DEFAULT_TREE = "hnl"
_METADATA = "hnlpeak_ntuple"


def write_ntuple(
    path: str | Path,
    columns: Mapping[str, NDArray[Any]],
    *,
    metadata: Mapping[str, Any],
    tree: str = DEFAULT_TREE,
) -> None:
    """Write one branch per column (one-dimensional, numbers, equal lengths) and ``metadata`` as JSON text.

    ``UsageError`` for columns of other kinds; nothing half-written is left behind.
    """
    import uproot

    arrays = {name: np.asarray(column) for name, column in columns.items()}
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind not in "biuf":
            raise UsageError(
                f"column {name!r} must be one number per event, got {array.dtype} of {array.ndim} axes"
            )
    if len({array.size for array in arrays.values()}) != 1:
        raise UsageError("columns of an ntuple must have the same, non-zero number of them")
    with atomic_path(path) as partial, uproot.recreate(partial) as file:
        file[_METADATA] = dump_json(dict(metadata), indent=None)
        made = file.mktree(tree, {name: array.dtype for name, array in arrays.items()})
        made.extend(arrays)


def _tree(file: Any, name: str, path: Path) -> Any:
    trees = [key.partition(";")[0] for key, kind in file.classnames().items() if kind == "TTree"]
    if name not in trees:
        raise InputDataError(f"{path}: no tree {name!r}; the file has {', '.join(trees) or 'no tree'}")
    return file[name]


def _branch(tree: Any, branch: str, path: Path, name: str) -> NDArray[Any]:
    import uproot

    kind = tree[branch].interpretation
    flat = (
        isinstance(kind, uproot.AsDtype) and kind.to_dtype.subdtype is None and kind.to_dtype.kind in "biuf"
    )
    if not flat:
        raise InputDataError(
            f"{path}: tree {tree.name!r}, branch {branch!r} ({name}): "
            f"expected one number per event, got {kind}"
        )
    return np.asarray(tree[branch].array(library="np"))


def read_ntuple(
    address: str | Path, *, columns: Mapping[str, str], required: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return ``{column: array}`` of the tree ``file.root:tree`` (default ``hnl``).

    ``columns`` maps names to branches; a name in ``required`` must be there (under its own name if it is not
    mapped), others are left out where the tree lacks them. ``InputDataError`` names the file, the tree, the
    branch and what is there, for a missing tree or branch, one without a number per event, and damaged data.
    """
    path, inside = split_address(address)
    wanted = {**{name: name for name in required}, **columns}
    with open_root(path) as file:
        tree = _tree(file, inside or DEFAULT_TREE, path)
        have = set(tree.keys())
        arrays: dict[str, NDArray[Any]] = {}
        for name, branch in wanted.items():
            if branch in have:
                arrays[name] = _branch(tree, branch, path, name)
            elif name in required:
                raise InputDataError(
                    f"{path}: tree {tree.name!r} has no branch {branch!r} ({name}); "
                    f"it has {', '.join(sorted(have))[:300]}"
                )
        return arrays


def read_ntuple_metadata(address: str | Path) -> dict[str, Any]:
    """Return the metadata of an ntuple of this package, empty for others'."""
    import json

    path, _ = split_address(address)
    with open_root(path) as file:
        if _METADATA not in file:
            return {}
        found = json.loads(str(file[_METADATA]))
        return found if isinstance(found, dict) else {}
