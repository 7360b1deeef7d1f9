"""hnlpeak theory: the commands give the numbers of the functions."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hnlpeak.cli.theory import app
from hnlpeak.cli.theory_input import masses
from hnlpeak.core.errors import UsageError
from hnlpeak.theory.production import branching_fraction, rho


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_production():
    answer = json.loads(
        invoke("production", "--lepton", "mu", "--mass", "300", "--mass", "390", "--u2", "1e-6", "--json")
    )
    assert (answer["meson"], answer["lepton"], answer["u2"]) == ("K+", "mu", 1e-6)
    first, second = answer["rows"]
    assert first["rho"] == pytest.approx(3.899768, rel=1e-6)
    assert first["branching_fraction_light_times_rho"] == pytest.approx(2.478693, rel=1e-6)
    assert first["branching_fraction"] == pytest.approx(2.478693e-6, rel=1e-6)
    assert second["rho"] == second["branching_fraction"] == 0.0


def test_decay():
    answer = json.loads(invoke("decay", "--mass", "300", "--nature", "dirac", "--json"))
    (row,) = answer["rows"]
    assert row["width_mev"] == pytest.approx(1.2264e-12, rel=1e-4)
    assert row["branching_ratio_e_pi"] == pytest.approx(0.5880, abs=1e-4)
    assert sum(value for key, value in row.items() if key.startswith("branching")) == pytest.approx(1.0)


def test_seesaw():
    answer = json.loads(invoke("seesaw", "--mass", "300", "--mass", "400", "--lepton", "mu", "--json"))
    assert (answer["lepton"], answer["neutrino_mass_mev"], answer["longest_lifetime_ns"]) == ("mu", 5e-8, 1e8)
    first, second = answer["rows"]
    assert first["u2_seesaw"] == pytest.approx(5e-8 / 300.0)
    # at this mixing the HNL lives for a tenth of a second
    lived = json.loads(
        invoke(
            "lifetime", "--lepton", "mu", "--mass", "300", "--u2", repr(first["u2_nucleosynthesis"]), "--json"
        )
    )
    assert lived["rows"][0]["lifetime_ns"] == pytest.approx(1e8)
    assert second["u2_nucleosynthesis"] < first["u2_nucleosynthesis"]


def test_lifetime():
    options = ("lifetime", "--meson", "K+", "--lepton", "e", "--mass", "448", "--u2", "1e-4", "--json")
    (row,) = json.loads(invoke(*options))["rows"]
    assert row["lifetime_ns"] == pytest.approx(563.5, rel=1e-3)
    assert row["mean_free_path_mm"] == pytest.approx(25.79e6, rel=1e-3)
    (slow,) = json.loads(invoke(*options, "--momentum", "448"))["rows"]
    assert slow["mean_free_path_mm"] == pytest.approx(slow["c_tau_mm"], rel=1e-12)


def test_ranges_of_masses_with_all_digits_where_nobody_looks():
    lines = invoke("production", "--mass", "100:400:0.5", "--mass", "410,420", "--u2", "1e-6").splitlines()
    names = lines[0].split(",")
    rows = [dict(zip(names, map(float, line.split(",")), strict=True)) for line in lines[1:]]
    assert [row["mass_mev"] for row in rows] == [*(100.0 + 0.5 * i for i in range(601)), 410.0, 420.0]
    assert rows[400]["mass_mev"] == 300.0
    assert rows[400]["rho"] == rho(meson="K+", lepton="e", mass=300.0)
    assert rows[400]["branching_fraction"] == branching_fraction(meson="K+", lepton="e", mass=300.0, u2=1e-6)


def test_a_range_has_its_end_where_that_is_a_step():
    assert masses(["0.1:0.7:0.2"]) == pytest.approx([0.1, 0.3, 0.5, 0.7])
    assert masses(["100:109:4"]) == [100.0, 104.0, 108.0]
    assert masses(["5:5:1", "3"]) == [5.0, 3.0]


def test_csv_goes_into_a_file(tmp_path):
    file = tmp_path / "rates.csv"
    assert invoke("lifetime", "--mass", "300", "-o", str(file)) == ""
    piped = invoke("lifetime", "--mass", "300", "--csv")
    assert file.read_text("utf-8") == piped
    with pytest.raises(UsageError, match=r"ends in \.csv"):
        invoke("lifetime", "--mass", "300", "-o", str(tmp_path / "rates.txt"))


def test_several_flavours_mix():
    """Widths add, and so do rates of decay; production needs the flavour of its lepton alone."""
    arguments = ("--mass", "300", "--u2", "e=1e-6,mu=1e-7", "--json")
    answer = json.loads(invoke("decay", *arguments))
    parts = [
        json.loads(invoke("decay", "--mass", "300", "--lepton", lepton, "--u2", u2, "--json"))["rows"][0]
        for lepton, u2 in (("e", "1e-6"), ("mu", "1e-7"))
    ]
    assert answer["u2"] == {"e": 1e-6, "mu": 1e-7}
    (row,) = answer["rows"]
    assert row["width_mev"] == pytest.approx(sum(part["width_mev"] for part in parts), rel=1e-12)
    assert sum(v for k, v in row.items() if k.startswith("branching")) == pytest.approx(1.0)
    for lepton, u2 in (("e", 1e-6), ("mu", 1e-7), ("tau", None)):
        made = json.loads(invoke("production", *arguments, "--lepton", lepton, "--meson", "D_s+"))["rows"][0]
        assert made["branching_fraction"] == pytest.approx(
            branching_fraction(meson="D_s+", lepton=lepton, mass=300.0, u2=u2 or 0.0)
        )


def test_no_mixing_is_null_in_json():
    (row,) = json.loads(invoke("lifetime", "--mass", "300", "--u2", "0", "--json"))["rows"]
    assert row["lifetime_ns"] is None


@pytest.mark.parametrize("command", ["production", "decay", "lifetime"])
def test_tables_are_for_people(command):
    text = invoke(command, "--mass", "300", "--mass", "200")
    assert "mass_mev" in text
    assert "300" in text
    assert "200" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("production", "--meson", "K0", "--mass", "300"), "meson"),
        (("production", "--mass", "-5"), "mass"),
        (("production", "--mass", "100:400"), "LOW:HIGH:STEP"),
        (("production", "--mass", "400:100:1"), "LOW:HIGH:STEP"),
        (("production", "--mass", "1:2:1e-9"), "at most 100000"),
        (("production", "--mass", "300", "--u2", "e=1e-6,e=1e-7"), "once each"),
        (("production", "--mass", "300", "--u2", "x=1e-6"), "e, mu, tau"),
        (("decay", "--mass", "600"), "493.677"),
        (("decay", "--meson", "K0", "--mass", "300"), "meson"),
        (("lifetime", "--mass", "300", "--nature", "weyl"), "nature"),
        (("lifetime", "--lepton", "mu", "--mass", "390"), "ends at"),
    ],
)
def test_errors_say_what_is_allowed(arguments, words):
    with pytest.raises(UsageError, match=words):
        invoke(*arguments)


def test_import_is_light():
    """``hnlpeak --help`` imports every sub-command: none may drag numba, scipy or the particle tables in."""
    heavy = "('numba', 'scipy', 'particle', 'numpy')"
    code = f"import sys, hnlpeak.cli.theory; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
