"""Write the published limits that hnlpeak ships, and second digitisations of them, from public files.

``python tests/reference/make_published.py HNLIMITS HNUPLOTS PION TABLES``

HNLIMITS is ``HNLimits/include/data`` of the package HNLimits 1.2.0 (arXiv:2304.06772), HNUPLOTS the folder
``limits/data`` of the repository francisnewson/hnuplots, PION the file ``NA62_pion_2025/Ue4sqr.dat`` of the
repository mhostert/Heavy-Neutrino-Limits, TABLES a table of ``mass_mev, ul_br_90, exp_ul_br`` from
``2016-02-23/tgt_lim_unitrig.txt`` of HNUPLOTS.

Masses become MeV, rows increasing. Points of a digitised curve at one mass (a step that was clicked twice) become their
geometric mean; its masses are kept to 0.001 MeV and its limits to four digits, finer than anyone can read a figure.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from hnlpeak.theory.production import branching_fraction

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "hnlpeak" / "library" / "published"
SECOND = ROOT / "tests" / "reference" / "published_second.csv"
TABLE_ROWS = ROOT / "tests" / "reference" / "na62_2007_tables.csv"

TABULATED = {
    "na62-2020-e": "NA62_2020/HEPdata_NA62_positron.csv",
    "na62-2021-mu": "umu4/NA62_2021_mu.dat",
    "pienu-2017-e": "PIENU_2017/PIENU_ue4.dat",
    "pienu-2019-mu-high": "PIENU_2019/tmu_smaller_1p2MeV.dat.csv",
    "pienu-2019-mu-low": "PIENU_2019/tmu_greater_1p2MeV.dat.csv",
}
DIGITISED = {
    "na62-2007-mu": "peak_searches/NA62_(2017)_K_nu_mu.dat",
    "na62-2015-e": "peak_searches/NA62_2018_K_nu_e.dat",
    "na62-2015-e-preliminary": "peak_searches/NA62_2017_pi_nu_e.dat",
    "na62-2015-mu": "peak_searches/NA62_2018_K_nu_mu.dat",
    "e949-mu": "bnl_e949/E949_Um42_90.dat",
    "kek-e": "peak_searches/KEK_K_nu_e.dat",
    "triumf-e": "ue4/TRIUMF_1992.dat",
    "psi-mu": "umu4/PSI_1987.dat",
}
AGAIN = {
    "na62-2021-mu": ("umu4/NA62_2021.dat", 1e3),
    "e949-mu": ("peak_searches/E949.dat", 1.0),
    "kek-e": ("ue4/KEK.dat", 1.0),
    "kek-mu": ("KEK1982/K_to_numu.dat", 1.0),
    "pienu-2017-e": ("ue4/PIENU.dat", 1.0),
    "pienu-2019-mu-high": ("umu4/PIENU_2019_highT.dat", 1.0),
    "pienu-2019-mu-low": ("umu4/PIENU_2019_lowT.dat", 1.0),
    "triumf-e": ("peak_searches/TRIUMF_pi_e_nu.dat", 1.0),
}


def numbers(path, unit=1.0, scale=1.0):
    """Return the first two numbers of each line that begins with two, masses times ``unit``, limits times ``scale``."""
    rows = []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        words = line.replace(",", " ").split()
        try:
            rows.append((float(words[0]) * unit, float(words[1]) * scale))
        except (ValueError, IndexError):
            continue
    points = np.array(rows)
    return points[np.argsort(points[:, 0], kind="stable")]


def joined(points):
    """Return ``points`` with one row for each mass, the geometric mean of what is there."""
    mass = np.unique(points[:, 0])
    u2 = [np.exp(np.mean(np.log(points[points[:, 0] == m, 1]))) for m in mass]
    return np.column_stack([mass, u2])


def read_off(points):
    """Return digitised ``points`` with the digits that they deserve."""
    points = joined(np.column_stack([np.round(points[:, 0], 3), points[:, 1]]))
    return [(f"{m:g}", f"{u2:.3e}") for m, u2 in points]


def given(points):
    """Return tabulated ``points`` as they are."""
    return [(f"{m:g}", f"{u2:g}") for m, u2 in joined(points)]


def write(name, rows):
    """Write a curve of the library."""
    text = "m_n_mev,u2\n" + "".join(f"{m},{u2}\n" for m, u2 in rows)
    (LIBRARY / f"{name}.csv").write_text(text, "utf-8")
    print(f"{name:28} {len(rows):4} points, {rows[0][0]} to {rows[-1][0]} MeV")


def tables_of_2007(path):
    """Write the two curves that follow from limits on the branching fraction, and the rows they came from."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(r["mass_mev"], r["ul_br_90"], r["exp_ul_br"]) for r in csv.DictReader(file)]
    TABLE_ROWS.write_text(
        "mass_mev,ul_br_90,exp_ul_br\n" + "".join(",".join(r) + "\n" for r in rows), "utf-8"
    )
    for name, column in (("na62-2007-mu-tables", 1), ("na62-2007-mu-tables-expected", 2)):
        per_u2 = [branching_fraction(meson="K+", lepton="mu", mass=float(r[0]), u2=1.0) for r in rows]
        write(name, [(r[0], f"{float(r[column]) / b:.4e}") for r, b in zip(rows, per_u2, strict=True)])


def main(hnlimits, hnuplots, pion, tables):
    """Write everything."""
    for name, file in TABULATED.items():
        write(name, given(numbers(hnlimits / file)))
    for name, file in DIGITISED.items():
        write(name, read_off(numbers(hnlimits / file)))
    write("na62-2025-pi-e", read_off(numbers(pion)))
    write("kek-mu", read_off(numbers(hnuplots / "km2hayano.dat")))
    tables_of_2007(tables)
    again = {name: (numbers(hnlimits / file, unit), file) for name, (file, unit) in AGAIN.items()}
    rows = [(name, file, *row) for name, (points, file) in sorted(again.items()) for row in read_off(points)]
    third = read_off(numbers(hnuplots / "bnle949.dat", scale=0.1))  # the file holds ten times the limit
    rows += [("e949-mu", "hnuplots/bnle949.dat", *row) for row in third]
    SECOND.write_text("curve,file,m_n_mev,u2\n" + "".join(",".join(r) + "\n" for r in rows), "utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:5]))
