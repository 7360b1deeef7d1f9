"""A small analysis, and the command line called in this process or as the installed command."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from command import Command, Outcome, call
from once import made_once

KAONS = 2_000_000
SMALL = {
    "name": '"small-ke2"',
    "decays": f"{KAONS:.1e}",
    "mass_min": '"220 MeV"',
    "mass_max": '"400 MeV"',
    "step": '"20 MeV"',
    "signal_masses": '["220 MeV", "300 MeV", "350 MeV", "400 MeV"]',
    "signal_decays": "5_000",
    "normalisation_decays": "20_000",
    "calibration_decays": "50_000",
}
TEMPLATES = """[[samples.templates]]
mode = "kmu2"
decays = 50_000
forced_decay = 0.5
[[samples.templates]]
mode = "ke3"
decays = 50_000
forced_loss = 0.3
"""


def with_value(text: str, key: str, value: str) -> str:
    """The card with another value for the first ``key``."""
    changed, count = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text, count=1)
    assert count == 1, key
    return changed


def library_card(folder: str, name: str) -> str:
    return (resources.files("hnlpeak") / "library" / folder / f"{name}.toml").read_text("utf-8")


@pytest.fixture(scope="session")
def card_text() -> str:
    """The library's analysis with few masses and few decays: seconds instead of minutes."""
    text = library_card("analyses", "na62-2015-ke2")
    text = text[: text.index("[[samples.templates]]")] + TEMPLATES
    for key, value in SMALL.items():
        text = with_value(text, key, value)
    return text


@pytest.fixture(scope="session")
def card(card_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cards") / "small.toml"
    path.write_text(card_text, "utf-8")
    return path


@pytest.fixture(scope="session")
def hnlpeak() -> Command:
    return call


SCRIPT = Path(sys.executable).with_name("hnlpeak")


@pytest.fixture(scope="session")
def installed() -> Command:
    """The installed command in a process of its own."""

    def start(*arguments: object, **options: object) -> Outcome:
        done = subprocess.run(
            [SCRIPT, *(str(a) for a in arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return start


@pytest.fixture(scope="session")
def finished(card: Path, tmp_path_factory: pytest.TempPathFactory, installed: Command) -> Path:
    """The folder of a run on one worker, made by the installed command."""

    def make(place: Path) -> None:
        done = installed("run", card, "-o", place, "--workers", 1, "--seed", 3)
        assert done.code == 0, done.err
        assert done.out == ""
        assert done.err.splitlines()[-1] == f"results in {place} (report.html, limits.csv, figures/)"

    return made_once(tmp_path_factory, "one worker", make)


@pytest.fixture(scope="session")
def ntuple(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated candidates of K_e2: the normalisation peak is there at any state of the random streams."""
    path = tmp_path_factory.mktemp("ntuples") / "events.root"
    done = call("simulate", card, "--mode", "ke2", "-n", 30_000, "-o", path, "--seed", 5)
    assert done.code == 0, done.err
    assert done.out == ""
    return path
