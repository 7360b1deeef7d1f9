"""A made-up kind of detector and a made-up decay mode, each one new file in a copy of the package, work in a run."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import uproot

from hnlpeak.formats.spectrum_file import read_spectrum

_LONGEST = 1800  # seconds: the one with a kernel of its own compiles everything again
PACKAGE = Path(str(resources.files("hnlpeak")))
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

WALL = '''
"""A wall of scintillator that sees all charged particles."""

from typing import Literal

from hnlpeak.core.quantity import Length
from hnlpeak.detectors import guard_ring
from hnlpeak.detectors.kind import Counter, DetectorKind, Outline, Plane
from hnlpeak.detectors.shape import Shape
from hnlpeak.detectors.surface import Surface


class Wall(Counter):
    """A square wall."""

    kind: Literal["wall"]
    z: Length
    half_width: Length


def plane(spec):
    return Plane(spec.z, Shape(half_width="1 m", half_height=f"{spec.half_width} mm"))


def pack(spec, system):
    row = [*plane(spec).shape.packed(), float(system), 0.9, spec.time_resolution]
    return [Surface(guard_ring.CODE, spec.z, row, spec.system)]


KIND = DetectorKind(
    spec=Wall,
    response=pack,
    acceptance=lambda spec: [plane(spec)],
    outline=lambda spec: [Outline(spec.system, spec.z, spec.z, plane(spec).shape)],
    timed=True,
    most=1,
)
'''
OWN_KERNEL = """

from hnlpeak.core.kernel import inlined
from hnlpeak.detectors.shape import SHAPE_WIDTH
from hnlpeak.detectors.surface import record_time
from hnlpeak.theory.species import CHARGE

CODE = 77


@inlined
def respond(params, event, particle, rng):
    if CHARGE[event.state.species] != 0.0 and rng.random() < 0.9:
        record_time(event, int(params[SHAPE_WIDTH]), 0.1 * rng.standard_normal())
"""
MODE = r'''
"""K+ -> mu+ X with a particle X of 200 MeV."""

from hnlpeak.core.measured import Measured
from hnlpeak.theory.modes import two_body_hnl
from hnlpeak.theory.modes.masses import KAON
from hnlpeak.theory.modes.mode import Mode
from hnlpeak.theory.species import Species


def pack():
    return two_body_hnl.pack(KAON, Species.MUON_PLUS, 200.0)


MODE = Mode(
    code=two_body_hnl.CODE,
    name="kmux",
    label="K+ -> mu+ X",
    latex=r"K^+\!\to\mu^+ X",
    colour="#123456",
    parent="K+",
    daughters=("mu+", "X"),
    branching_fraction=Measured(0.05, stat=0.001, source="made up"),
    pack=pack,
    sample=two_body_hnl.sample,
)
'''
WALL_IN_CARD = """
[[detectors]]
kind = "wall"
system = "WALL"
z = "61 m"
half_width = "500 mm"
time_resolution = "0.1 ns"
reference = "made up"
confidence = "E"

"""
CUT = """[[cuts]]
name = "wall"
column = "dt_wall_ns"
max = "2 ns"
"""


def changed(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def house(place: Path) -> Path:
    """A copy of the package with one file more for a kind of detector and one for a mode."""
    copy = place / "src" / "hnlpeak"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "detectors" / "wall.py").write_text(WALL, "utf-8")
    (copy / "theory" / "modes" / "kmux.py").write_text(MODE, "utf-8")
    return copy


def cards(place: Path) -> Path:
    experiment = (EXAMPLES / "compact.toml").read_text("utf-8")
    second = experiment.index("[[detectors]]", experiment.index("[[detectors]]") + 1)
    (place / "compact.toml").write_text(
        experiment[:second] + WALL_IN_CARD.lstrip() + experiment[second:], "utf-8"
    )
    text = (EXAMPLES / "compact-kmu2.toml").read_text("utf-8")
    vertex = '[[cuts]]\nname = "closest approach"'  # what crosses the wall is known before it
    text = changed(text, vertex, CUT + vertex)
    text = changed(text, 'background_modes = ["kmu2"', 'background_modes = ["kmux", "kmu2"')
    path = place / "card.toml"
    path.write_text(text, "utf-8")
    return path


def command(copy: Path, *arguments: object) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy.parent)}
    done = subprocess.run(
        [sys.executable, "-c", "from hnlpeak.cli.app import main; main()", *(str(a) for a in arguments)],
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def judge(copy: Path, card: Path, folder: Path) -> None:
    """The wall cuts a tenth of the candidates, K+ -> mu+ X makes a peak of its own, both have their names."""
    assert "kmux" in command(copy, "list", "modes")
    command(copy, "run", card, "-o", folder, "--kaons", 2e5, "--workers", 1)
    with (folder / "cutflow.csv").open(encoding="utf-8") as file:
        wall = next(row for row in csv.DictReader(file) if row["cut"] == "wall")
    assert float(wall["fraction"]) == pytest.approx(0.9, abs=0.02)
    spectrum = read_spectrum(folder / "spectrum.json")
    edges, values, _ = spectrum.project(spectrum.selections[0], components=["kmux"])
    middle = np.average(0.5 * (edges[1:] + edges[:-1]), weights=values)
    assert values.sum() > 1000.0
    assert middle == pytest.approx(200.0, abs=2.0)
    figure = next((folder / "figures").glob("event_display.svg")).read_text("utf-8")
    assert "WALL" in figure


def test_one_file_each(tmp_path: Path) -> None:
    judge(house(tmp_path), cards(tmp_path), tmp_path / "run")


@pytest.mark.slow
@pytest.mark.timeout(_LONGEST)
def test_a_kernel_of_its_own_is_a_word_and_a_branch_more(tmp_path: Path) -> None:
    copy = house(tmp_path)
    wall = copy / "detectors" / "wall.py"
    wall.write_text(changed(wall.read_text("utf-8"), "guard_ring.CODE", "CODE") + OWN_KERNEL, "utf-8")
    transport = copy / "simulation" / "transport.py"
    text = changed(transport.read_text("utf-8"), "    spectrometer,\n", "    spectrometer,\n    wall,\n")
    line = "    elif code == MATTER:\n"
    branch = f"    elif code == wall.CODE:\n        wall.respond(params, event, particle, rng)\n{line}"
    text = changed(text, "    guard_ring.CODE,\n", "    guard_ring.CODE,\n    wall.CODE,\n")
    transport.write_text(changed(text, line, branch), "utf-8")
    events = tmp_path / "events.root"
    command(copy, "simulate", cards(tmp_path), "--mode", "kmux", "-n", 20_000, "-o", events)
    with uproot.open(events) as file:
        tree = file["hnl"].arrays(["dt_wall_ns", "in_acceptance", "m2_miss_mev2"], library="np")
    crossed = tree["in_acceptance"] == 1.0
    assert crossed.sum() > 2000
    assert (tree["dt_wall_ns"][crossed] < 2.0).mean() == pytest.approx(0.9, abs=0.03)
    assert np.median(tree["m2_miss_mev2"]) ** 0.5 == pytest.approx(200.0, abs=3.0)
