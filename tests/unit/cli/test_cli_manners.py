"""The command among others of its kind: help, version, names that are close, quiet, one line for errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from command import Outcome, call
from hnlpeak.core.card import card_text
from hnlpeak.experiment.analysis import load_analysis
from hnlpeak.experiment.experiment import load_experiment


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_is_no_error(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert (done.code, done.err) == (0, "")
    assert all(name in done.out for name in ("run", "scan", "doctor", "cache", "init", "show"))


@pytest.mark.parametrize("arguments", [(), ("theory",), ("study",), ("shard",)])
def test_no_command_is_described_by_half_a_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    listed = call(*arguments, "-h").out.partition("Commands:")[2]
    assert listed
    assert all(line.endswith((".", "?")) and "..." not in line for line in listed.split("\n") if line.strip())


@pytest.mark.parametrize("group", ["theory", "study", "shard"])
def test_a_group_alone_shows_its_help(group: str) -> None:
    alone = call(group)
    assert (alone.code, alone.err) == (0, "")
    assert alone.out == call(group, "-h").out
    assert "Commands:" in alone.out


def test_version() -> None:
    assert call("-V").out == call("--version").out
    assert re.fullmatch(r"hnlpeak \d+\.\d+\.\d+\n", call("-V").out)


def test_what_to_cite() -> None:
    """The entries hold what CITATION.cff has, and each begins and ends."""
    done = call("--cite")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("{") == done.out.count("}")
    assert call("-V").out.split()[1] in done.out
    entries = re.findall(r"^@\w+\{(\S+),$", done.out, re.M)
    assert len(entries) == len(set(entries)) > 8
    cff = (Path(__file__).resolve().parents[3] / "CITATION.cff").read_text("utf-8")
    for number in re.findall(r'"arXiv:([\d.]+)"', cff):
        assert f"eprint = {{{number}}}" in done.out


def test_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "hnlpeak", "-V"], capture_output=True, text=True, check=True)
    assert done.stdout == call("-V").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scn",), "No such command 'scn'. Did you mean 'scan'"),
        (("interval", "--obsrved", 3), "--observed"),
        (("run",), "Missing argument 'ANALYSIS'"),
        (("show", "na62-2099"), "no card 'na62-2099'"),
        (("run", "na62-2015"), "is one of the library's experiments, needed is one of its analyses"),
        (("check", "na62-2015", "--try"), "is an experiment"),
        (("init", "trigger", "x.toml"), "'trigger', allowed are experiment, analysis"),
        (("init", "analysis", "a b.toml"), "letters, digits"),
        (("init", "analysis", "x.txt"), "ends in .toml"),
        (("init", "analysis", "x.toml", "--like", "na62-2015"), "needed is one of its analyses"),
        (
            ("simulate", "na62-2015-ke2", "--mode", "ke2", "-n", "1e3.5", "-o", "x.root"),
            "such as 30000 or 3e4",
        ),
        (("simulate", "na62-2015-ke2", "--mode", "ke2", "-n", "2.5", "-o", "x.root"), "not a whole number"),
        (("run", "na62-2015-ke2", "-o", "x", "--kaons", "1_000"), "'--kaons': got '1_000'"),
        (
            ("scan", "x.csv", "--analysis", "na62-2015-ke2", "--n-kaon-error", "1_0"),
            "'--n-kaon-error': got '1_0'",
        ),
        (("explain", "x", "30_0"), "got '30_0', expected a number"),
        (("cache", "--all"), "--all goes with --prune"),
        (("list", "x" * 5000), "allowed are experiments"),
        (("list", "modez"), "got 'modez', is it modes?"),
        (("check", "na62-2015-ke"), "is it na62-2015-ke2?"),
    ],
)
def test_usage_errors_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[object, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"hnlpeak: error: [^\n]{1,300}\n", done.err), done.err
    if len(str(arguments)) < 1000:
        assert said in done.err
    assert list(tmp_path.iterdir()) == []


def test_cards_are_shown_as_they_are(tmp_path: Path) -> None:
    for name in ("na62-2015", "na62-2007-kmu2"):
        assert call("show", name).out == card_text(name)
    (tmp_path / "x.toml").write_text("# mine\n", "utf-8")
    assert call("show", tmp_path / "x.toml").out == "# mine\n"


@pytest.mark.parametrize("like", ["na62-2015-ke2", "na62-2007-kmu2"])
def test_an_analysis_begun_is_one_that_runs(tmp_path: Path, like: str) -> None:
    path = tmp_path / "mine.toml"
    done = call("init", "analysis", path, "--like", like)
    assert (done.code, done.out) == (0, "")
    made, original = load_analysis(path), load_analysis(like)
    assert made.card.name == "mine"
    assert made.card.model_copy(update={"name": like}) == original.card
    text = path.read_text("utf-8")
    assert "# Effective number of meson decays in the fiducial volume" in text
    assert "MeV, GeV" in text
    assert "E estimate" in text
    assert call("check", path).code == 0
    assert "is there already" in call("init", "analysis", path).err


def test_an_experiment_begun_is_one_that_checks(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert call("-q", "init", "experiment", path) == Outcome(0, "", "")
    assert (
        load_experiment(path).card.model_copy(update={"name": "na62-2015"})
        == load_experiment("na62-2015").card
    )
    comments = [line for line in path.read_text("utf-8").splitlines() if line.startswith("# ")]
    assert len(comments) > 30
    assert max(map(len, comments)) <= 120


def test_check_lists_every_fault_with_its_key_and_meaning(tmp_path: Path) -> None:
    text = card_text("na62-2015-ke2")
    for old, new in (
        ('mass_min = "170 MeV"', 'mass_min = "170 mm"'),
        ('step = "1 MeV"\n', 'stepp = "1 MeV"\n'),
        ("order = 2\n", "order = 17\n"),
        ("cl = 0.90", 'cl = "90 %"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    text, found = re.subn(r'(mode = "ke3"\ndecays = [\d_]+\nforced_loss = )[\d.]+', r"\g<1>1.3", text)
    assert found == 1
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    done = call("check", path)
    lines = done.err.splitlines()
    assert done.code == 2
    assert len(lines) == 6
    for said in (
        r"scan\.mass_min: expected a number with a unit of energy .* got '170 mm'",
        r'scan\.step: Field required: a number with a unit of energy, such as "1 MeV" .*\(Scan: Mass hypotheses',
        r"scan\.stepp: unknown key, is it step\?",
        r"background.*order: .* less than or equal to 5, got '17'",
        r"statistics\.cl: .*got '90 %'",
        r"samples\.templates\[ke3\]\.forced_loss: .*got 1.3",
    ):
        assert any(re.search(said, line) for line in lines), (said, lines)
    once = call("run", path)
    assert len(once.err.splitlines()) == 1
    assert "(and 5 more: hnlpeak check lists them)" in once.err


def test_everything_is_listed() -> None:
    done = call("list")
    assert done.code == 0
    for word in ("experiments:", "  na62-2015 ", "methods:", "  rolke-lopez", "published:"):
        assert word in done.out


def test_doctor_and_cache() -> None:
    done = call("doctor")
    assert done.code == 0
    for word in ("numpy ", "numba ", "cores: ", "compiled kernels: "):
        assert word in done.out
    # the place alone: others may be compiling into it between the two calls
    assert call("cache").out.partition(",")[0] in done.out
    assert "pip install 'hnlpeak[literature]'" in done.out or "HNLimits " in done.out


def test_quiet_says_nothing_but_errors(tmp_path: Path) -> None:
    assert call("-q", "init", "analysis", tmp_path / "x.toml").err == ""
    assert call("-v", "list", "modes").err.startswith("finished in ")
    assert call("-q", "list", "nothing").err.startswith("hnlpeak: error: ")


def test_names_that_are_no_text_are_refused_before_any_work() -> None:
    done = call("run", "na62-2015-ke2", "-o", os.fsdecode(b"caf\xe9"))
    assert done.code == 2
    assert re.fullmatch(
        r"hnlpeak: error: 'caf.*': not UTF-8, give files and folders names that are text\n", done.err
    )


def test_control_characters_do_not_reach_the_terminal() -> None:
    done = call("run", "a\x1b[31m\x07\nb")
    assert done.code == 2
    assert re.fullmatch(r"hnlpeak: error: [^\x00-\x1f]+\n", done.err)


def test_names_are_completed() -> None:
    from hnlpeak.cli.options import complete_cards, complete_methods

    assert complete_cards("na62-2015") == ["na62-2015-ke2", "na62-2015"]
    assert "rolke-lopez" in complete_methods("ro")
    assert complete_methods("xyz") == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_locale_will_do(encoding: str) -> None:
    """Text beyond the locale is written as escapes, not as a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "hnlpeak", "list", "analyses"],
        env={**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C", "NO_COLOR": "1"},
        capture_output=True,
        check=True,
    )
    assert b"na62-2015-ke2" in done.stdout
    assert done.stderr == b""


def test_files_of_the_current_folder_are_no_modules(tmp_path: Path) -> None:
    for name in ("numpy", "typer", "uhi"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('code of the current folder ran')\n")
    done = subprocess.run(
        [sys.executable, "-m", "hnlpeak", "list", "methods"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "rolke-lopez" in done.stdout


def test_modules_of_one_system_alone_are_not_needed_to_begin() -> None:
    """As on Windows: no fcntl, no pwd, no getuid."""
    code = (
        "import sys, os; sys.modules['fcntl'] = sys.modules['pwd'] = None; del os.getuid\n"
        "import hnlpeak.cli.app as app, hnlpeak.searches.folder\n"
        "sys.argv = ['hnlpeak', 'doctor']\n"
        "app.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "compiled kernels: " in done.stdout
