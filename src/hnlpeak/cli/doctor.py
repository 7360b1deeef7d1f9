"""``hnlpeak doctor``: what this installation is and has."""

from __future__ import annotations

import typer

__all__ = ["doctor"]

_PARTS = (
    *("numpy", "scipy", "numba", "llvmlite", "hist", "boost-histogram", "uhi", "uproot", "pydantic", "typer"),
    *("matplotlib", "iminuit", "particle", "hepunits", "rich", "jinja2"),
)
_EXTRAS = {
    "h5py": ("inputs", "spectra in HDF5"),
    "pyyaml": ("inputs", "HEPData tables in YAML"),
    "hepdata_lib": ("hepdata", "export hepdata"),
    "pyhf": ("pyhf", "export pyhf and its check"),
    "distributed": ("dask", "clusters"),
    "pandas": ("pandas", "result.to_dataframe()"),
    "HNLimits": ("literature", "its curves in figures"),
}
"""Packages that are not needed: the extra that installs each, and what it is for."""


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
    for name, (extra, use) in _EXTRAS.items():
        found = _version(name)
        typer.echo(
            f"{name} {found}" if found else f"{name}: no (only for {use}: pip install 'hnlpeak[{extra}]')"
        )
    missing = [name for name in _PARTS if _version(name) is None]
    if missing:
        from hnlpeak.core.errors import HnlpeakError

        raise HnlpeakError(f"missing packages: {', '.join(missing)}; install hnlpeak again")
