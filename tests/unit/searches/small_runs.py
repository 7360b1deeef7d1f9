"""Runs without physics: a few files on the stage of a folder, sealed by a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hnlpeak.core.atomic import write_text
from hnlpeak.formats.manifest import write_manifest
from hnlpeak.searches.claim import open_run
from hnlpeak.searches.identity import Identity

OLD = {"limits.csv": "old\n", "figures/a.svg": "<svg>old</svg>", "figures/gone.svg": "<svg/>"}
NEW = {
    "limits.csv": "new\n",
    "figures/a.svg": "<svg>new</svg>",
    "figures/data/inputs.json": "{}",
    "more.csv": "1\n",
}


def fill(stage: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        write_text(stage / name, text)
    write_manifest(stage, cards={}, seed=7)


def make(place: Path, identity: Identity, files: Mapping[str, str], *, overwrite: bool = False) -> None:
    """A whole run into ``place``."""
    with open_run(place, identity, overwrite=overwrite) as claim:
        if not claim.done:
            fill(claim.stage, files)


def content(place: Path) -> dict[str, str]:
    """Texts of all files of a folder but its manifest and what is hidden."""
    names = (p.relative_to(place) for p in place.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {
        name.as_posix(): (place / name).read_text("utf-8")
        for name in names
        if not any(part.startswith(".") for part in name.parts)
    }
