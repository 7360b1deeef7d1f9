"""Flat ntuples, one number per event and column: a TTree or an RNTuple, read piece by piece."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hnlpeak.core.atomic import atomic_path
from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.core.words import listed, not_parsed
from hnlpeak.formats.json_text import dump_json
from hnlpeak.formats.root_file import names_in, open_root, split_address, stored_text

__all__ = ["CHUNK", "DEFAULT_TREE", "iterate_ntuple", "read_ntuple", "read_ntuple_metadata", "write_ntuple"]

DEFAULT_TREE = "hnl"
CHUNK = 200_000
"""Events that are read at once."""
_METADATA = "hnlpeak_ntuple"
_TREES = ("TTree", "ROOT::RNTuple")
_MAX_EVENTS = 10**11
_INTEGERS = [f"std::{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)]
_FIELD_TYPES = frozenset(["bool", "char", "float", "double", *_INTEGERS])


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
    trees = names_in(file, *_TREES)
    if name.partition(";")[0] not in trees or name not in file:
        raise InputDataError(f"{path}: no tree {name!r}; the file has {listed(trees) or 'no tree'}")
    return file[name]


def _check_flat(tree: Any, branch: str, path: Path, name: str) -> None:
    """Raise ``InputDataError`` unless the branch of a TTree or field of an RNTuple holds a number per event."""
    import uproot

    found = tree[branch]
    if hasattr(found, "interpretation"):
        kind: Any = found.interpretation
        flat = isinstance(kind, uproot.AsDtype) and kind.to_dtype.subdtype is None
        flat = flat and kind.to_dtype.kind in "biuf"
    else:
        kind = found.typename
        flat = kind in _FIELD_TYPES
    if not flat:
        raise InputDataError(
            f"{path}: tree {tree.name!r}, branch {branch!r} ({name}): "
            f"expected one number per event, got {str(kind)[:80]}"
        )


def _branches(tree: Any, path: Path, wanted: Mapping[str, str], required: Sequence[str]) -> dict[str, str]:
    have = set(tree.keys())
    found: dict[str, str] = {}
    for name, branch in wanted.items():
        if branch in have:
            _check_flat(tree, branch, path, name)
            found[name] = branch
        elif name in required:
            raise InputDataError(
                f"{path}: tree {tree.name!r} has no branch {branch!r} ({name}); it has {listed(sorted(have))}"
            )
    return found


def _check_size(tree: Any, branches: Sequence[str], path: Path) -> int:
    """Number of events; ``InputDataError`` where the file cannot hold what its headers say."""
    events, size = int(tree.num_entries), path.stat().st_size
    if not 0 <= events <= _MAX_EVENTS:
        raise InputDataError(f"{path}: tree {tree.name!r} says it has {events} events, at most {_MAX_EVENTS}")
    for name in branches:
        branch = tree[name]
        if not hasattr(branch, "basket_entry_start_stop"):
            continue
        numbers = branch.interpretation.from_dtype.itemsize
        for i in range(branch.num_baskets):
            # what a basket's header says of its size is what gets allocated
            start, stop = branch.basket_entry_start_stop(i)
            if not 0 <= start <= stop <= events:
                raise InputDataError(f"{path}: damaged ROOT file (branch {name!r}: basket {i} out of order)")
            key = branch.basket_key(i)
            if (
                key.data_compressed_bytes > size
                or key.data_uncompressed_bytes > numbers * (stop - start) + 100_000
            ):
                raise InputDataError(f"{path}: damaged ROOT file (branch {name!r}: size of basket {i})")
    return events


def iterate_ntuple(
    address: str | Path, *, columns: Mapping[str, str], required: Sequence[str], chunk: int = CHUNK
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield ``{column: array}`` for every ``chunk`` events of ``file.root:tree`` (default ``hnl``; ``tree;1`` too).

    ``columns`` maps names to branches; a name in ``required`` must be there (under its own name if it is not
    mapped), others are left out where the tree lacks them. ``InputDataError`` names the file, the tree, the
    branch and what is there, for a missing tree or branch, one without a number per event, and damaged data.
    """
    path, inside = split_address(address)
    wanted = {**{name: name for name in required}, **columns}
    with open_root(path) as file:
        tree = _tree(file, inside or DEFAULT_TREE, path)
        branches = _branches(tree, path, wanted, required)
        events = _check_size(tree, sorted(set(branches.values())), path)
        for start in range(0, max(events, 1), chunk):
            stop = min(start + chunk, events)
            read = tree.arrays(
                filter_name=sorted(set(branches.values())), entry_start=start, entry_stop=stop, library="np"
            )
            arrays = {name: np.asarray(read[branch]) for name, branch in branches.items()}
            if any(array.shape != (stop - start,) for array in arrays.values()):
                raise InputDataError(
                    f"{path}: damaged ROOT file (tree {tree.name!r}: branches of other lengths)"
                )
            yield arrays


def read_ntuple(
    address: str | Path, *, columns: Mapping[str, str], required: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return ``{column: array}`` of a whole tree; see ``iterate_ntuple``."""
    parts = list(iterate_ntuple(address, columns=columns, required=required))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def read_ntuple_metadata(address: str | Path) -> dict[str, Any]:
    """Return the metadata of an ntuple of this package, empty for others'. ``InputDataError`` for broken ones."""
    path, _ = split_address(address)
    with open_root(path) as file:
        text = stored_text(file, _METADATA)
    if text is None:
        return {}
    try:
        found = json.loads(text, parse_constant=lambda _: math.nan)
    except (ValueError, RecursionError) as error:
        raise InputDataError(f"{path}: {_METADATA} is not valid JSON: {not_parsed(error)}") from error
    return found if isinstance(found, dict) else {}
