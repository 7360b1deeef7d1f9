"""``hnlpeak cache``: compiled kernels on disk, counted and pruned."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["cache", "cache_lines"]


def cache(
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove kernels that this version does not use.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --prune: remove all kernels.")] = False,
) -> None:
    """Say where compiled kernels are kept and how much they take; --prune removes what older versions left."""
    from hnlpeak.core import cache as kernels
    from hnlpeak.core.errors import UsageError

    if everything and not prune:
        raise UsageError("--all goes with --prune")
    if not prune:
        typer.echo("\n".join(cache_lines()))
        return
    before, after = kernels.prune(everything=everything), kernels.inventory()
    size = before.size + before.stale_size - after.size - after.stale_size
    files = before.files + before.stale_files - after.files - after.stale_files
    typer.echo(f"removed {files} files, {size / 1e6:.1f} MB")


def cache_lines() -> list[str]:
    """Place and size of the cache, in words."""
    from hnlpeak.core.cache import inventory

    found = inventory()
    if found.place is None:
        return ["compiled kernels: no usable place, each command compiles anew (set HNLPEAK_CACHE_DIR)"]
    lines = [f"compiled kernels: {found.place}, {found.files} files, {found.size / 1e6:.1f} MB"]
    if found.stale_files:
        old = f"{found.stale_files} files, {found.stale_size / 1e6:.1f} MB"
        lines.append(f"of older or other versions: {old} (hnlpeak cache --prune removes them)")
    return lines
