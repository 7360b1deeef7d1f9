"""Curves of others from files, and those of HNLimits from a small package of the same shape."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from hnlpeak.core.errors import InputDataError, UsageError
from hnlpeak.formats.curve_file import read_curve

T2K = "# m4 (MeV) Umu4^2\n150.5 2e-5\n200 1e-8\n\n200.0 4e-8\n300 1e-9 remark\n"


@pytest.fixture
def hnlimits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that must not be imported, with data where HNLimits has them."""
    package = tmp_path / "site" / "HNLimits"
    data = package / "include" / "data"
    (data / "umu4").mkdir(parents=True)
    (data / "peak_searches").mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n", "utf-8")
    (data / "umu4" / "T2K_2019.dat").write_text(T2K, "utf-8")
    (data / "umu4" / "BEBC.dat").write_text("0.4 1e-6\n0.2 1e-5\n", "utf-8")
    (data / "umu4" / "PS191_closed.dat").write_text(
        "# m (MeV)\n100 1e-3\n200 1e-4\n150 1e-2\n300 1e-3\n", "utf-8"
    )
    (data / "peak_searches" / "A_95CL.dat").write_text("#m4(GeV) Ue4^2\n.1 1e-6\n.2 1e-7\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    importlib.invalidate_caches()
    yield data
    assert "HNLimits" not in sys.modules


@pytest.mark.usefixtures("hnlimits")
def test_a_curve_of_hnlimits():
    curve = read_curve("hnlimits:umu4/T2K_2019.dat")
    np.testing.assert_allclose(curve.mass, [150.5, 200.0, 300.0])
    np.testing.assert_allclose(curve.u2, [2e-5, 2e-8, 1e-9], rtol=1e-12)
    assert (curve.flavour, curve.year, curve.cl, curve.confidence) == ("mu", 2019, 0.9, "m")
    assert curve.title == "T2K 2019 (2019, approximate)"
    assert "not to be quoted" in repr(curve)
    assert "2304.06772" in curve.reference


@pytest.mark.usefixtures("hnlimits")
def test_what_a_file_does_not_say_is_asked_for():
    with pytest.raises(UsageError, match="unit of its masses"):
        read_curve("hnlimits:umu4/BEBC.dat")
    np.testing.assert_allclose(read_curve("hnlimits:umu4/BEBC.dat [GeV]").mass, [200.0, 400.0])
    with pytest.raises(UsageError, match="whose mixing"):
        read_curve("hnlimits:peak_searches/A_95CL.dat")
    curve = read_curve("hnlimits:peak_searches/A_95CL.dat", flavour="e")
    assert curve.cl == 0.95
    np.testing.assert_allclose(curve.mass, [100.0, 200.0])


@pytest.mark.usefixtures("hnlimits")
@pytest.mark.parametrize(
    "name", ["umu4/T2K_2020.dat", "../__init__.py", "umu4/../../../__init__.py", "/etc/passwd"]
)
def test_only_files_of_its_data(name):
    with pytest.raises(UsageError, match="not in HNLimits"):
        read_curve(f"hnlimits:{name}")


@pytest.mark.usefixtures("hnlimits")
def test_closed_areas_are_no_curves():
    with pytest.raises(InputDataError, match="masses do not increase"):
        read_curve("hnlimits:umu4/PS191_closed.dat")


def test_without_the_package_the_answer_is_how_to_get_it(monkeypatch):
    monkeypatch.setattr("hnlpeak.formats.curve_file.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'hnlpeak\[literature\]'"):
        read_curve("hnlimits:umu4/T2K_2019.dat")


@pytest.mark.parametrize(
    ("text", "mass"),
    [
        ("m_n_mev,u2\n150,1e-6\n250,1e-7\n", 250.0),
        ("mass [GeV];limit\n0.15;1e-6\n0.25;1e-7\n", 250.0),
        ("# masses in GeV\n0.25\t1e-7\n0.15\t1e-6\n", 250.0),
        ("! masses\n150 MeV 1e-6\n% a remark\n250MeV 1e-7\n", 250.0),
        ("m;U2\n0,15 GeV;1,0e-6\n0,25;1,0e-7\n", 250.0),
        ("m (GeV)\tlimit\n0,15\t1e-6\n0,25\t1e-7\n", 250.0),
        ("mass,limit\n150 [MeV],1e-6\n250 [MeV],1e-7\n", 250.0),
        ("mass [MeV]; limit\n150;1e-6\n200;-\n220;None\n250;1e-7\n", 250.0),
        ("m_mev u2\n\n150. 1.D-6\n# 200 1e-3\n250. 1.D-7 approximate\n", 250.0),
    ],
)
def test_files_of_ones_own(tmp_path, text, mass):
    path = tmp_path / "mine.csv"
    path.write_text(text, "utf-8")
    curve = read_curve(path, flavour="e")
    assert curve.limit(mass) == pytest.approx(1e-7)
    assert curve.title == "mine (approximate)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m_n_mev,u2\n150,1e-6\n", "no curve"),
        ("m_n_mev,u2\n150,1e-6\n250,nan\n", "not a number"),
        ("m_n_mev,u2\n150,1e-6\n250,2\n", "below 1"),
        ("m_n_mev,u2\n150,1e-6\n250,0\n", "above 0"),
        ("m_n_mev,u2\n0.15,1e-6\n0.25,1e-6\n", "in GeV?"),
        (
            "m_n_mev,u2\n150,1e-6\n2O0,1e-7\n250,1e-7\n",
            "line 3: expected a mass and a limit on |U|^2, got '2O0,1e-7'",
        ),
        ("m_n_mev,u2\n15O,1e-6\n200,1e-7\n250,1e-7\n", "line 2: expected"),
        ("m_n_mev,u2\n150,1e-6\n200,1.58ee-2\n250,1e-7\n", "line 3: expected"),
        ("m_n_mev,u2\n150,1e-6\n250,1e-7\nmass,limit\n", "line 4: expected"),
        ("m_n_mev,u2\n150,1e-6\n200\n250,1e-7\n", "line 3: expected"),
        ("m_n_mev,u2\n150,1e-6\n1_000,1e-7\n", "line 3: expected"),
        ("m_n_mev u2\n150,5 1,0e-6\n250,5 1,0e-7\n", "line 2: expected"),
        ("m_n_mev;u2\n1,000;1.0e-6\n1,250;1.0e-7\n", "line 2: expected"),
        ("mass,u2\n150 MeV,1e-6\n0.25 GeV,1e-7\n", "line 3: a mass in GeV, others are in MeV"),
        ("mass [GeV],u2\n150 MeV,1e-6\n250 MeV,1e-7\n", "in MeV in its lines and in GeV in its header"),
    ],
)
def test_files_that_hold_no_limits(tmp_path, text, said):
    path = tmp_path / "mine.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputDataError, match=re.escape(said)):
        read_curve(path, flavour="e")


def test_a_unit_that_is_said_against_that_of_the_masses(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("150 MeV 1e-6\n250 MeV 1e-7\n", "utf-8")
    with pytest.raises(InputDataError, match="line 1: a mass in MeV, others are in GeV"):
        read_curve(f"{path} [gev]", flavour="e")
    path.write_text("150 keV 1e-6\n250 keV 1e-7\n", "utf-8")
    with pytest.raises(UsageError, match="say MeV or GeV, got 'keV'"):
        read_curve(path, flavour="e")


def test_a_header_that_says_gev_and_means_mev(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("# m4 (GeV) U2\n201 1e-8\n300 1e-9\n", "utf-8")
    with pytest.raises(InputDataError, match=r"mine.csv \[MeV\]"):
        read_curve(path, flavour="mu")
    assert read_curve(f"{path} [MeV]", flavour="mu").mass.tolist() == [201.0, 300.0]
