"""``hnlpeak doctor``: what this installation is and has."""

from __future__ import annotations

import typer

__all__ = ["doctor"]

_PARTS = (
    *("numpy", "scipy", "numba", "llvmlite", "hist", "boost-histogram", "uhi", "uproot", "pydantic", "typer"),
    *("matplotlib", "iminuit", "particle", "hepunits"),
)
_EXTRAS = {"h5py": "spectra in HDF5", "pyyaml": "HEPData tables in YAML"}


def _version(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def doctor() -> None:
    """Print versions, the cache of compiled kernels, cores and optional parts; for reports of problems."""
    import platform
    import sys

    from hnlpeak import __version__
    from hnlpeak.cli.cache import cache_lines
    from hnlpeak.execution.run import usable_cpus

    typer.echo(f"hnlpeak {__version__}, Python {platform.python_version()}, {platform.platform()}")
    typer.echo(f"cores: {usable_cpus()} usable; text as {sys.stdout.encoding}")
    typer.echo("\n".join(cache_lines()))
    typer.echo(", ".join(f"{name} {_version(name) or 'MISSING'}" for name in _PARTS))
    for name, use in _EXTRAS.items():
        found = _version(name)
        typer.echo(f"{name} {found}" if found else f"{name} not installed (only for {use})")
    missing = [name for name in _PARTS if _version(name) is None]
    if missing:
        from hnlpeak.core.errors import HnlpeakError

        raise HnlpeakError(f"missing packages: {', '.join(missing)}; install hnlpeak again")
