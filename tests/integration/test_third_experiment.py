"""A made-up experiment, described by two cards and no code, goes through the whole chain."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import pytest

CARD = Path(__file__).resolve().parents[2] / "examples" / "compact-kmu2.toml"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(hnlpeak, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("third") / "run"
    done = hnlpeak("run", CARD, "-o", place, "--workers", 1, "--seed", 2)
    assert done.code == 0, done.err
    return place


def test_both_cards_pass_the_check(hnlpeak) -> None:
    for card in (CARD, CARD.with_name("compact.toml")):
        done = hnlpeak("check", card)
        assert done.code == 0, done.err


def test_number_of_decays_closes(folder: Path) -> None:
    n_kaon = json.loads((folder / "normalisation.json").read_text("utf-8"))["n_kaon"]
    error = (n_kaon["stat"] ** 2 + n_kaon["syst"] ** 2) ** 0.5
    assert abs(n_kaon["value"] - 5e5) < 4.0 * error
    assert error < 0.01 * 5e5


def test_beam_is_found_with_three_tracks(folder: Path) -> None:
    simulation = json.loads((folder / "result.json").read_text("utf-8"))["simulation"]
    assert simulation["beam_momentum_mev"] == pytest.approx(30e3, rel=2e-3)


def test_triggers_are_counted_before_and_after_the_downscale(folder: Path) -> None:
    exposure = json.loads((folder / "result.json").read_text("utf-8"))["exposure"]
    rates = exposure["rates"]
    assert exposure["decays_delivered"] == pytest.approx(20 * 5e5)
    assert rates["trigger_rate_hz"] == pytest.approx(20 * rates["recorded_rate_hz"])
    # 20 MHz, a tenth kaons, three quarters of the intensity, 20 m of a decay length of 225.5 m
    assert rates["decay_rate_hz"] == pytest.approx(20e6 * 0.1 * 0.75 * 0.0849, rel=2e-3)
    # decays in the 25 m from the beam's last element trigger too
    assert 0.6 < rates["trigger_rate_hz"] / rates["decay_rate_hz"] < 25.0 / 20.0


def test_limits_are_those_of_this_apparatus(folder: Path) -> None:
    rows = rows_of(folder / "limits.csv")
    assert [float(row["m_n_mev"]) for row in rows] == list(range(240, 351, 10))
    sigma = [float(row["sigma_mev"]) for row in rows]
    assert all(later < earlier for earlier, later in pairwise(sigma))
    assert 2.5 < sigma[0] < 5.0
    for row in rows:
        assert 0.4 < float(row["acceptance"]) < 0.75
        assert 1e-6 < float(row["u2_ul_expected"]) < 1e-4


def test_every_cut_of_the_card_acts(folder: Path) -> None:
    rows = rows_of(folder / "cutflow.csv")[1:]
    names = [row["cut"] for row in rows]
    assert len(names) == 13
    selected = float(rows[-1]["passed"])
    for name in ("track quality", "acceptance", "vertex", "rings", "forward photons", "clusters"):
        assert float(rows[names.index(name)]["n_minus_one"]) > 1.001 * selected, name
