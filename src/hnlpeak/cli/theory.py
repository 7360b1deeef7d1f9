"""hnlpeak theory production|decay|lifetime|seesaw: rates without a detector, as a table, CSV or JSON."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hnlpeak.cli.number import number
from hnlpeak.cli.options import JsonOption
from hnlpeak.cli.theory_input import masses, mixings, plain_mixing

if TYPE_CHECKING:
    from hnlpeak.theory.widths import Nature

__all__ = ["app"]

app = typer.Typer(help="HNL production rates, widths, branching ratios and lifetime.", no_args_is_help=True)

MesonOption = Annotated[str, typer.Option(help="Decaying meson: pi+, K+, D+, D_s+ or B+.")]
LeptonOption = Annotated[str, typer.Option(help="Charged lepton made, and flavour that mixes: e, mu or tau.")]
MassOption = Annotated[
    list[str],
    typer.Option(metavar="MEV", help="HNL mass in MeV, a list 200,300 or a range 100:400:1; repeat it."),
]
MixingOption = Annotated[
    str,
    typer.Option(help="Mixing |U|^2 of --lepton, or of several: e=1e-6,mu=1e-7. 1: rates per unit of it."),
]
NatureOption = Annotated[str, typer.Option(help="dirac or majorana.")]
CsvOption = Annotated[
    bool, typer.Option("--csv", help="Write CSV with all digits to stdout, as where stdout is no terminal.")
]
FileOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write CSV to a file.")
]

Columns = Mapping[str, Any]
"""Columns by name, one number a mass."""


def _write(
    given: Mapping[str, object], columns: Columns, *, as_json: bool, as_csv: bool, file: Path | None
) -> None:
    """All digits but in tables, which are for people at terminals."""
    if file is not None or as_csv or not (as_json or sys.stdout.isatty()):
        _write_csv(columns, file)
        if as_csv or not as_json:
            return
    names = list(columns)
    rows = [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    if as_json:
        # JSON has no infinity: a lifetime without end is null.
        finite = [{k: v if abs(v) < float("inf") else None for k, v in row.items()} for row in rows]
        typer.echo(json_format.dumps({**given, "rows": finite}, indent=2, allow_nan=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="  ".join(f"{key} = {value}" for key, value in given.items()), show_header=False)
    if len(rows) <= 4:
        for key in names:
            table.add_row(key, *(f"{row[key]:.6g}" for row in rows))
    else:
        table.show_header = True
        for key in names:
            table.add_column(key, overflow="fold")
        for row in rows:
            table.add_row(*(f"{value:.6g}" for value in row.values()))
    Console().print(table)


def _write_csv(columns: Columns, file: Path | None) -> None:
    from hnlpeak.cli.options import check_output
    from hnlpeak.core.atomic import write_text
    from hnlpeak.formats.table import table_text

    text = table_text({name: [float(value) for value in column] for name, column in columns.items()})
    if file is None:
        typer.echo(text, nl=False)
        return
    check_output(file, (".csv",))
    write_text(file, text)


def _array(mass: list[str]) -> Any:
    import numpy as np

    return np.array(masses(mass))


@app.command()
def production(
    mass: MassOption,
    meson: MesonOption = "K+",
    lepton: LeptonOption = "e",
    u2: MixingOption = "1",
    json: JsonOption = False,
    csv: CsvOption = False,
    output: FileOption = None,
) -> None:
    """Kinematic factor rho and branching fraction of M+ -> l+ N."""
    import numpy as np

    from hnlpeak.theory.production import branching_fraction, light_branching_fraction, rho

    light = light_branching_fraction(meson=meson, lepton=lepton)
    m, mixing = _array(mass), mixings(u2, lepton)
    factor = rho(meson=meson, lepton=lepton, mass=m)
    columns = {
        "mass_mev": m,
        "rho": factor,
        "branching_fraction_light": np.full(m.size, light.value),
        "branching_fraction_light_times_rho": light.value * factor,
        "branching_fraction": branching_fraction(
            meson=meson, lepton=lepton, mass=m, u2=mixing.get(lepton, 0.0)
        ),
    }
    given = {"meson": meson, "lepton": lepton, "u2": plain_mixing(mixing, lepton)}
    _write(given, columns, as_json=json, as_csv=csv, file=output)


@app.command()
def decay(
    mass: MassOption,
    meson: MesonOption = "K+",
    lepton: LeptonOption = "e",
    u2: MixingOption = "1",
    nature: NatureOption = "majorana",
    json: JsonOption = False,
    csv: CsvOption = False,
    output: FileOption = None,
) -> None:
    """Total width and branching ratios of the HNL."""
    from hnlpeak.theory.mesons import meson as find_meson
    from hnlpeak.theory.widths import branching_ratios, total_width

    find_meson(meson)
    kind = cast("Nature", nature)
    m, mixing = _array(mass), mixings(u2, lepton)
    # ratios of one flavour do not depend on its mixing, which may be 0
    shares = {lepton: 1.0} if set(mixing) == {lepton} else mixing
    ratios = branching_ratios(mass=m, u2=shares)
    named = {f"branching_ratio_{name.replace(' ', '_')}": value for name, value in ratios.items()}
    columns = {"mass_mev": m, "width_mev": total_width(mass=m, u2=mixing, nature=kind), **named}
    given = {"meson": meson, "lepton": lepton, "u2": plain_mixing(mixing, lepton), "nature": nature}
    _write(given, columns, as_json=json, as_csv=csv, file=output)


@app.command()
def lifetime(
    mass: MassOption,
    meson: MesonOption = "K+",
    lepton: LeptonOption = "e",
    u2: MixingOption = "1",
    nature: NatureOption = "majorana",
    momentum: Annotated[
        float | None,
        typer.Option(
            parser=number, help="HNL momentum in MeV; default: of an HNL with the mean energy in the beam."
        ),
    ] = None,
    beam_momentum: Annotated[
        float, typer.Option(parser=number, help="Momentum of the decaying meson in MeV.")
    ] = 75e3,
    json: JsonOption = False,
    csv: CsvOption = False,
    output: FileOption = None,
) -> None:
    """Lifetime and mean free path of the HNL."""
    import numpy as np

    from hnlpeak.theory.constants import SPEED_OF_LIGHT
    from hnlpeak.theory.lifetime import lifetime as proper_lifetime
    from hnlpeak.theory.lifetime import mean_free_path
    from hnlpeak.theory.two_body import lab_momentum

    kind = cast("Nature", nature)
    m, mixing = _array(mass), mixings(u2, lepton)
    if momentum is None:
        p = lab_momentum(meson=meson, lepton=lepton, mass=m, meson_momentum=beam_momentum)
    else:
        p = np.full(m.size, momentum)
    tau = proper_lifetime(mass=m, u2=mixing, nature=kind)
    columns = {
        "mass_mev": m,
        "lifetime_ns": tau,
        "c_tau_mm": SPEED_OF_LIGHT * tau,
        "hnl_momentum_mev": p,
        "mean_free_path_mm": mean_free_path(mass=m, momentum=p, u2=mixing, nature=kind),
    }
    given = {"meson": meson, "lepton": lepton, "u2": plain_mixing(mixing, lepton), "nature": nature}
    _write(given, columns, as_json=json, as_csv=csv, file=output)


@app.command(short_help="The smallest |U|² of interest.")
def seesaw(
    mass: MassOption,
    lepton: LeptonOption = "e",
    nature: NatureOption = "majorana",
    json: JsonOption = False,
    csv: CsvOption = False,
    output: FileOption = None,
) -> None:
    """The smallest |U|^2 of interest: the seesaw scale, and where the HNL outlives nucleosynthesis."""
    from hnlpeak.theory.seesaw import (
        ATMOSPHERIC_MASS,
        NUCLEOSYNTHESIS_LIFETIME,
        nucleosynthesis_floor,
        seesaw_floor,
    )

    m, kind = _array(mass), cast("Nature", nature)
    columns = {
        "mass_mev": m,
        "u2_seesaw": seesaw_floor(mass=m),
        "u2_nucleosynthesis": nucleosynthesis_floor(mass=m, flavour=lepton, nature=kind),
    }
    given = {
        "lepton": lepton,
        "nature": nature,
        "neutrino_mass_mev": ATMOSPHERIC_MASS,
        "longest_lifetime_ns": NUCLEOSYNTHESIS_LIFETIME,
    }
    _write(given, columns, as_json=json, as_csv=csv, file=output)
