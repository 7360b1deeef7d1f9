"""A card by somebody who has the commands alone: all that is wrong at once, with file, place, meaning and mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from command import call
from hnlpeak.core.card import card_text, library_names
from hnlpeak.core.card_faults import _choices, _meaning, _models, meaning_of
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.analysis_card import AnalysisCard
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.experiment.experiment_card import ExperimentCard
from hnlpeak.experiment.template import template
from hnlpeak.searches.doubts import doubts

STARTS = [("experiment", "fixed-target"), ("analysis", "fixed-target-kmu2"), ("analysis", "fixed-target-ke2")]


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def written(place: Path, apparatus: tuple[tuple[str, str], ...], *search: tuple[str, str]) -> Path:
    """The small search in a copy of its experiment, both with other lines."""
    (place / "mine.toml").write_text(changed(card_text("fixed-target"), *apparatus), "utf-8")
    path = place / "search.toml"
    own = ('experiment = "fixed-target"', 'experiment = "mine.toml"')
    path.write_text(changed(card_text("fixed-target-kmu2"), own, *search), "utf-8")
    return path


def lines_of(path: Path) -> list[str]:
    """What ``check`` refuses, a line each."""
    done = call("check", path)
    assert done.code == 2, done.out
    assert "Traceback" not in done.err
    assert all(len(line) <= 330 for line in done.err.splitlines())
    return done.err.splitlines()


def tables(kind: type[BaseModel], seen: set[Any]) -> Iterator[type[BaseModel]]:
    """All tables of a card."""
    if kind in seen:
        return
    seen.add(kind)
    yield kind
    for field in kind.model_fields.values():
        for table in (*_models(field.annotation), *_choices(field.metadata)):
            yield from tables(table, seen)


TABLES = [table for kind in (ExperimentCard, AnalysisCard) for table in tables(kind, set())]


@pytest.mark.parametrize("table", dict.fromkeys(TABLES), ids=lambda table: table.__name__)
def test_every_key_says_what_it_takes_and_means(table: type[BaseModel]) -> None:
    """By the description of its table, in whole words; what must be there also what it looks like."""
    for name, field in table.model_fields.items():
        key = field.alias or name
        told = key in ("kind", "system", "name", "method") or bool(_models(field.annotation))
        assert told or f"``{key}``" in "".join(t.__doc__ or "" for t in table.__mro__), key
        assert told or meaning_of(table, key), key
        if field.is_required():
            said = _meaning(table, key)
            assert re.match(r": (an? |text|one |true)", said), (key, said)


@pytest.mark.parametrize(("kind", "like"), STARTS)
def test_small_cards_to_begin_from_are_named_and_commented(tmp_path: Path, kind: str, like: str) -> None:
    path = tmp_path / "mine.toml"
    assert call("init", kind, path, "--like", like).code == 0
    assert call("check", path).code == 0
    assert call("check", path).err == ""
    text = path.read_text("utf-8")
    assert like in " ".join(call("init", "--help").out.replace("-\n", "-").split()).replace("- ", "-")
    folder = {"experiment": "experiments", "analysis": "analyses"}[kind]
    head = " ".join(text.split("\n\n")[0].replace("\n# ", " ").split())
    assert all(name in head for name in library_names(folder))
    assert text.count("   # ") > 15  # remarks beside keys
    assert template(kind, "again", like=str(path)).count("Once changed") == 1


def test_an_analysis_begins_with_the_experiment_that_it_is_for(tmp_path: Path) -> None:
    call("init", "experiment", tmp_path / "mine.toml", "--like", "fixed-target")
    done = call(
        "init", "analysis", tmp_path / "s.toml", "--like", "fixed-target-ke2", "--experiment", "mine.toml"
    )
    assert done.code == 0
    assert load_analysis(tmp_path / "s.toml").experiment.card.name == "mine"
    wrong = call("init", "experiment", tmp_path / "x.toml", "--experiment", "mine.toml")
    assert (wrong.code, (tmp_path / "x.toml").exists()) == (2, False)
    assert "--experiment is for an analysis" in wrong.err


def test_descriptions_are_not_written_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        like = ("--like", tmp_path / "a.toml") if name == "b" else ()
        assert call("init", "experiment", tmp_path / f"{name}.toml", *like).code == 0
    first, second = ((tmp_path / f"{name}.toml").read_text("utf-8") for name in "ab")
    assert second.count("Scintillator frames") == first.count("Scintillator frames") == 1


def test_all_columns_that_are_not_there_come_at_once(tmp_path: Path) -> None:
    """With the file, the cut, the detector that is missing, and those that are there."""
    lines = lines_of(
        written(
            tmp_path,
            (),
            ('column = "dt_tag_ns"', 'column = "dt_ktag_ns"'),
            ('column = "dt_rings_ns"', 'column = "dt_lav_ns"'),
            ('column = "chi2"\nmax = 25.0', 'column = "rich_mu_margin"\nmin = 0.0'),
            ('column = "dt_forward_ns"', 'column = "dt_chambers_ns"'),
        )
    )
    said = "\n".join(lines)
    assert len(lines) == 4
    for expected in (
        r"search\.toml: cut 'kaon': no column 'dt_ktag_ns': no detector of .*mine\.toml has the system KTAG",
        r"cut 'rings': no column 'dt_lav_ns': .* system LAV; there are dt_tag_ns, dt_rings_ns, dt_muons_ns",
        r"cut 'track quality': nothing fills the column 'rich_mu_margin': it needs a detector of kind ring_cherenkov",
        r"cut 'forward photons': no column 'dt_chambers_ns': Chambers is a spectrometer, which has no times",
    ):
        assert re.search(expected, said), (expected, said)


def test_faults_of_both_cards_and_between_them_come_together(tmp_path: Path) -> None:
    """An error of one table hides none of another, of the experiment or of the columns."""
    path = written(
        tmp_path,
        (('z = "62 m"', 'z = "55 m"'), ('require = ["TAG"]', 'require = ["TAGG"]')),
        ('signal_masses = ["230 MeV", "270 MeV"', 'signal_masses = ["250 MeV", "270 MeV"'),
        ('selection = "all"', 'selection = "none"'),
        ('column = "dt_tag_ns"', 'column = "dt_ktag_ns"'),
        ('mode = "kmu2"   ', 'mode = "ke2"   '),
    )
    lines = lines_of(path)
    said = "\n".join(lines)
    for expected in (
        r"samples\.signal_masses must cover the scan, 240 to 350 MeV, and go from 250 to 360 MeV: add one at or below",
        r"normalisation\.selection = 'none' is not one of \['all'\]",
        r"mine\.toml: trigger kaon: no system 'TAGG'",
        r"no column 'dt_ktag_ns'",
        r"normalisation\.mode: 'ke2'",
    ):
        assert re.search(expected, said), (expected, said)
    assert len(lines) == 5
    (tmp_path / "mine.toml").write_text(
        (tmp_path / "mine.toml").read_text("utf-8").replace("TAGG", "TAG"), "utf-8"
    )
    assert any(
        re.search(
            r"mine\.toml: detectors\[Calorimeter\]: stands at 55 m and ends tracks before the chamber C4", x
        )
        for x in lines_of(path)
    )


def test_a_veto_without_a_hole_does_not_stand_before_the_chambers(tmp_path: Path) -> None:
    lines = lines_of(written(tmp_path, (('z = ["68 m"]', 'z = ["45.5 m"]'),)))
    assert len(lines) == 1
    assert re.search(r"detectors\[Forward\]: stands at 45\.5 m .*give a veto in front a hole", lines[0])


def test_missing_keys_say_their_allowed_values(tmp_path: Path) -> None:
    text = card_text("fixed-target")
    path = tmp_path / "x.toml"
    text = re.sub(r"(?s)\[primary\].*?\n\n", "", text, count=1)
    text = changed(text, ('confidence = "E"\n\n# Rings', "\n# Rings"))
    text = re.sub(r"inefficiency = .*\n", "", text, count=1)
    path.write_text(text, "utf-8")
    said = "\n".join(lines_of(path))
    for expected in (
        r"primary: Field required: a table \[primary\] with momentum, target, target_length, z_target, z_dump, ref",
        r'detectors\[TAG\]\.confidence: Field required: one of "V", "C", "M", "m", "E" .*E estimate\)',
        r"detectors\[Rings\]\.inefficiency: Field required: a table with energies, values "
        r"\(InefficiencyCurve: Probability to go unnoticed",
    ):
        assert re.search(expected, said), (expected, said)


def test_percentages_where_a_share_is_meant(tmp_path: Path) -> None:
    plain = load_experiment("fixed-target").card
    assert plain.beam.momentum_spread == pytest.approx(300.0, rel=1e-12)
    assert plain.beam.meson_fraction == pytest.approx(0.1, rel=1e-15)
    path = tmp_path / "x.toml"
    text = card_text("fixed-target")
    path.write_text(changed(text, ('momentum_spread = "1 %"', 'momentum_spread = "0.3 GeV"')), "utf-8")
    assert load_experiment(path).card.beam == plain.beam
    for old, new, said in (
        ('view_efficiency = "98 %"', 'view_efficiency = "980 %"', "a number from 0 to 1, .* got '980 %'"),
        ('momentum_spread = "1 %"', 'momentum_spread = "30 %"', "spread below a fifth"),
        ('momentum_spread = "1 %"', "momentum_spread = 0.01", "number with a unit of energy"),
        ('rate = "20 MHz"', 'rate = "20 %"', "unit of rate"),
    ):
        path.write_text(changed(text, (old, new)), "utf-8")
        assert re.search(said, "\n".join(lines_of(path))), said


def test_a_varied_mode_that_nothing_is_made_of_is_refused(tmp_path: Path) -> None:
    table = """
[systematics]
points = 2
signal_decays = 1000
normalisation_decays = 1000
template_decays = 1000
calibration_decays = 1000
[[systematics.varied]]
name = "fraction"
vary = { "modes.ke2.branching_fraction" = 1.01 }
reference = "made up"
confidence = "E"
"""
    path = written(tmp_path, ())
    text = path.read_text("utf-8")
    path.write_text(text + table, "utf-8")
    (line,) = lines_of(path)
    assert re.search(r"systematics\[fraction\]\.vary: modes\.ke2 moves nothing: N_K is counted by kmu2", line)
    path.write_text(text + table.replace("modes.ke2", "modes.kmu2"), "utf-8")
    assert call("check", path).code == 0


@pytest.mark.parametrize(
    ("apparatus", "search", "said"),
    [
        (
            (),
            ('m2_max = "0.01 GeV2"', 'm2_max = "0.01 GeV2"\npublished_curves = ["na62-2015-e"]'),
            r"na62-2015-e is of K\+ -> e N, the channel is K\+ -> mu N: take it out",
        ),
        (
            (),
            ('m2_max = "0.01 GeV2"', 'm2_max = "0.01 GeV2"\npublished_curves = ["na62-2007-mu"]'),
            r"na62-2007-mu was made with the N_K of na62-2007, the experiment is fixed-target",
        ),
        (
            (),
            (
                'm2_max = "0.01 GeV2"',
                'm2_max = "0.01 GeV2"\npublished_curves = ["psi"]\npublished_n_kaon = 5e5',
            ),
            r"no curve 'psi', is it psi-mu\?",
        ),
        (
            (),
            ('m2_max = "0.01 GeV2"', 'm2_max = "0.01 GeV2"\npublished_n_kaon = 3.01e8'),
            r"published_n_kaon = 3\.01e\+08 and exposure\.decays = 500000 are the same number",
        ),
        (
            (),
            ('["kmu2", "pipi0"', '["pipi0"'),
            r"background_modes: kmu2 \(normalisation.mode\) is not among them",
        ),
        (
            (('require = ["Hodoscope"]', 'require = ["Hodoscope"]\nveto = ["Muons"]'),),
            ('step = "10 MeV"', 'step = "10 MeV"'),
            r"trigger charged of fixed-target vetoes the muon counters Muons, the channel is mu",
        ),
    ],
)
def test_what_is_hardly_meant_is_a_warning(tmp_path: Path, apparatus: Any, search: Any, said: str) -> None:
    path = written(tmp_path, apparatus, search)
    done = call("check", path)
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith(f"hnlpeak: warning: {path}: ")
    assert re.search(said, line), line
    assert call("-q", "check", path).err == ""


def test_a_search_that_tells_no_leptons_apart_is_a_warning(tmp_path: Path) -> None:
    text = card_text("fixed-target-ke2")
    text = re.sub(r'(?s)\[\[cuts\]\]\nname = "electron".*?(?=\[\[cuts\]\]\nname = "rings")', "", text)
    (tmp_path / "x.toml").write_text(text, "utf-8")
    (line,) = doubts(load_analysis(tmp_path / "x.toml"))
    assert line == "selection 'all': no cut tells e+ from other particles: cut on dt_muons_ns, e_over_p"


@pytest.mark.parametrize("name", ["na62-2007-kmu2", "na62-2015-ke2", "fixed-target-kmu2", "fixed-target-ke2"])
def test_cards_of_the_library_raise_no_doubt(name: str) -> None:
    assert list(doubts(load_analysis(name))) == []


def test_masses_at_which_the_decay_is_closed(tmp_path: Path) -> None:
    lines = lines_of(
        written(
            tmp_path,
            (),
            ('mass_max = "350 MeV"', 'mass_max = "390 MeV"'),
            ('"340 MeV", "360 MeV"]', '"400 MeV"]'),
        )
    )
    assert re.search(r"samples\.signal_masses: 400 MeV, K\+ -> mu\+ N is closed from 388 MeV on", lines[0])
    assert re.search(r"scan\.mass_max: 390 MeV", lines[1])
    (line,) = lines_of(written(tmp_path, (), ('mass_max = "350 MeV"', 'mass_max = "390 MeV"')))
    assert re.search(r"go from 230 to 360 MeV: end the scan before 388 MeV, where the decay is closed", line)


def test_columns_of_times_are_listed() -> None:
    assert re.search(r"dt_<system>_ns +distance in time", call("list", "columns").out)
    assert "cuts may use dt_tag_ns, dt_rings_ns, e_over_p" in call("check", "fixed-target").out


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (
            ('column = "dt_tag_ns"', 'column = "dt_tag"'),
            r"column 'dt_tag' has no unit: .* '1\.5 ns'; names of columns of time end in _ns: is it dt_tag_ns\?",
        ),
        (
            ('lepton = "mu"', 'lepton = "muon"'),
            r"channel\.lepton: .*'e' or 'mu', got 'muon' \(Channel: The decay",
        ),
        (("order = 1\n", "oder = 1\n"), r"background\.oder: unknown key, is it order\?"),
        (("[scan]", '[scan]\nmass_m = "2 MeV"'), r"scan\.mass_m: unknown key, is it mass_min or mass_max\?"),
    ],
)
def test_what_may_have_been_meant(tmp_path: Path, search: Any, said: str) -> None:
    lines = lines_of(written(tmp_path, (), search))
    assert re.search(said, lines[0]) or re.search(said, lines[-1]), lines


def test_a_ratio_is_cut_on_by_a_percentage(tmp_path: Path) -> None:
    path = written(tmp_path, (), ('column = "e_over_p"\nmax = 0.5', 'column = "e_over_p"\nmax = "50 %"'))
    (cut,) = (cut for cut in load_analysis(path).card.cuts if cut.column == "e_over_p")
    assert cut.bounds()[1] == [0.5]


def test_a_beam_that_no_decay_can_measure(tmp_path: Path) -> None:
    """Of a pion no decay has three tracks: said once, and not that a mode with one would do."""
    pions = (('meson = "K+" ', 'meson = "pi+" '), ('photoelectrons = { "K+"', 'photoelectrons = { "pi+"'))
    said = "\n".join(lines_of(written(tmp_path, pions, ('meson = "K+" ', 'meson = "pi+" '))))
    assert "calibration_mode: no decay mode of pi+ has 3 charged daughters" in said
    assert "calibration_mode: 'pi3'" not in said
