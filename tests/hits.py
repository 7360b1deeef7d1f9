"""Events, tracks and cards made by hand, for tests of what detectors, trigger and reconstruction make of them.

The one place where tests call kernels of single stages: a changed signature changes this file alone. With
``NUMBA_DISABLE_JIT=1`` the same kernels run as plain Python (``mutate.py`` uses that).
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from hnlpeak.chain.loop import new_buffers
from hnlpeak.detectors.event import new_block
from hnlpeak.detectors.surface import Surface, surface_table
from hnlpeak.experiment.columns import column_names
from hnlpeak.experiment.experiment import Experiment, build_setup, load_experiment
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.reconstruction.calibration import N_SUMS, accumulate
from hnlpeak.reconstruction.candidates import Assumed, reconstruct
from hnlpeak.reconstruction.identification import clusters, muon_distance, muon_sigmas
from hnlpeak.reconstruction.track import TRACK, fit_track, new_scratch
from hnlpeak.simulation.beam_spectrum import beam_momentum
from hnlpeak.simulation.buffers import Buffers
from hnlpeak.simulation.foregone import FOLLOW_ALL
from hnlpeak.simulation.generation import Total, generate
from hnlpeak.simulation.response import respond
from hnlpeak.simulation.sample import Sample
from hnlpeak.simulation.tails import draw_kick
from hnlpeak.theory.species import Species

LIBRARY = Path(str(resources.files("hnlpeak"))) / "library" / "experiments"
Edit = Callable[[dict[str, Any]], None]


def records(array: NDArray[Any]) -> NDArray[Any]:
    """The array as kernels take it: plain Python needs fields that are attributes."""
    return array.view(np.recarray) if numba.config.DISABLE_JIT else array


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


# cards and set-ups


def experiment(name: str = "na62-2015", edit: Edit | None = None) -> Experiment:
    """An experiment of the library, its card edited as a table of tables first."""
    text = (LIBRARY / f"{name}.toml").read_text("utf-8")
    table = copy.deepcopy(tomllib.loads(text))
    if edit is not None:
        edit(table)
    card = ExperimentCard.model_validate(table)
    return Experiment(card, text, build_setup(card))


@cache
def shipped(name: str) -> Experiment:
    """An experiment of the library, read once."""
    return load_experiment(name)


def detector(table: dict[str, Any], system: str) -> dict[str, Any]:
    """The table of a detector in the table of a card."""
    (found,) = (d for d in table["detectors"] if d["system"] == system)
    return found  # type: ignore[no-any-return]


def setup(name: str = "na62-2015", surfaces: Iterable[Surface] | None = None, **fields: Any) -> NDArray[Any]:
    """Packed set-up of a library experiment with some fields changed, or other surfaces to respond."""
    array = shipped(name).setup.copy()
    if surfaces is not None:
        array["response"] = surface_table(list(surfaces))
    for field, value in fields.items():
        array[field] = value
    array.setflags(write=False)
    return records(array)


# events


def events(n: int, **fields: Any) -> NDArray[Any]:
    """A block of ``n`` empty events of weight 1."""
    block = new_block(n)
    block["weight"] = 1.0
    for field, value in fields.items():
        block[field] = value
    return records(block)


def add_cluster(event: Any, x: float, y: float, energy: float, time: float = 0.0) -> None:
    n = int(event["n_clusters"])
    event["clusters"][n] = (x, y, energy, time)
    event["n_clusters"] = n + 1


def add_muon_hit(
    event: Any,
    x: float,
    y: float,
    z: float,
    time: float = 0.0,
    reach: tuple[float, float] = (0.0, 0.0),
    scatter: float = 0.0,
) -> None:
    n = int(event["n_muon_hits"])
    event["muon_hits"][n] = (x, y, z, time, *reach, scatter)
    event["n_muon_hits"] = n + 1


def add_time(event: Any, system: int, time: float) -> None:
    n = int(event["n_times"][system])
    event["times"][system, n] = time
    event["n_times"][system] = n + 1


def add_particle(
    event: Any,
    x: Sequence[float] | NDArray[np.float64],
    y: Sequence[float] | NDArray[np.float64],
    variance: float = 0.01,
    variance_y: float | None = None,
    missing: Sequence[int] = (),
    **fields: float,
) -> Any:
    """A particle measured at the points (x, y) in the chambers, all but those ``missing``."""
    k = int(event["n_particles"])
    particle = records(event["particles"])[k]
    event["n_particles"] = k + 1
    for c, (px, py) in enumerate(zip(x, y, strict=True)):
        seen = c not in missing
        particle["hits"][c] = (
            px,
            py,
            variance * seen,
            (variance if variance_y is None else variance_y) * seen,
        )
    particle["n_segments"] = 1
    particle["n_chambers"] = len(x) - len(missing)
    for field, value in fields.items():
        particle[field] = value
    return particle


def fly(
    array: NDArray[Any],
    species: Species,
    p: float,
    *,
    n: int = 1,
    seed: int = 7,
    forced_loss: float = 0.0,
    **start: float | NDArray[np.float64],
) -> NDArray[Any]:
    """``n`` events of one particle from z = 0 (or ``start``: x, y, z, tx, ty) through the full response."""
    block = events(n, forced_loss=forced_loss, forced_pairs=0.25 * forced_loss, n_particles=1)
    first = block["particles"][:, 0]
    first["n_segments"] = 1
    segment = first["segments"][:, 0]
    for name, value in {"p": p, "species": species, **start}.items():
        segment[name] = value
    answer(array, block, seed)
    return block


def answer(array: NDArray[Any], block: NDArray[Any], seed: int = 7) -> None:
    """Let the detectors respond to all events of the block."""
    respond(len(block), array, FOLLOW_ALL, rng(seed), block)


# tracks


def line(
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
    tx: float = 0.0,
    ty: float = 0.0,
    bend: float = 0.0,
    magnet_z: float = np.inf,
    p: float = 20e3,
) -> Any:
    """A track as a fit leaves it."""
    track = records(np.zeros(1, dtype=TRACK))[0]
    pz = p / np.sqrt(1.0 + tx * tx + ty * ty)
    values = {"x": x, "y": y, "z": z, "tx": tx, "ty": ty, "bend": bend, "magnet_z": magnet_z, "p": p}
    for field, value in {**values, "px": tx * pz, "py": ty * pz, "pz": pz, "charge": 1}.items():
        track[field] = value
    return track


def points(
    array: NDArray[Any], p: float, charge: int, x: float, y: float, tx: float, ty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a particle from (x, y) at the first chamber crosses the chambers: one kink in x at the dipole.

    The momentum in the plane of bending times the sine of its angle changes by the kick.
    """
    row = array[0]
    z = np.array(row["chamber_z"][: row["n_chambers"]])
    in_plane = p * np.sqrt((1.0 + tx * tx) / (1.0 + tx * tx + ty * ty))
    after = np.tan(np.arcsin(np.sin(np.arctan(tx)) + charge * row["magnet_kick"] / in_plane))
    behind = np.maximum(0.0, z - row["magnet_z"])
    return x + tx * (z - z[0]) + (after - tx) * behind, y + ty * (z - z[0])


def fit(array: NDArray[Any], particle: Any) -> dict[str, float] | None:
    """The fitted track of a particle by field, None where its points make none."""
    track = records(np.zeros(1, dtype=TRACK))
    if not fit_track(array[0], particle, records(new_scratch()), track[0]):
        return None
    return {name: track[0][name].item() for name in TRACK.names or ()}


# the stages of the reconstruction


def cluster_energies(
    array: NDArray[Any], event: Any, track: Any, t_track: float = 0.0
) -> tuple[float, float]:
    own, _, extra = clusters(array[0], event, track, t_track)
    return float(own), float(extra)


def associated_clusters(array: NDArray[Any], event: Any, track: Any, t_track: float = 0.0) -> int:
    return int(clusters(array[0], event, track, t_track)[1])


def sigmas_of_muon_hits(
    array: NDArray[Any], event: Any, track: Any, t_track: float = 0.0
) -> tuple[float, float]:
    x, y = muon_sigmas(array[0], event, track, t_track)
    return float(x), float(y)


def distance_of_muon_hit(array: NDArray[Any], event: Any, track: Any, t_track: float = 0.0) -> float:
    return float(muon_distance(array[0], event, track, t_track))


def candidates(
    array: NDArray[Any],
    block: NDArray[Any],
    axis: Sequence[float] = (75e3, 0.0, 0.0, 0.0, 0.0, 0.0),
    lepton_mass: float = 0.51099895,
    name: str = "na62-2015",
) -> dict[str, NDArray[np.float64]]:
    """Columns of the candidates reconstructed from a block of the experiment ``name``."""
    names = column_names(shipped(name).timed_systems)
    buffers = room(len(names), len(block))._replace(block=block)
    buffers.candidates[:] = np.nan
    n = reconstruct(len(block), array, Assumed(np.array(axis, dtype=float), lepton_mass), buffers)
    return dict(zip(names, buffers.candidates[:, :n], strict=True))


def three_track_sums(array: NDArray[Any], block: NDArray[Any]) -> NDArray[np.int64]:
    """The sums of the beam's calibration over a block."""
    sums = np.zeros(N_SUMS, dtype=np.int64)
    accumulate(len(block), array[0], room(1, len(block))._replace(block=block), sums)
    return sums


def room(columns: int, decays: int) -> Buffers:
    """Buffers of a shard, as kernels take them."""
    made = new_buffers(columns, decays)
    arrays = {name: records(getattr(made, name)) for name in ("block", "scratch", "tracks")}
    return made._replace(**arrays)


def beam_momenta(n: int, **beam: float) -> NDArray[np.float64]:
    """``n`` momenta (MeV) of a beam with the given fields, drawn from the random key 3."""
    array, generator = setup()["beam"].copy(), rng(3)
    for field, value in beam.items():
        array[field] = value
    row = array[0]
    shape = tuple(float(row[name]) for name in ("momentum", "momentum_spread", "momentum_wings"))
    return np.array([beam_momentum(*shape, tuple(generator.random(5))) for _ in range(n)])


def kick(law: NDArray[np.float64], event: Any, generator: np.random.Generator) -> None:
    """Give the event one kick of the ``law``."""
    draw_kick(law, event, generator)


def generated(array: NDArray[Any], sample: Sample, decays: int, stream: np.random.Generator) -> NDArray[Any]:
    """Records of the events that trigger among ``decays`` decays of the sample."""
    buffers, totals = room(1, decays), np.zeros(Total.WIDTH, dtype=np.int64)
    n = generate(decays, 0, array, sample.table, FOLLOW_ALL, stream, buffers, totals)
    return buffers.block[:n]
