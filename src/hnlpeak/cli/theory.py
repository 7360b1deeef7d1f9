"""hnlpeak theory production|decay|lifetime|seesaw: rates without a detector, as a table or as JSON."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from hnlpeak.theory.widths import Nature

__all__ = ["app"]

app = typer.Typer(help="HNL production rates, widths, branching ratios and lifetime.", no_args_is_help=True)

MesonOption = Annotated[str, typer.Option(help="Decaying meson: pi+, K+, D+, D_s+ or B+.")]
LeptonOption = Annotated[str, typer.Option(help="Flavour that mixes and charged lepton made: e, mu or tau.")]
MassOption = Annotated[list[float], typer.Option(help="HNL mass in MeV; repeat it for several masses.")]
MixingOption = Annotated[float, typer.Option(help="Mixing |U|^2; 1 gives rates per unit of mixing.")]
NatureOption = Annotated[str, typer.Option(help="dirac or majorana.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


def _write(given: Mapping[str, object], rows: Sequence[Mapping[str, float]], *, as_json: bool) -> None:
    if as_json:
        # JSON has no infinity: a lifetime without end is null.
        finite = [{k: v if abs(v) < float("inf") else None for k, v in row.items()} for row in rows]
        typer.echo(json_format.dumps({**given, "rows": finite}, indent=2, allow_nan=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="  ".join(f"{key} = {value}" for key, value in given.items()), show_header=False)
    for key in rows[0]:
        table.add_row(key, *(f"{row[key]:.6g}" for row in rows))
    Console().print(table)


@app.command()
def production(
    mass: MassOption,
    meson: MesonOption = "K+",
    lepton: LeptonOption = "e",
    u2: MixingOption = 1.0,
    json: JsonOption = False,
) -> None:
    """Kinematic factor rho and branching fraction of M+ -> l+ N."""
    from hnlpeak.theory.production import branching_fraction, light_branching_fraction, rho

    light = light_branching_fraction(meson=meson, lepton=lepton)
    rows = []
    for m in mass:
        factor = rho(meson=meson, lepton=lepton, mass=m)
        fraction = branching_fraction(meson=meson, lepton=lepton, mass=m, u2=u2)
        rows.append(
            {
                "mass_mev": m,
                "rho": factor,
                "branching_fraction_light": light.value,
                "branching_fraction_light_times_rho": light.value * factor,
                "branching_fraction": fraction,
            }
        )
    _write({"meson": meson, "lepton": lepton, "u2": u2}, rows, as_json=json)


@app.command()
def decay(
    mass: MassOption,
    meson: MesonOption = "K+",
    lepton: LeptonOption = "e",
    u2: MixingOption = 1.0,
    nature: NatureOption = "majorana",
    json: JsonOption = False,
) -> None:
    """Total width and branching ratios of the HNL."""
    from hnlpeak.theory.mesons import meson as find_meson
    from hnlpeak.theory.widths import branching_ratios, total_width

    find_meson(meson)
    kind = cast("Nature", nature)
    rows = []
    for m in mass:
        ratios = branching_ratios(mass=m, u2={lepton: 1.0})
        width = total_width(mass=m, u2={lepton: u2}, nature=kind)
        named = {f"branching_ratio_{name.replace(' ', '_')}": value for name, value in ratios.items()}
        rows.append({"mass_mev": m, "width_mev": width, **named})
    _write({"meson": meson, "lepton": lepton, "u2": u2, "nature": nature}, rows, as_json=json)


@app.command()
def lifetime(
    mass: MassOption,
    meson: MesonOption = "K+",
    lepton: LeptonOption = "e",
    u2: MixingOption = 1.0,
    nature: NatureOption = "majorana",
    momentum: Annotated[
        float | None,
        typer.Option(help="HNL momentum in MeV; default: of an HNL with the mean energy in the beam."),
    ] = None,
    beam_momentum: Annotated[float, typer.Option(help="Momentum of the decaying meson in MeV.")] = 75e3,
    json: JsonOption = False,
) -> None:
    """Lifetime and mean free path of the HNL."""
    from hnlpeak.theory.constants import SPEED_OF_LIGHT
    from hnlpeak.theory.lifetime import lifetime as proper_lifetime
    from hnlpeak.theory.lifetime import mean_free_path
    from hnlpeak.theory.two_body import lab_momentum

    kind = cast("Nature", nature)
    rows = []
    for m in mass:
        p = momentum
        if p is None:
            p = lab_momentum(meson=meson, lepton=lepton, mass=m, meson_momentum=beam_momentum)
        tau = proper_lifetime(mass=m, u2={lepton: u2}, nature=kind)
        path = mean_free_path(mass=m, momentum=p, u2={lepton: u2}, nature=kind)
        rows.append(
            {
                "mass_mev": m,
                "lifetime_ns": tau,
                "c_tau_mm": SPEED_OF_LIGHT * tau,
                "hnl_momentum_mev": p,
                "mean_free_path_mm": path,
            }
        )
    _write({"meson": meson, "lepton": lepton, "u2": u2, "nature": nature}, rows, as_json=json)


@app.command()
def seesaw(
    mass: MassOption,
    lepton: LeptonOption = "e",
    nature: NatureOption = "majorana",
    json: JsonOption = False,
) -> None:
    """The smallest |U|^2 of interest: the seesaw scale, and where the HNL outlives nucleosynthesis."""
    from hnlpeak.theory.seesaw import (
        ATMOSPHERIC_MASS,
        NUCLEOSYNTHESIS_LIFETIME,
        nucleosynthesis_floor,
        seesaw_floor,
    )

    kind = cast("Nature", nature)
    rows = [
        {
            "mass_mev": m,
            "u2_seesaw": seesaw_floor(mass=m),
            "u2_nucleosynthesis": nucleosynthesis_floor(mass=m, flavour=lepton, nature=kind),
        }
        for m in mass
    ]
    given = {
        "lepton": lepton,
        "nature": nature,
        "neutrino_mass_mev": ATMOSPHERIC_MASS,
        "longest_lifetime_ns": NUCLEOSYNTHESIS_LIFETIME,
    }
    _write(given, rows, as_json=json)
