"""The beam line from the side and from above, with one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hnlpeak.experiment.experiment import Experiment
from hnlpeak.report.figures.apparatus import Plane, planes
from hnlpeak.report.figures.columns import Columns
from hnlpeak.report.figures.particle_path import particle_path
from hnlpeak.report.style import EXPECTED, INK, MUTED, PALETTE, new_figure, styled
from hnlpeak.theory.mesons import meson as kind
from hnlpeak.theory.species import Species

__all__ = ["event_columns", "event_display"]

_SYMBOL = {
    Species.PHOTON: (r"$\gamma$", PALETTE[1]),
    Species.POSITRON: ("$e^+$", PALETTE[2]),
    Species.ELECTRON: ("$e^-$", PALETTE[2]),
    Species.MUON_PLUS: (r"$\mu^+$", PALETTE[4]),
    Species.MUON_MINUS: (r"$\mu^-$", PALETTE[4]),
    Species.PION_PLUS: (r"$\pi^+$", "#0b7a75"),
    Species.PION_MINUS: (r"$\pi^-$", "#0b7a75"),
    Species.PROTON: ("p", "#5b4a9c"),
    Species.KAON_PLUS: ("$K^+$", "#5b4a9c"),
}
_VERTEX: dict[str, Any] = {"color": PALETTE[6], "linestyle": "--", "linewidth": 1.4}
_READ = {
    "p_mev": (r"$p$ = {:.2f} GeV", 1e-3),
    "m2_miss_mev2": (r"$m_{{\mathrm{{miss}}}}^2$ = {:.4f} GeV$^2$", 1e-6),
    "z_vtx_mm": (r"$z_{{\mathrm{{vtx}}}}$ = {:.1f} m", 1e-3),
    "cda_mm": ("closest approach {:.1f} mm", 1.0),
    "e_over_p": ("$E/p$ = {:.3f}", 1.0),
}


def event_columns(experiment: Experiment, event: Any) -> Columns:
    """Return what the figure shows of an event: corners of paths, measured points and clusters, mm and MeV."""
    setup = experiment.setup[0]
    rows: list[tuple[Any, ...]] = []
    for number, particle in enumerate(event["particles"][: int(event["n_particles"])]):
        name = Species(int(particle["segments"][0]["species"])).name.lower()
        rows += [("path", number, name, *point, None) for point in particle_path(setup, particle)]
        for n in range(int(setup["n_chambers"])):
            hit = particle["hits"][n]
            if hit["var_x"] > 0.0:
                rows.append(("point", number, name, hit["x"], hit["y"], setup["chamber_z"][n], None))
    for cluster in event["clusters"][: int(event["n_clusters"])]:
        rows.append(
            ("cluster", None, "", cluster["x"], cluster["y"], setup["calorimeter_z"], cluster["energy"])
        )
    names = ("kind", "particle", "species", "x_mm", "y_mm", "z_mm", "energy_mev")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


@styled
def event_display(
    experiment: Experiment, event: np.void, columns: Mapping[str, float] | None = None, *, label: str = ""
) -> Figure:
    """Draw x-z and y-z views of the experiment with the paths, hits and clusters of one ``event``.

    ``event`` is a record of ``detectors.event`` after the full response. ``columns`` are those of its
    reconstructed candidate (None where there is none); ``label`` says which event it is.
    """
    figure = new_figure(12.0, 7.4)
    top, bottom = figure.subplots(2, 1, sharex=True)
    for axes, view in ((top, "x"), (bottom, "y")):
        found = planes(experiment, view)
        for plane in found:
            _draw_plane(axes, plane)
        _draw_beam(axes, experiment, event, view)
        _draw_event(axes, experiment, event, view)
        axes.set_ylim(-1.75, 1.75)
        axes.set_ylabel(f"${view}$ [m]")
        axes.grid(visible=False)
    bottom.set_xlim(*_along(experiment, event))
    _name_detectors(top, planes(experiment, "x"))
    bottom.set_xlabel("$z$ [m]")
    if columns:
        _reconstructed(bottom, columns)
    _legend(top, event, experiment.card.beam.meson)
    title = "   ".join(text for text in (experiment.card.title, label) if text)
    top.text(0.0, 1.36, "hnlpeak simulation", transform=top.transAxes, fontweight="bold", fontsize=14)
    top.text(1.0, 1.36, title, transform=top.transAxes, ha="right", fontsize=12, parse_math=False)
    return figure


def _along(experiment: Experiment, event: Any) -> tuple[float, float]:
    """Ends of the z axis, m: from before the fiducial volume (or the decay) to behind the last detector."""
    volume = experiment.card.fiducial
    first = min(volume.z_min, float(event["z_decay"]))
    last = max(plane.z_end for plane in planes(experiment, "x"))
    margin = 0.06 * (last - first)
    return (first - margin) * 1e-3, (last + 0.5 * margin) * 1e-3


def _draw_plane(axes: Axes, plane: Plane) -> None:
    colour = plane.colour or MUTED
    length = plane.z_end - plane.z
    for side in (1.0, -1.0):
        low, high = plane.centre + side * plane.inner, side * plane.outer
        if length > 0.0:
            box = (plane.z * 1e-3, min(low, high) * 1e-3), length * 1e-3, abs(high - low) * 1e-3
            axes.add_patch(Rectangle(*box, facecolor=colour, edgecolor=MUTED, linewidth=0.6, zorder=1))
        else:
            axes.plot(
                [plane.z * 1e-3] * 2,
                [low * 1e-3, high * 1e-3],
                color=colour,
                linewidth=1.6,
                linestyle="-" if plane.present else ":",
                zorder=1,
            )


def _draw_beam(axes: Axes, experiment: Experiment, event: Any, view: str) -> None:
    beam = experiment.card.beam
    start, slope = getattr(beam, view), getattr(beam, f"slope_{view}")
    setup = experiment.setup[0]
    z = np.array([beam.z_reference, float(setup["magnet_z"]), experiment.card.primary.z_dump])
    course = start + slope * (z - z[0])
    if view == "x":
        course[2] += float(setup["magnet_kick"]) / beam.momentum * (z[2] - z[1])
    axes.plot(
        z * 1e-3,
        course * 1e-3,
        color=MUTED,
        linewidth=0.8,
        linestyle=(0, (6, 4)),
        zorder=2,
    )
    axes.plot(
        [experiment.card.primary.z_target * 1e-3, z[0] * 1e-3], [0.0, start * 1e-3], color=INK, linewidth=1.2
    )
    kaon = np.array(
        [
            [beam.z_reference, float(event[f"kaon_{view}"])],
            [float(event["z_decay"]), float(event[f"{view}_decay"])],
        ]
    )
    axes.plot(kaon[:, 0] * 1e-3, kaon[:, 1] * 1e-3, color=INK, linewidth=1.8, zorder=4)
    axes.plot(*kaon[1] * 1e-3, "*", color=INK, markersize=11, zorder=6)
    volume = experiment.card.fiducial
    first, last = volume.z_min * 1e-3, volume.z_max * 1e-3
    axes.axvspan(first, last, color=EXPECTED, alpha=0.05, linewidth=0.0, zorder=0)
    if view == "y":
        axes.text(first + 1.0, -1.65, "fiducial volume", color=EXPECTED, fontsize=12)


def _draw_event(axes: Axes, experiment: Experiment, event: Any, view: str) -> None:
    setup = experiment.setup[0]
    column = "xy".index(view)
    for particle in event["particles"][: int(event["n_particles"])]:
        path = particle_path(setup, particle)
        _, colour = _SYMBOL[Species(int(particle["segments"][0]["species"]))]
        light = int(particle["segments"][0]["species"]) == Species.PHOTON
        axes.plot(
            path[:, 2] * 1e-3,
            path[:, column] * 1e-3,
            color=colour,
            linewidth=1.2 if light else 1.8,
            linestyle=(0, (4, 2)) if light else "-",
            zorder=5,
        )
        for n in range(int(setup["n_chambers"])):
            hit = particle["hits"][n]
            if hit["var_x"] > 0.0:
                axes.plot(
                    setup["chamber_z"][n] * 1e-3, hit[view] * 1e-3, "o", color=INK, markersize=4.5, zorder=7
                )
    for cluster in event["clusters"][: int(event["n_clusters"])]:
        size = 30.0 + 3.0 * float(cluster["energy"]) * 1e-3
        axes.scatter(
            setup["calorimeter_z"] * 1e-3,
            cluster[view] * 1e-3,
            size,
            marker="s",
            facecolor="none",
            edgecolor=INK,
            zorder=8,
        )


def _name_detectors(axes: Axes, found: list[Plane]) -> None:
    """Names above the picture, pushed apart, each with a line to its detector; equal neighbours share one."""
    named: list[tuple[str, float]] = []
    seen: set[str] = set()
    for plane in found:
        if plane.system in seen:
            continue
        seen.add(plane.system)
        same = [p for p in found if p.system == plane.system]
        # stations far apart are told by the first one's name
        near = [p for p in same if p.z - plane.z < 12_000.0]
        middle = 0.5 * (near[0].z + near[-1].z_end)
        named.append((plane.system if plane.present else f"{plane.system} (absent)", middle * 1e-3))
    low, high = axes.get_xlim()
    named = sorted((item for item in named if low <= item[1] <= high), key=lambda item: item[1])
    places = _spread([z for _, z in named], 0.024 * (high - low))
    beyond = max(0.0, places[-1] - high)
    places = [place - beyond for place in places]
    up = axes.get_xaxis_transform()
    for (name, z), place in zip(named, places, strict=True):
        axes.plot([z, place], [1.0, 1.05], color=MUTED, linewidth=0.7, transform=up, clip_on=False)
        axes.text(
            place,
            1.06,
            name,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=11,
            transform=up,
            parse_math=False,
        )


def _spread(wanted: list[float], gap: float) -> list[float]:
    """Positions at least ``gap`` apart, in order, with the least squared distance from the ``wanted`` ones."""
    groups: list[tuple[float, int]] = []
    for i, value in enumerate(wanted):
        mean, size = value - i * gap, 1
        while groups and groups[-1][0] > mean:
            other, count = groups.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        groups.append((mean, size))
    flat = [mean for mean, size in groups for _ in range(size)]
    return [value + i * gap for i, value in enumerate(flat)]


def _reconstructed(axes: Axes, columns: Mapping[str, float]) -> None:
    words = [text.format(columns[name] * scale) for name, (text, scale) in _READ.items() if name in columns]
    axes.set_title("reconstructed: " + ",  ".join(words), loc="left", fontsize=12, y=1.0)
    if "z_vtx_mm" in columns:
        axes.axvline(columns["z_vtx_mm"] * 1e-3, 0.3, 0.7, label="reconstructed vertex", **_VERTEX)
        axes.legend(loc="lower right", bbox_to_anchor=(0.62, 0.0))


def _legend(axes: Axes, event: Any, meson: str) -> None:
    seen = {int(p["segments"][0]["species"]) for p in event["particles"][: int(event["n_particles"])]}
    axes.plot(
        [],
        [],
        color=INK,
        linewidth=1.8,
        marker="*",
        markersize=10,
        label=f"${kind(meson).latex}$ and its decay",
    )
    for species in sorted(seen):
        symbol, colour = _SYMBOL[Species(species)]
        axes.plot([], [], color=colour, linestyle="--" if species == Species.PHOTON else "-", label=symbol)
    axes.plot([], [], "o", color=INK, markersize=4.5, label="measured point")
    axes.plot([], [], "s", color=INK, fillstyle="none", label="cluster")
    axes.legend(loc="lower left", ncols=2)
