"""One table of mesons: every usual spelling finds its row, everything else is refused with the list."""

from __future__ import annotations

import pytest
from particle import Particle as Listing

from hnlpeak.core.errors import UsageError
from hnlpeak.theory.mesons import MESONS, meson
from hnlpeak.theory.particles import particle
from hnlpeak.theory.species import C_TAU, CHARGE, MASS, PDG_ID, Species


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("pi+", ["pi+", "pi", "pi^+", " pi+ "]),
        ("K+", ["K+", "K", "K^+", "K^{+}"]),
        ("D+", ["D+", "D"]),
        ("D_s+", ["D_s+", "Ds+", "D(s)+", "D_s^+", "Ds"]),
        ("B+", ["B+", "B", "B^+"]),
    ],
)
def test_spellings_of_a_meson(name: str, spellings: list[str]) -> None:
    for spelling in spellings:
        assert meson(spelling) is MESONS[name], spelling


@pytest.mark.parametrize("name", ["K-", "K++", "k+", "K0", "p", "", "+", "pi0", "D_s*+"])
def test_what_is_no_meson_of_the_table(name: str) -> None:
    with pytest.raises(UsageError, match=r"unknown meson .*: choose from pi\+, K\+, D\+, D_s\+, B\+"):
        meson(name)


def test_the_names_of_the_listings_are_spellings_too() -> None:
    for record in MESONS.values():
        listed = Listing.from_pdgid(record.pdg_id)
        assert meson(listed.name) is record
        assert record.mass == listed.mass
        assert record.c_tau == pytest.approx(299.792458 * listed.lifetime, rel=1e-15)


def test_species_are_particles_of_the_table() -> None:
    for species in Species:
        row = particle(PDG_ID[species])
        assert (MASS[species], CHARGE[species], C_TAU[species]) == (row.mass, row.charge, row.c_tau)
    assert particle(321) is particle(321)
    with pytest.raises(LookupError, match="particle 12"):
        particle(12)
